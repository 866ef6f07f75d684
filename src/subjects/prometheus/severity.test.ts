import assert from 'node:assert/strict'
import { test } from 'node:test'
import { severityOf } from './severity.ts'

const words = {
  critical: [
    'critical',
    'CRITICAL',
    'crit',
    'page',
    'error',
    'fatal',
    'emergency',
    'disaster',
    'high',
    'P1',
    'p0',
    'sev-1',
    'SEV0',
  ],
  warning: [
    'warning',
    'warn',
    'medium',
    'ticket',
    'average',
    'minor',
    'p2',
    'p3',
    'sev2',
    'criticality',
    'noncritical',
    '',
    ' ',
  ],
  info: ['info', 'informational', 'none', 'notice', 'low', 'debug', 'p5', 'sev-4'],
} as const

for (const [severity, all] of Object.entries(words))
  for (const word of all)
    test(`'${word}' is ${severity}`, () => {
      assert.equal(severityOf({ severity: word }), severity)
      assert.equal(severityOf({ priority: word }), severity)
    })

test('without either label it is a warning; severity goes before priority', () => {
  assert.equal(severityOf({}), 'warning')
  assert.equal(severityOf({ severity: 'info', priority: 'critical' }), 'info')
})
