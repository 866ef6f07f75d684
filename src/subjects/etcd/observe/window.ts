import { between, type Histogram, quantile } from '../../shared/client/exposition.ts'
import type { Metrics } from './metrics.ts'
import type { Measured, Recent } from './observation.ts'

/**
 * Upstream's rules look back 5 to 15 minutes because they page people. An operator that acts within seconds needs
 * windows that a repaired system leaves within seconds too.
 */
export const windowsMs = {
  failures: 10_000,
  latency: 15_000,
  // etcd puts its smoothed round trip into the histogram every 30 s: two rounds.
  peers: 65_000,
  leaderChanges: 60_000,
}

/** The first round ends 30 s after the start, and the next observation shows it. */
const firstRoundMs = 35_000

const longest = Math.max(...Object.values(windowsMs))
const minApartMs = 450

/** Turns counters since the process started into what happened lately. One for each node. */
export interface Window {
  /** null: this is the first sample of the process, and a window needs two. */
  add(at: number, metrics: Metrics): Recent | null
  /** How often the process was seen to be another than before, in the window of leader changes. */
  restarts(at: number): number
}

export function windowOf(): Window {
  let samples: { at: number; metrics: Metrics }[] = []
  let restartedAt: number[] = []
  const known = new Set<keyof Metrics>()
  return {
    restarts: (at) => {
      restartedAt = restartedAt.filter((then) => at - then <= windowsMs.leaderChanges)
      return restartedAt.length
    },
    add(at, metrics) {
      const last = samples.at(-1)
      // A restarted process counts from zero: what was counted before it says nothing of now.
      if (last && last.metrics.startedAtSeconds !== metrics.startedAtSeconds) {
        samples = []
        restartedAt.push(at)
      }
      // Many observations a second must not fill the memory.
      const previous = samples.at(-1)
      if (!previous || at - previous.at >= minApartMs) samples.push({ at, metrics })
      // One look older than the longest window stays, so that the window is covered.
      while (samples[1] && samples[1].at <= at - longest) samples.shift()
      for (const name of Object.keys(metrics) as (keyof Metrics)[])
        if (metrics[name] !== null) known.add(name)
      return previous ? recent(samples, at, metrics, known) : null
    },
  }
}

function recent(
  samples: { at: number; metrics: Metrics }[],
  at: number,
  now: Metrics,
  known: ReadonlySet<keyof Metrics>,
): Recent {
  const since = (ms: number): Metrics =>
    (samples.findLast((sample) => sample.at <= at - ms) ?? samples[0])?.metrics ?? now
  const failures = since(windowsMs.failures)
  const latency = since(windowsMs.latency)
  const peers = since(windowsMs.peers)
  // A metric that an earlier page had is missing from an incomplete page. One that no page had is absent.
  const ifEver = (name: keyof Metrics, measured: number | null): Measured =>
    measured === null && !known.has(name) ? 'absent' : measured
  const isWhole = (now.requests?.series ?? 0) >= (failures.requests?.series ?? 0)
  return {
    leaderChanges: ifEver(
      'leaderChanges',
      minus(now.leaderChanges, since(windowsMs.leaderChanges).leaderChanges),
    ),
    failedProposals: ifEver('failedProposals', minus(now.failedProposals, failures.failedProposals)),
    requests: ifEver('requests', isWhole ? minus(now.requests?.all, failures.requests?.all) : null),
    failedRequests: ifEver(
      'requests',
      isWhole ? minus(now.requests?.failed, failures.requests?.failed) : null,
    ),
    fsyncP99Ms: ifEver('fsync', p99Ms(latency.fsync, now.fsync)),
    commitP99Ms: ifEver('commit', p99Ms(latency.commit, now.commit)),
    peerRoundTripMs:
      isYoung(now, at) && !known.has('peerRoundTrip')
        ? 'not yet'
        : ifEver('peerRoundTrip', slowestPeerMs(peers.peerRoundTrip, now.peerRoundTrip)),
  }
}

/** Whether etcd has had no time to measure its peers. A start that lies ahead is a clock that goes wrong, and says nothing. */
function isYoung({ startedAtSeconds }: Metrics, at: number): boolean {
  const ageMs = at - (startedAtSeconds ?? 0) * 1_000
  return ageMs >= 0 && ageMs < firstRoundMs
}

/** A counter of one process never falls: where it does, what was read is not all of it. */
const minus = (now: number | null | undefined, then: number | null | undefined): number | null =>
  now == null || then == null || now < then ? null : now - then

const isLaterOf = (then: Histogram, now: Histogram): boolean =>
  now.bounds.length === then.bounds.length && now.counts.every((count, i) => count >= (then.counts[i] ?? 0))

/** 0 when nothing was measured in the window: what did not happen was not slow. */
function p99Ms(then: Histogram | null, now: Histogram | null): number | null {
  if (!now || (then && !isLaterOf(then, now))) return null
  const counted = then ? between(then, now) : now
  return counted ? quantile(0.99, counted) * 1000 : 0
}

/**
 * The fastest sample of the slowest peer. etcd smooths the samples, so one late probe, after a pause for example, makes several
 * of them slow. The link is slow only when all samples are.
 */
function slowestPeerMs(then: Metrics['peerRoundTrip'], now: Metrics['peerRoundTrip']): number | null {
  if (!now) return null
  const earlier = Object.entries(then ?? {})
  if (earlier.some(([peer, histogram]) => !now[peer] || !isLaterOf(histogram, now[peer]))) return null
  const fastest = Object.entries(now).map(([peer, histogram]) => {
    const before = then?.[peer]
    const counted = before && between(before, histogram)
    if (!counted || (counted.counts.at(-1) ?? 0) < twoRounds) return 0
    return (counted.bounds[counted.counts.findIndex((count) => count > 0) - 1] ?? 0) * 1000
  })
  return Math.max(0, ...fastest)
}

/** Two probers, one for each kind of connection. */
const twoRounds = 4
