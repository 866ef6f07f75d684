import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { APICallError } from 'ai'
import type { Clock } from '../../../core/clock.ts'
import { RefusedWithin } from '../answer/said.ts'
import type { Adjustment } from './adjust.ts'
import { type Refusal, refusalIn } from './refusal.ts'

/** What servers say, a line each: `who` where that is not plain from the words, what it means, and what is read off it. */
interface Line {
  who?: string
  status: number
  body: unknown
  means: Refusal['kind']
  tokens?: number | null
  adjustment?: Adjustment
  why?: string
}

const lines = readFileSync(new URL('../../../../test/standins/refusals.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line)

const clock: Clock = { now: () => 0, monotonic: () => 0, sleep: async () => undefined }
const sent = {
  model: 'm',
  messages: [],
  tools: [],
  tool_choice: 'auto',
  max_tokens: 16_000,
  temperature: 0,
  stream: true,
  stream_options: {},
}

const answered = (statusCode: number, body: unknown) =>
  new Error('the answer broke off', {
    cause: new APICallError({
      message: 'Bad Request',
      url: 'http://x/v1',
      requestBodyValues: sent,
      statusCode,
      responseBody: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  })

const meaning = (error: unknown, ...known: Adjustment[]): Refusal => refusalIn(error, clock, new Set(known))

suite('what a refusal means', () => {
  for (const { who, status, body, means, tokens, adjustment, why } of lines)
    test(`${means}: ${who ?? `${status} ${JSON.stringify(body).slice(0, 100)}`}`, () => {
      const refusal = meaning(answered(status, body))
      assert.equal(refusal.kind, means, JSON.stringify(refusal))
      if (tokens !== undefined) assert.equal('tokens' in refusal && refusal.tokens, tokens)
      if (adjustment !== undefined) assert.equal('adjustment' in refusal && refusal.adjustment, adjustment)
      if (why !== undefined) assert.match('why' in refusal ? refusal.why : '', new RegExp(why))
      // The same as an event of a stream that began with 200.
      if (means === 'window' && typeof body === 'object' && status !== 413)
        assert.equal(meaning(new RefusedWithin(body)).kind, 'window')
    })

  test('it read something', () => assert.ok(lines.length > 90))
})

test('what was adjusted once is not adjusted again', () => {
  for (const { status, body, adjustment } of lines) {
    if (!adjustment) continue
    assert.notDeepEqual(meaning(answered(status, body), adjustment), { kind: 'adjust', adjustment })
  }
})

test('no time heals a certificate; a connection refused passes', () => {
  const tls = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  assert.match(JSON.stringify(meaning(new Error('x', { cause: tls }))), /never.*NODE_EXTRA_CA_CERTS/)
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  assert.equal(meaning(new Error('x', { cause: away })).kind, 'passing')
})
