import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ticket } from '../../test/standins/work.ts'
import { defaultLimits } from '../core/work/limits.ts'
import { openingMessages, systemPrompt } from './prompt.ts'

test('the system prompt: the operator, a variant, the subject', () => {
  const prompt = systemPrompt('Three members.', { add: 'Be brief.' })
  assert.match(prompt, /^You are an autonomous site-reliability engineer/)
  assert.match(prompt, /Be brief\.\n\nAbout this system\nThree members\.$/)
  assert.equal(systemPrompt('S', { replace: 'R' }), 'R\n\nAbout this system\nS')
})

test('it stays the same from session to session, so that it can be cached', () => {
  assert.equal(systemPrompt('S'), systemPrompt('S'))
  assert.doesNotMatch(systemPrompt('S'), /output-[A-Za-z0-9]{4}/)
})

test('the opening tells what concerns the repair and nothing of the bookkeeping', () => {
  const work = {
    tickets: [{ ...ticket, message: 'a "quoted"\nmessage' }],
    history: ['x'.repeat(9000)],
    limits: defaultLimits,
  }
  const [opening = '', ...shorter] = openingMessages(work, 'output-abc')
  assert.match(opening, /"message": "a \\"quoted\\"\\nmessage"/)
  assert.match(opening, /<output-abc>/)
  assert.match(opening, /40 turns and 900 s/)
  assert.doesNotMatch(opening, /"(?:variant|attempts|verifyUntil)"/)
  assert.ok(opening.length < 5000)
  for (const short of shorter) assert.match(short, /etcd-2[\s\S]*<output-abc>/)
  assert.ok((shorter.at(-1)?.length ?? 5000) < 400)
})

test('earlier attempts are bounded: the newest are told, and how many are not', () => {
  const history = Array.from({ length: 400 }, (_, i) => `attempt ${i} ${'x'.repeat(1_000)}`)
  const [opening = ''] = openingMessages({ tickets: [ticket], history, limits: defaultLimits }, 'output-abc')
  assert.match(opening, /attempt 399/)
  assert.match(opening, /\(395 before these are left out\)/)
  assert.ok(opening.length < 8_000)
})
