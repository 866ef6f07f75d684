import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { bellOf } from './bell.ts'
import { systemClock } from './clock.ts'

const longMs = 60_000

test('a bell ends a wait, also one that begins after it rang, and only one', async () => {
  const bell = bellOf(systemClock)
  const waiting = bell.wait(longMs)
  bell.ring()
  assert.equal(await waiting, true)
  bell.ring()
  bell.ring()
  assert.equal(await bell.wait(longMs), true)
  const startedAt = systemClock.monotonic()
  assert.equal(await bell.wait(30), false)
  assert.ok(systemClock.monotonic() - startedAt >= 29)
})

test('a signal ends a wait with its reason, and nothing is left on one that does not', async () => {
  const bell = bellOf(systemClock)
  const over = new AbortController()
  for (let i = 0; i < 20; i++) await bell.wait(1, over.signal)
  assert.equal(getEventListeners(over.signal, 'abort').length, 0)
  const waiting = bell.wait(longMs, over.signal)
  over.abort(new Error('stopped'))
  await assert.rejects(waiting, /stopped/)
  await assert.rejects(bell.wait(longMs, over.signal), /stopped/)
})
