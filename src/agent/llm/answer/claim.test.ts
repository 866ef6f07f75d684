import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processorMs } from '../../../../test/standins/processor.ts'
import { noClaim, parseClaim } from './claim.ts'

const json = '{"status": "fixed", "rootCause": "disk full", "component": "n1", "actions": ["freed it"]}'
const claim = { status: 'fixed', rootCause: 'disk full', component: 'n1', actions: ['freed it'] }

test('a claim is read however it is wrapped', () => {
  const wrapped = [
    json,
    `Done.\n\`\`\`json\n${json}\n\`\`\``,
    `Done.\n\`\`\`\n${json}\n\`\`\`\nThat is all.`,
    `I saw {"a": {"b": 1}} first.\n${json}`,
    `${json}\n`,
  ]
  for (const words of wrapped) assert.deepEqual(parseClaim(words), claim, words)
})

test('the last one counts', () => {
  const earlier = json.replace('fixed', 'not_fixed')
  assert.equal(
    parseClaim(`\`\`\`json\n${earlier}\n\`\`\`\nthen\n\`\`\`json\n${json}\n\`\`\``)?.status,
    'fixed',
  )
})

test('small liberties with names and forms', () => {
  assert.deepEqual(
    parseClaim('{"status": "Not Fixed", "root_cause": "x", "component": null, "actions": "one"}'),
    {
      status: 'not_fixed',
      rootCause: 'x',
      actions: ['one'],
    },
  )
  assert.deepEqual(parseClaim('{"status": "NOT-FIXED", "rootCause": "x"}')?.actions, [])
})

test('what is no claim is none', () => {
  const none = [
    '',
    'fixed',
    '{',
    '}',
    '{}',
    '{"status": "fixed"}',
    '{"status": "maybe", "rootCause": "x"}',
    '[1]',
    '{"status": "fixed", "rootCause": ""}',
  ]
  for (const words of none) assert.equal(parseClaim(words), null, words)
})

test('hostile text takes no time', () => {
  const ms = processorMs(() => {
    assert.equal(parseClaim(`${'{'.repeat(200_000)}}`), null)
    assert.equal(parseClaim('```json\n'.repeat(50_000)), null)
  })
  assert.ok(ms < 3_000, `${ms}`)
})

test('without a claim the words become the reason', () => {
  assert.deepEqual(noClaim(' I am lost '), { status: 'not_fixed', rootCause: 'I am lost', actions: [] })
  assert.equal(noClaim('').rootCause, 'the model gave no answer')
})
