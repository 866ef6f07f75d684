import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { Usage } from '../../core/work/agent.ts'
import { defaultLimits, LimitReached, type Limits } from '../../core/work/limits.ts'
import { meter } from './limits.ts'

const usage: Usage = { tokensIn: 100, tokensOut: 10, tokensCached: 50, costUsd: 0.5 }
const limits = (own: Partial<Limits>): Limits => ({ ...defaultLimits, ...own })
const reached = (limit: keyof Limits) => (error: unknown) =>
  error instanceof LimitReached && error.limit === limit

test('counts turns, tokens and money', () => {
  using used = meter(limits({}), systemClock)
  used.spend(usage)
  used.spend(usage)
  assert.deepEqual(used.spent, { turns: 2, tokensIn: 200, tokensOut: 20, tokensCached: 100, costUsd: 1 })
})

for (const [limit, own] of [
  ['turns', { turns: 2 }],
  ['tokens', { tokens: 220 }],
  ['costUsd', { costUsd: 1 }],
] as const)
  test(`${limit}: what is allowed may be used up, what passes it is counted and ends it`, () => {
    using used = meter(limits(own), systemClock)
    used.spend(usage)
    used.spend(usage)
    assert.throws(() => used.spend(usage), reached(limit))
    assert.equal(used.spent.turns, 3)
  })

test('an unknown price is not 0: with a limit on money it ends the session, without one it stays unknown', () => {
  const unknown = { ...usage, costUsd: null }
  using limited = meter(limits({ costUsd: 5 }), systemClock)
  assert.throws(() => limited.spend(unknown), reached('costUsd'))
  using free = meter(limits({ costUsd: null }), systemClock)
  free.spend(unknown)
  free.spend(usage)
  assert.equal(free.spent.costUsd, null)
})

test('tokens that nobody counted are not 0: a limit on money or on tokens ends the session, and says which option lifts it', () => {
  const uncounted = { tokensIn: null, tokensOut: null, tokensCached: 0, costUsd: null }
  using money = meter(limits({ costUsd: 5 }), systemClock)
  assert.throws(() => money.spend(uncounted), /does not say how many tokens.*--cost none/)
  using tokens = meter(limits({ costUsd: null, tokens: 100 }), systemClock)
  assert.throws(() => tokens.spend(uncounted), /does not say how many tokens.*--tokens none/)
  using free = meter(limits({ costUsd: null }), systemClock)
  free.spend(uncounted)
  free.spend(usage)
  assert.equal(free.spent.tokensIn, null)
})

test('the signal aborts when the time is over, with the limit as its reason', async () => {
  using used = meter(limits({ sessionMs: 20 }), systemClock)
  if (!used.signal.aborted) await once(used.signal, 'abort')
  assert.ok(reached('sessionMs')(used.signal.reason))
  assert.throws(() => used.check(), reached('sessionMs'))
})

test('time that passed without the timer counts as well', () => {
  let now = 0
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => new Promise(() => undefined) }
  using used = meter(limits({ sessionMs: 1000 }), clock)
  used.spend(usage)
  now = 1000
  assert.throws(() => used.spend(usage), reached('sessionMs'))
})

test('disposed, it keeps no timer and aborts nothing', async () => {
  const used = meter(limits({ sessionMs: 60_000 }), systemClock)
  used[Symbol.dispose]()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(used.signal.aborted, false)
})
