import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { systemClock } from './clock.ts'
import { wakeUpSignal } from './wake-up.ts'

const longMs = 60_000

test('a notification ends a wait, also one that begins after it, and only one', async () => {
  const wakeUp = wakeUpSignal(systemClock)
  const waiting = wakeUp.wait(longMs)
  wakeUp.notify()
  assert.equal(await waiting, true)
  wakeUp.notify()
  wakeUp.notify()
  assert.equal(await wakeUp.wait(longMs), true)
  const startedAt = systemClock.monotonic()
  assert.equal(await wakeUp.wait(30), false)
  assert.ok(systemClock.monotonic() - startedAt >= 29)
})

test('a signal ends a wait with its reason, and nothing is left on one that does not', async () => {
  const wakeUp = wakeUpSignal(systemClock)
  const over = new AbortController()
  for (let i = 0; i < 20; i++) await wakeUp.wait(1, over.signal)
  assert.equal(getEventListeners(over.signal, 'abort').length, 0)
  const waiting = wakeUp.wait(longMs, over.signal)
  over.abort(new Error('stopped'))
  await assert.rejects(waiting, /stopped/)
  await assert.rejects(wakeUp.wait(longMs, over.signal), /stopped/)
})
