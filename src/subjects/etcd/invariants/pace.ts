import { type Invariant, notApplicable, ok, unknown, violated } from '../../../core/watch/invariant.ts'
import type { EtcdObservation } from '../observe/observation.ts'
import { windowsMs } from '../observe/window.ts'
import { notCounted, okIfAllTold, recentLimit } from './shared.ts'

const broken = ['member_down', 'no_leader', 'no_quorum']
const seconds = (ms: number) => `${ms / 1000} s`
const shorter = `upstream looks back 5 m and waits 10 m; here ${seconds(windowsMs.latency)} and a grace of seconds`

const slowFsync = recentLimit('slow_fsync', 'fsyncP99Ms', 500, 'ms (p99)', {
  severity: 'warning',
  graceMs: 10_000,
  keepFiringMs: 5000,
  description:
    'Writing to the write-ahead log takes long: the disk is slow, and elections and time-outs follow.',
  source: `etcd mixin: etcdHighFsyncDurations, p99 > 0.5 s; ${shorter}`,
  inhibitedBy: ['member_down'],
})

const slowCommit = recentLimit('slow_commit', 'commitP99Ms', 250, 'ms (p99)', {
  severity: 'warning',
  graceMs: 10_000,
  keepFiringMs: 5000,
  description: 'Writing the database to disk takes long.',
  source: `etcd mixin: etcdHighCommitDurations, p99 > 0.25 s; ${shorter}`,
  inhibitedBy: ['member_down'],
})

const slowPeer = recentLimit('slow_peer_round_trip', 'peerRoundTripMs', 100, 'ms at least to a peer', {
  severity: 'warning',
  // A long pause stays in etcd's smoothed average for up to two minutes, including the window.
  graceMs: 60_000,
  keepFiringMs: 5000,
  description: 'Messages between members take long: heartbeats come late and every write waits.',
  source:
    'etcd mixin: etcdMemberCommunicationSlow, p99 > 0.15 s for 10 m; etcd samples it every 30 s. ' +
    '100 ms is one default heartbeat interval (manual: Tuning)',
  inhibitedBy: ['member_down', 'peer_disconnected', 'slow_consensus'],
})

const slowConsensusMs = 150

const slowConsensus: Invariant<EtcdObservation> = {
  name: 'slow_consensus',
  scope: 'node',
  severity: 'warning',
  graceMs: 3000,
  keepFiringMs: 3000,
  description:
    'Every second read through consensus takes long at this member: the way to its leader or to a majority is slow.',
  source: `etcd mixin: etcdGRPCRequestsSlow, p99 > 0.15 s for 10 m; here the median of GET /health over ten looks`,
  inhibitedBy: ['member_down', 'no_leader', 'no_quorum', 'not_serving', 'slow_answers'],
  check(observation, name) {
    const times = observation.nodes[name]?.consensusMs
    if (!times) return unknown(observation.nodes[name]?.error ?? 'it has not been asked often enough yet')
    const medianMs = median(times)
    if (medianMs <= slowConsensusMs) return ok
    return violated(`${name} needs ${medianMs} ms for a read through consensus, limit ${slowConsensusMs}`, {
      medianMs,
    })
  },
}

/** Slower than the nearest member's median by this much is slow: distance and load are common to all. */
const slowerByMs = 50
const tolerated = 0.2

