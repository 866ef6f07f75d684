import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BadInput } from '../../core/errors.ts'
import { matchersOf } from './matchers.ts'

const labels = { severity: 'critical', team: 'web', alertname: 'Down', path: 'a"b\\c', lines: 'a\nb' }

const matching: [string, boolean][] = [
  ['severity="critical"', true],
  ['severity="page"', false],
  ['severity=~"critical|warning"', true],
  // The whole value has to match.
  ['severity=~"crit"', false],
  ['severity=~"crit.*"', true],
  ['severity!="critical"', false],
  ['severity!~"page|info"', true],
  ['{severity="critical",team="web"}', true],
  ['{ severity = "critical" , team != "web" }', false],
  ['severity="critical",', true],
  // A label that is not there is empty.
  ['cluster=""', true],
  ['cluster!=""', false],
  ['cluster=~".*"', true],
  ['cluster=~".+"', false],
  ['constructor=""', true],
  ['alertname="Down"', true],
  ['path="a\\"b\\\\c"', true],
  ['lines=~"a.b"', true],
  ['lines="a\\nb"', true],
]
for (const [text, expected] of matching)
  test(`${text} ${expected ? 'holds' : 'does not hold'}`, () => {
    assert.equal(matchersOf(text)(labels), expected)
  })

const wrong = [
  '',
  '{}',
  'severity',
  'severity=critical',
  "severity='critical'",
  'severity="critical',
  'severity=="critical"',
  'severity="critical" team="web"',
  'severity=~"("',
  '1a="b"',
  '{severity="critical"',
  'a="b",,c="d"',
  'severity>"critical"',
]
for (const text of wrong)
  test(`'${text}' is refused, with what is allowed`, () => {
    assert.throws(
      () => matchersOf(text),
      (error) =>
        error instanceof BadInput && /^--match: '/.test(error.message) && error.message.includes(text),
    )
  })
