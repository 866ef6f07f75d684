import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { oracleMatrix } from './conformance/oracle.ts'
import { cheats, passingPause } from './standins/cheats.ts'
import { harms } from './standins/harms.ts'

oracleMatrix('the oracle and those who want to look good', [...cheats, ...harms], {
  passing_pause: passingPause,
})

test('the page on oracles tells of every cheat what it gets, and why', () => {
  const page = readFileSync(new URL('../docs/oracles.md', import.meta.url), 'utf8')
  const rows = [...cheats, ...harms].map(
    ({ who, chaos, expect, why }) => `| ${who} | \`${chaos}\` | \`${expect.join('`, `')}\` | ${why} |`,
  )
  for (const row of rows) assert.ok(page.includes(row), row)
  const told = page.split('\n').filter((line) => /^\| .* \| `\w+` \| `\w+`/.test(line))
  assert.equal(told.length, rows.length, 'and of no other')
})