const slowAnswers: Invariant<EtcdObservation> = {
  name: 'slow_answers',
  scope: 'node',
  severity: 'warning',
  graceMs: 2000,
  keepFiringMs: 3000,
  description:
    'Many of its answers come much later than those of other members: a slow or lossy link, or no CPU.',
  source: 'our own: how long members take to answer what they know by themselves, compared with each other',
  inhibitedBy: ['member_down'],
  check(observation, name) {
    const own = observation.nodes[name]?.answersMs
    if (!own) return unknown(observation.nodes[name]?.error ?? 'it has not been asked often enough yet')
    if (Object.keys(observation.nodes).length === 1)
      return notApplicable('there is no other member to compare with')
    const all = Object.values(observation.nodes).flatMap(({ answersMs }) => (answersMs ? [answersMs] : []))
    const nearestMs = Math.min(...all.map(median))
    const shareSlow = (times: number[]) =>
      times.filter((ms) => ms > nearestMs + slowerByMs).length / times.length
    // When every member is slow at times, the machine is busy or our own side is.
    const share = shareSlow(own) - Math.min(...all.map(shareSlow))
    if (share <= tolerated) return okIfAllTold(observation, ({ answersMs }) => answersMs !== null)
    const slow = Math.round(shareSlow(own) * 100)
    return violated(
      `${name}: ${slow} % of its answers came over ${slowerByMs} ms later than usual elsewhere`,
      {
        slowPercent: slow,
        medianMs: median(own),
        nearestMedianMs: nearestMs,
      },
    )
  },
}

const median = (times: number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0

const failedProposals = recentLimit(
  'failed_proposals',
  'failedProposals',
  5,
  `in ${seconds(windowsMs.failures)}`,
  {
    severity: 'warning',
    // An ordinary change of leader fails some: only failures that go on are a fault.
    graceMs: windowsMs.failures + 5000,
    keepFiringMs: 5000,
    description: 'Writes are proposed and fail, and go on failing.',
    source: 'etcd mixin: etcdHighNumberOfFailedProposals, > 5 in 15 m',
    inhibitedBy: broken,
  },
)

const minRequests = 20

const failedRequests: Invariant<EtcdObservation> = {
  name: 'failed_requests',
  scope: 'node',
  severity: 'warning',
  graceMs: windowsMs.failures + 5000,
  keepFiringMs: 5000,
  description: 'More than one request in twenty fails by the fault of the server.',
  source: 'etcd mixin: etcdHighNumberOfFailedGRPCRequests, > 5 % for 5 m',
  inhibitedBy: [...broken, 'alarm_nospace', 'alarm_corrupt'],
  check(observation, name) {
    const recent = observation.nodes[name]?.recent
    if (!recent) return notCounted(observation.nodes[name])
    const { requests, failedRequests: failed } = recent
    if (requests === 'absent' || failed === 'absent')
      return notApplicable(`${name} does not have this metric`)
    if (requests === null || failed === null) return unknown(`${name} does not count requests`)
    if (requests < minRequests || failed / requests <= 0.05) return ok
    return violated(`${name}: ${failed} of ${requests} requests failed`, { requests, failed })
  },
}

const leaderChanges: Invariant<EtcdObservation> = {
  name: 'leader_changes',
  scope: 'cluster',
  severity: 'warning',
  graceMs: 0,
  keepFiringMs: 5000,
  description: 'The leader changes again and again: the network or a disk is unsteady.',
  source: `etcd mixin: etcdHighNumberOfLeaderChanges, >= 4 in 15 m; here >= 3 in ${seconds(windowsMs.leaderChanges)}, beyond those of members that were restarted`,
  inhibitedBy: ['member_down', 'no_quorum'],
  check(observation) {
    const counted = Object.values(observation.nodes).flatMap((node) => node.recent?.leaderChanges ?? [])
    const changes = Math.max(0, ...counted.filter((count) => count !== 'absent'))
    if (counted.length > 0 && counted.every((count) => count === 'absent'))
      return notApplicable('no member has this metric')
    // A member that is restarted may have led: a rolling restart of all is as many changes, and nothing is unsteady.
    const restarts = Object.values(observation.nodes).reduce((sum, node) => sum + node.restarts, 0)
    return changes < 3 + restarts
      ? okIfAllTold(observation, ({ recent }) => recent?.leaderChanges != null)
      : violated(`${changes} leader changes in ${seconds(windowsMs.leaderChanges)}`, { changes, restarts })
  },
}

export const pace = [
  leaderChanges,
  slowConsensus,
  slowPeer,
  slowAnswers,
  slowFsync,
  slowCommit,
  failedProposals,
  failedRequests,
]
