import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../../core/clock.ts'
import { rngFrom } from '../../../core/rng.ts'
import {
  ModelUnavailable,
  patient,
  type RetryContext,
  retryAfterMs,
  waitInWords,
  withRetries,
} from './retry.ts'

function context(own: Partial<RetryContext> = {}): RetryContext & { waits: number[] } {
  const waits: number[] = []
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      waits.push(ms)
    },
  }
  const diagnose = () => ({ kind: 'passing', waitMs: null }) as const
  return {
    policy: patient,
    clock,
    rng: rngFrom(1),
    signal: new AbortController().signal,
    diagnose,
    ...own,
    waits,
  }
}

const failing = (times: number) => async () => {
  if (times-- > 0) throw new Error('down')
  return 'up'
}

test('waits grow, with jitter, up to the limit', async () => {
  const it = context()
  assert.equal(await withRetries(failing(11), it), 'up')
  it.waits.forEach((wait, at) => {
    const full = Math.min(patient.maxMs, patient.baseMs * 2 ** at)
    assert.ok(wait >= full / 2 && wait <= full, `${wait} of ${full}`)
  })
  assert.ok(it.waits.reduce((sum, wait) => sum + wait, 0) > 3 * 60_000, 'minutes are ridden out')
})

test('waits as long as the server asks, but not less than the backoff', async () => {
  const it = context({ diagnose: () => ({ kind: 'passing', waitMs: 20_000 }) })
  await withRetries(failing(8), it)
  assert.equal(it.waits[0], 20_000)
  assert.ok((it.waits[7] ?? 0) > 20_000)
})

test('attempts are limited, and a lasting error is not retried', async () => {
  await assert.rejects(withRetries(failing(99), context()), ModelUnavailable)
  const it = context({ diagnose: () => ({ kind: 'lasting' }) })
  await assert.rejects(withRetries(failing(99), it), /down/)
  assert.deepEqual(it.waits, [])
})

test('patience limits all waits together, and a server that asks for more is given up', async () => {
  const policy = { ...patient, patienceMs: 10_000 }
  const it = context({ policy })
  await assert.rejects(withRetries(failing(99), it), ModelUnavailable)
  const waited = it.waits.reduce((sum, wait) => sum + wait, 0)
  assert.ok(it.waits.length > 2 && waited <= 10_000, `${it.waits}`)
  const anHour = context({ policy, diagnose: () => ({ kind: 'passing', waitMs: 3_600_000 }) })
  await assert.rejects(withRetries(failing(99), anHour), /could not be reached in 1 attempts/)
  assert.deepEqual(anHour.waits, [])
})

test('the callback of a retry is awaited, and can end it', async () => {
  const told: number[] = []
  const onRetry = async ({ attempt }: { attempt: number }) => {
    told.push(attempt)
    if (attempt === 2) throw new Error('cannot be recorded')
  }
  await assert.rejects(withRetries(failing(99), context({ onRetry })), /cannot be recorded/)
  assert.deepEqual(told, [1, 2])
})

test('an abort is thrown as its reason', async () => {
  const controller = new AbortController()
  const reason = new Error('stop')
  const it = context({ signal: controller.signal })
  const attempt = async () => {
    controller.abort(reason)
    throw new Error('down')
  }
  await assert.rejects(withRetries(attempt, it), (error) => error === reason)
})

test('Retry-After in both forms, within reason', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  assert.equal(retryAfterMs({ 'retry-after': '2' }, now), 2000)
  assert.equal(retryAfterMs({ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }, now), 5000)
  assert.equal(retryAfterMs({ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, now), 0)
  assert.equal(retryAfterMs({ 'retry-after-ms': '150', 'retry-after': '9' }, now), 150)
  assert.equal(retryAfterMs({ 'retry-after': '9999999' }, now), 3_600_000)
  assert.equal(retryAfterMs({ 'retry-after': 'soon' }, now), null)
  assert.equal(retryAfterMs(undefined, now), null)
})

const s = 1_000
const waits: [string, number | null][] = [
  ['Please try again in 579ms. Visit https://x', 579],
  ['Please try again in 7.5s.', 7.5 * s],
  ['Please try again in 1m9.696s. Visit https://x', 69.696 * s],
  ['Please try again in 7m12s.', 432 * s],
  ['Please try again in 1h2m3s.', 3_600 * s],
  ['try again in 2 minutes and 5 seconds', 125 * s],
  ['try again in 2 hours.', 3_600 * s],
  ['Please retry after 3 minutes', 180 * s],
  ['Please retry after 24 seconds.', 24 * s],
  ['error.details.0.retryDelay: 34s', 34 * s],
  ['retry_after: 30', 30 * s],
  ['Retry after 30.', 30 * s],
  ['Please wait 20 sec before the next request', 20 * s],
  ['Monthly usage limit reached. Resets in 16 days. To go on now, add credits', 3_600 * s],
  ['it resets in 3d 4h', 3_600 * s],
  ['try again in 250 milliseconds', 250],
  ['try again in a moment', null],
  ['you may retry 3 times', null],
  ['Resets at 3pm', null],
  ['try again in 2 months', null],
]
for (const [words, ms] of waits)
  test(`a wait in words: ${words} is ${ms}`, () => {
    assert.equal(waitInWords(words), ms)
  })
