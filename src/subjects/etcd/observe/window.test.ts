import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Metrics, metricsFrom } from './metrics.ts'
import { windowOf } from './window.ts'

const bounds = [0.1, 0.2, Number.POSITIVE_INFINITY]

function counted(values: Partial<Metrics>): Metrics {
  return { ...metricsFrom(''), startedAtSeconds: 1, ...values }
}

test('one look is no window', () => {
  assert.equal(windowOf().add(0, counted({ leaderChanges: 5 })), null)
})

test('counts what happened since, not since the process began', () => {
  const window = windowOf()
  window.add(
    0,
    counted({ leaderChanges: 5, failedProposals: 100, requests: { all: 1000, failed: 0, series: 9 } }),
  )
  const recent = window.add(
    1000,
    counted({ leaderChanges: 7, failedProposals: 101, requests: { all: 1010, failed: 4, series: 9 } }),
  )
  assert.equal(recent?.leaderChanges, 2)
  assert.equal(recent?.failedProposals, 1)
  assert.equal(recent?.requests, 10)
  assert.equal(recent?.failedRequests, 4)
})

test('forgets what is older than its window', () => {
  const window = windowOf()
  const recent = Array.from({ length: 100 }, (_, second) =>
    window.add(
      second * 1000,
      counted({ failedProposals: Math.min(second, 50), leaderChanges: second < 20 ? 0 : 3 }),
    ),
  )
  assert.equal(recent[50]?.failedProposals, 10)
  assert.equal(recent[60]?.failedProposals, 0)
  assert.equal(recent[79]?.leaderChanges, 3)
  assert.equal(recent[80]?.leaderChanges, 0)
})

test('starts anew with a new process', () => {
  const window = windowOf()
  window.add(0, counted({ leaderChanges: 5 }))
  assert.equal(window.add(1000, counted({ startedAtSeconds: 2, leaderChanges: 1 })), null)
  assert.equal(window.add(2000, counted({ startedAtSeconds: 2, leaderChanges: 1 }))?.leaderChanges, 0)
  assert.deepEqual([1000, 61_000, 61_001].map(window.restarts), [1, 1, 0])
})

test('a metric that never was there is absent, one that is missing is unknown, one without events is not slow', () => {
  const window = windowOf()
  const fsync = { bounds, counts: [5, 9, 9] }
  window.add(0, counted({ fsync }))
  const recent = window.add(1000, counted({ fsync }))
  assert.equal(recent?.fsyncP99Ms, 0)
  assert.equal(recent?.commitP99Ms, 'absent')
  assert.equal(window.add(2000, counted({}))?.fsyncP99Ms, null)
})

test('a metric that comes with the first round of probes is not there yet in a young process, and absent in an old one', () => {
  const startedAtSeconds = 1_000
  const at = (ageMs: number) => startedAtSeconds * 1_000 + ageMs
  const seen = (...ages: number[]) => {
    const window = windowOf()
    return ages.map((ageMs) => window.add(at(ageMs), counted({ startedAtSeconds }))?.peerRoundTripMs)
  }
  assert.deepEqual(seen(1_000, 2_000, 34_000, 36_000), [undefined, 'not yet', 'not yet', 'absent'])
  assert.deepEqual(seen(-9_000, -8_000), [undefined, 'absent'], 'the clocks disagree')
  const window = windowOf()
  const peerRoundTrip = { b: { bounds, counts: [1, 1, 1] } }
  window.add(at(90_000), counted({ startedAtSeconds, peerRoundTrip }))
  window.add(at(100_000), counted({ startedAtSeconds: 1_100 }))
  assert.equal(
    window.add(at(101_000), counted({ startedAtSeconds: 1_100 }))?.peerRoundTripMs,
    null,
    'known before the restart',
  )
})

test('a peer is slow when every sample of two rounds is', () => {
  const window = windowOf()
  const peers = (fast: number, slow: number) => ({ b: { bounds, counts: [fast, fast, fast + slow] } })
  const seen = [peers(0, 0), peers(0, 2), peers(0, 4), peers(2, 4), peers(2, 6), peers(2, 8), peers(2, 10)]
  const recent = seen.map((peerRoundTrip, round) => window.add(round * 30_000, counted({ peerRoundTrip })))
  // The last bucket has no upper bound: at least its lower one.
  assert.deepEqual(
    recent.map((one) => one?.peerRoundTripMs),
    [undefined, 0, 200, 0, 0, 0, 200],
  )
})

test('somebody who looks often fills no memory and still sees', () => {
  const window = windowOf()
  let last: ReturnType<typeof window.add> = null
  for (let ms = 0; ms < 20_000; ms += 50) last = window.add(ms, counted({ failedProposals: ms / 50 }))
  assert.ok(Math.abs(Number(last?.failedProposals) - 200) <= 10, `${last?.failedProposals}`)
})

test('what cannot be of the same process is unknown: counters that fell, and pages with less on them', () => {
  const whole = {
    failedProposals: 9,
    requests: { all: 100, failed: 9, series: 40 },
    fsync: { bounds, counts: [5, 9, 9] },
    peerRoundTrip: { b: { bounds, counts: [1, 1, 1] } },
  }
  const after = (later: Partial<Metrics>) => {
    const window = windowOf()
    window.add(0, counted(whole))
    return window.add(1000, counted({ ...whole, ...later }))
  }
  assert.equal(after({})?.failedProposals, 0)
  assert.equal(after({ failedProposals: 3 })?.failedProposals, null)
  assert.equal(after({ requests: { all: 120, failed: 9, series: 39 } })?.failedRequests, null)
  assert.equal(after({ fsync: { bounds, counts: [5, 8, 8] } })?.fsyncP99Ms, null)
  assert.equal(after({ fsync: { bounds: bounds.slice(1), counts: [9, 9] } })?.fsyncP99Ms, null)
  assert.equal(after({ peerRoundTrip: {} })?.peerRoundTripMs, null)
})
