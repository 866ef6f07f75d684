import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { rules } from '../rules.ts'
import { argumentsOf } from './arguments.ts'
import { ruleFor } from './match.ts'

const blocks = rules.trim().split('\n\n')
const names = blocks.flatMap((block) => block.split(/\n {2}/)[0]?.split(/\s+/) ?? [])

test('every program is in the table once', () => {
  assert.ok(names.length > 200, `${names.length} programs`)
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  )
})

test('every program has an answer to any arguments', () => {
  for (const name of names)
    for (const args of [[], ['a'], ['a', 'b', 'c'], ['-a', '--b=c'], ['\0'], ['-\0', '/tmp/a']])
      assert.ok(ruleFor(name, { args: argumentsOf(args), directory: null }), name)
})

test('what is not in the table has none', () => {
  for (const name of ['frobnicate', 'constructor', '__proto__', ''])
    assert.equal(ruleFor(name, { args: argumentsOf([]), directory: null }), null)
})

suite('arguments', () => {
  const cases: [string, string, Record<string, string>, string[]][] = [
    ['-n 5 a', '-n', { '-n': '5' }, ['a']],
    ['-n5 a', '-n', { '-n': '5' }, ['a']],
    ['-xn 5 a', '-n', { '-n': '5', '-x': '' }, ['a']],
    ['-xn5 a', '-n', { '-n': '5', '-x': '' }, ['a']],
    ['--name v a', '--name', { '--name': 'v' }, ['a']],
    ['--name=v a', '', { '--name': 'v' }, ['a']],
    ['-psecret a', '-p?', { '-p': 'secret' }, ['a']],
    ['-p a', '-p?', { '-p': '' }, ['a']],
    ['-brief a', '-n -netns -f', { '-brief': '' }, ['a']],
    ['a -- -b', '', {}, ['a', '-b']],
    ['- a', '', {}, ['-', 'a']],
    ['-KILL 1', '-s --signal -n', { '-KILL': '' }, ['1']],
    ['-n', '-n', { '-n': '' }, []],
  ]
  for (const [line, valued, options, operands] of cases)
    test(`${line} with ${valued || 'none'}`, () => {
      const found = argumentsOf(line.split(' '), valued)
      for (const [option, value] of Object.entries(options))
        assert.equal(found.options.get(option), value, option)
      assert.deepEqual(found.operands, operands)
      assert.deepEqual(
        found.positions.map((at) => line.split(' ')[at]),
        operands,
      )
    })
})
