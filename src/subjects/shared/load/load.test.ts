import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../../core/clock.ts'
import { rngFrom } from '../../../core/rng.ts'
import type { KeyValue, Put } from './kv.ts'
import { loadClient } from './load.ts'

/** A store in memory that may fail in ways of its own. `apply` puts the value in, now or later. */
function store(onPut: (apply: () => void, n: number) => Put) {
  const values = new Map<string, string>()
  let puts = 0
  const kv: KeyValue = {
    put: async (key, value) => onPut(() => values.set(key, value), ++puts),
    get: async (key) => ({ kind: 'value', value: values.get(key) ?? null }),
    [Symbol.dispose]: () => undefined,
  }
  return { kv, values }
}

/** Five hundred steps, on a clock that does not wait; then the last look at every key. */
async function history({ kv, values }: ReturnType<typeof store>) {
  const wrong: string[] = []
  const over = new AbortController()
  let [now, steps] = [0, 0]
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms) => {
      now += ms
      if (++steps > 500) over.abort()
    },
  }
  const nothing = () => undefined
  const tally = {
    succeeded: nothing,
    failed: nothing,
    acknowledged: nothing,
    wrong: (judgement: string, what: string) => void wrong.push(`${judgement} ${what}`),
  }
  const client = loadClient('a', kv, { everyMs: 10, rng: rngFrom(1), clock }, tally)
  await client.run(over.signal)
  for (const key of client.owed()) client.judge(key, values.get(key) ?? null)
  return { wrong, owed: client.owed() }
}

const done = (apply: () => void): Put => {
  apply()
  return 'acknowledged'
}

test('an honest store is never wrong', async () => {
  const { wrong, owed } = await history(store(done))
  assert.deepEqual([wrong, owed.length], [[], 8])
})

test('writes without an answer may be there, come later or never', async () => {
  const late: (() => void)[] = []
  const kv = store((apply, n) => {
    if (n % 5 === 0) for (const one of late.splice(0)) one()
    if (n % 3 !== 0) return done(apply)
    if (n % 2 === 0) apply()
    else if (n % 4 === 1) late.push(apply)
    return 'perhaps'
  })
  assert.deepEqual((await history(kv)).wrong, [])
})

test('a store that acknowledges and forgets is caught', async () => {
  const { wrong } = await history(store((apply, n) => (n % 10 === 0 ? 'acknowledged' : done(apply))))
  assert.ok(wrong.length > 0 && wrong.every((what) => what.startsWith('lost')))
})

test('a store that says no and does it all the same is caught', async () => {
  const kv = store((apply, n) => {
    apply()
    return n > 8 && n % 10 === 0 ? 'no' : 'acknowledged'
  })
  assert.ok((await history(kv)).wrong.length > 0)
})
