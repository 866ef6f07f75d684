import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type LedgeredTable, ledgeredTables, termsOf } from './ledger.ts'

const tables = ledgeredTables.join('|')
const store = join(import.meta.dirname, '../..')
/** A write by Kysely, or by SQL of its own. */
const writes = new RegExp(
  String.raw`\b(?:insertInto|updateTable|deleteFrom|replaceInto|mergeInto)\(\s*'(${tables})'|\b(?:insert(?: or \w+)? into|replace into|update|delete from)\s+"?(${tables})\b`,
  'g',
)

/** Writes of a source that no line of the ledger follows: `FUNCTION: TABLE`. A function at the top level is looked at as a whole. */
function unentered(source: string): string[] {
  const functions = source.split(/^(?=(?:export )?(?:async )?(?:function|const|class) )/m)
  return functions.flatMap((code) =>
    [...code.matchAll(writes)].flatMap(([, built, raw], i, all) => {
      const table = (built ?? raw) as LedgeredTable
      const statement = code.slice(all[i]?.index, all[i + 1]?.index)
      if (entersOf(code, table) || setsPassingOnly(statement, table)) return []
      return [`${/(?:function|const|class) (\w+)/.exec(code)?.[1]}: ${table}`]
    }),
  )
}

/** `record` adds an event to a ticket, and enters both. */
const entersOf = (code: string, table: LedgeredTable): boolean =>
  new RegExp(`\\benter\\(\\w+, '${table}'`).test(code) ||
  (table === 'tickets' && /\brecord\(\w+, /.test(code))

/** Nothing but columns that may change without a line. */
function setsPassingOnly(statement: string, table: LedgeredTable): boolean {
  const set = /\.set\((?:\(\w+\) => \()?(\{[\s\S]*?\})\)/.exec(statement)?.[1]
  const columns = [...(set ?? '').matchAll(/(?<=[{,]\s*)(\w+)(?=\s*[:,}])/g)].map(([, name = '']) => name)
  const passing = termsOf(table).passing?.columns ?? []
  return columns.length > 0 && columns.every((column) => passing.includes(column))
}

describe('whoever writes a table under the ledger enters it there', () => {
  const sources = globSync('**/*.ts', { cwd: store }).filter(
    (path) => !path.endsWith('.test.ts') && !/schema|migrations/.test(path),
  )
  const text = (path: string) => readFileSync(join(store, path), 'utf8')

  test('in every function of the store', () => {
    assert.deepEqual(
      sources.flatMap((path) => unentered(text(path)).map((found) => `${path} ${found}`)),
      [],
    )
    const seen = sources.flatMap((path) => [...text(path).matchAll(writes)].map(([, a, b]) => a ?? b))
    assert.deepEqual(
      [...new Set(seen)].sort(),
      [...ledgeredTables].sort(),
      'a check of nothing is always green',
    )
  })

  const cases: [string, string, string[]][] = [
    [
      'entered',
      "function f() { tx.updateTable('tickets').set({ state }).execute(); enter(tx, 'tickets', 1) }",
      [],
    ],
    ['recorded', "function f() { tx.updateTable('tickets').set({ state }); record(tx, 1) }", []],
    ['not entered', "function f() { tx.updateTable('tickets').set({ state }) }", ['f: tickets']],
    [
      'entered elsewhere',
      "function f() { tx.deleteFrom('monitors') }\nfunction g() { enter(tx, 'monitors', 1) }",
      ['f: monitors'],
    ],
    [
      'another table entered',
      "function f() { tx.insertInto('sessions'); enter(tx, 'tickets', 1) }",
      ['f: sessions'],
    ],
    ['SQL of its own', 'const f = () => sql`update sessions set state = 1`', ['f: sessions']],
    ['a passing column', "function f() { tx.updateTable('sessions').set({ lease_until: now }) }", []],
    [
      'a passing column and another',
      "function f() { tx.updateTable('sessions').set({ lease_until: now, state }) }",
      ['f: sessions'],
    ],
    ['read', "function f() { tx.selectFrom('tickets') }", []],
  ]
  for (const [what, source, found] of cases) test(what, () => assert.deepEqual(unentered(source), found))
})
