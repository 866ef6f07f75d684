import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { BadInput } from '../../../core/errors.ts'
import { readRules } from './rule-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'rules-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
function file(text: string, name = `${files++}.yml`): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const groups = (rules: string, name = 'g') => `groups:\n  - name: ${name}\n    rules:\n${rules}`

describe('what is read', () => {
  test('a whole rule', () => {
    const path = file(
      groups(
        '      - alert: A\n        expr: |\n          up\n          == 0\n        for: 5m\n        keep_firing_for: 1m\n        labels: {severity: page, number: 1}\n        annotations: {summary: "{{ $value }}"}\n      - {record: r, expr: sum(up)}',
      ),
    )
    assert.deepEqual(readRules([path]), [
      {
        name: 'A',
        expr: 'up\n== 0',
        forMs: 300_000,
        keepFiringMs: 60_000,
        place: `${path}: g`,
        labels: { severity: 'page', number: '1' },
        annotations: { summary: '{{ $value }}' },
      },
    ])
  })

  test('a PrometheusRule of Kubernetes, and numbers for an expression and a duration', () => {
    const path = file(
      'apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: x}\nspec:\n  groups:\n    - name: g\n      rules: [{alert: A, expr: 1, for: 0}]',
    )
    const [rule] = readRules([path])
    assert.deepEqual([rule?.expr, rule?.forMs], ['1', 0])
  })

  for (const text of [
    'groups: []',
    'groups:',
    groups('', 'g'),
    'groups: [{name: g}]',
    'groups: [{name: g, rules: []}]',
  ])
    test(`no rules is no fault: ${JSON.stringify(text)}`, () => {
      assert.deepEqual(readRules([file(text)]), [])
    })

  test('a glob, in the order of names, and each file once', () => {
    for (const name of ['b.rules', 'a.rules']) file(groups(`      - {alert: ${name[0]}, expr: up}`), name)
    const pattern = join(folder, '*.rules')
    assert.deepEqual(
      readRules([pattern, join(folder, 'a.rules')]).map(({ name }) => name),
      ['a', 'b'],
    )
  })
})

const faults: [string, string, RegExp][] = [
  ['no YAML', 'groups: [', /:1:10 /],
  ['another kind', 'kind: Deployment\nspec: {replicas: 1}', /spec: groups|no rules/],
  ['no groups', 'rules: []', /no rules: allowed are 'groups:'/],
  ['a list', '- a', /expected object/],
  [
    'neither alert nor record',
    groups('      - {expr: up}'),
    /:4:9 groups\.0\.rules\.0: .*either 'alert' or 'record'/,
  ],
  ['both', groups('      - {alert: A, record: r, expr: up}'), /either 'alert' or 'record'/],
  ['no expression', groups('      - {alert: A}'), /:4:9 groups\.0\.rules\.0\.expr: /],
  [
    'a duration',
    groups('      - {alert: A, expr: up, for: 5 minutes}'),
    /:4:\d+ .*for: '5 minutes' is no duration; allowed: 30s/,
  ],
  [
    'keep firing',
    groups('      - {alert: A, expr: up, keep_firing_for: x}'),
    /keep_firing_for: 'x' is no duration/,
  ],
  [
    'no PromQL',
    groups('      - {alert: A, expr: "sum("}'),
    /:4:20 groups\.0\.rules\.0\.expr: rule 'A' of group 'g' is no PromQL.*sum\(/,
  ],
  ['a label that is a list', groups('      - {alert: A, expr: up, labels: [a]}'), /labels: /],
  ['twice the same key', 'groups: []\ngroups: []', /:2:1 .*unique/],
  ['two documents', 'groups: []\n---\ngroups: []', /second document/],
  ['a tag', 'groups: !!js/function "x"', /tag/i],
]
describe('faults name the place', () => {
  for (const [what, text, expected] of faults)
    test(what, () => {
      const path = file(text)
      assert.throws(
        () => readRules([path]),
        (error) => {
          assert.ok(error instanceof BadInput, String(error))
          assert.ok(error.message.startsWith(`${path}:`), error.message)
          assert.match(error.message, expected)
          return true
        },
      )
    })

  test('a fault in a PrometheusRule stands below spec', () => {
    const path = file('spec:\n  groups:\n    - {name: g, rules: [{alert: A, expr: "1 +"}]}')
    assert.throws(() => readRules([path]), /:3:36 spec\.groups\.0\.rules\.0\.expr: rule 'A' of group 'g'/)
  })

  for (const [pattern, expected] of [
    [join(folder, 'none*.yml'), /--rules .*: no file is like that/],
    [join(folder, 'none.yml'), /none\.yml: cannot be read/],
    [folder, /cannot be read/],
  ] as const)
    test(`no file: ${expected}`, () => {
      assert.throws(
        () => readRules([pattern]),
        (error) => error instanceof BadInput && expected.test(error.message),
      )
    })
})
