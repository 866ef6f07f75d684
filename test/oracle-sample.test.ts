import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { covering, leftToAll, playsAll } from './standins/all.ts'
import type { Cell } from './standins/matrix.ts'
import { allCells, sample, shownBy } from './standins/sample.ts'

const showings = (cells: Iterable<Cell>) => new Set([...cells].flatMap(shownBy))

test('the sample shows each behaviour and each rule on each subject that has it, and each chaos type', (t) => {
  assert.deepEqual(showings(sample), showings(allCells))
  const ended = (cells: Iterable<Cell>) =>
    new Set([...cells].flatMap(({ behaviour, chaos }) => (behaviour === 'repairs' ? [chaos] : [])))
  assert.deepEqual(
    [...ended(allCells)].filter((chaos) => !ended(sample).has(chaos)),
    [],
    'types nobody repairs',
  )
  for (const kind of ['does nothing', 'repairs', 'claims', 'destroys'])
    for (const subject of ['etcd', 'tikv'])
      assert.ok(showings(sample).has(`${kind} on ${subject}`), `${kind} on ${subject}`)
  assert.ok(sample.size < allCells.length * 0.6, `${sample.size} of ${allCells.length} is no sample`)
  if (!playsAll) t.diagnostic(leftToAll(allCells.length - sample.size))
})

test('no two cells have one name', () => {
  const names = allCells.map(({ subject = 'etcd', chaos, who }) => `${subject} ${chaos} ${who}`)
  assert.equal(new Set(names).size, names.length)
})

test('the page on tests lists the sample, and what each cell is there for', () => {
  const page = readFileSync(new URL('../docs/tests.md', import.meta.url), 'utf8')
  const rows = [...sample].map(
    ({ subject = 'etcd', chaos, who, behaviour, rule }) =>
      `| ${subject} | \`${chaos}\` | ${who} | ${behaviour} | ${rule} |`,
  )
  const told = page.split('\n').filter((line) => /^\| (etcd|tikv) \|/.test(line))
  assert.deepEqual(told.toSorted(), rows.toSorted())
})

test('a covering choice leaves nothing out, takes what alone shows something, then the first', () => {
  const cases: [string[], string[]][] = [
    [[], []],
    [['a'], ['a']],
    [['a', 'a'], ['a']],
    [
      ['a', 'ab', 'b'],
      ['a', 'ab'],
    ],
    [['a', 'abc', 'b'], ['abc']],
    [['', 'a'], ['a']],
    [
      ['ab', 'bc', 'cd', 'da'],
      ['ab', 'bc', 'cd'],
    ],
  ]
  for (const [all, chosen] of cases) {
    const found = covering(
      all.map((name) => ({ name })),
      ({ name }) => [...name],
    )
    assert.deepEqual([...found].map(({ name }) => name).toSorted(), chosen.toSorted(), all.join(' '))
  }
})
