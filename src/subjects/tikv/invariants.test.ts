import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { wholeCluster } from '../../core/watch/invariant.ts'
import { invariants } from './invariants.ts'
import type { PdNode, Scheduling, StoreNode, StoreView, TikvObservation } from './observe/observation.ts'
import {
  type LeaderSeries,
  leaderSeries,
  type PdSeries,
  pdSeries,
  type StoreSeries,
  storeSeries,
} from './observe/series.ts'

const zeros = <K extends string>(series: Record<K, unknown>) =>
  Object.fromEntries(Object.keys(series).map((name) => [name, 0])) as Record<K, number>
const common = { healthy: true, reach: 'answered', starts: 1, clockOffsetMs: 0 } as const

const view = (i: number, more: Partial<StoreView> = {}): StoreView => ({
  id: String(i),
  address: `tikv-${i}:20160`,
  statusAddress: `tikv-${i}:20180`,
  version: '8.5.0',
  state: 'Up',
  capacityBytes: 100,
  availableBytes: 50,
  leaders: 1,
  slowScore: 1,
  busy: false,
  networkSlowScores: {},
  ...more,
})
const store = (i: number, more: Partial<StoreNode> = {}, recent: Partial<StoreSeries> = {}): StoreNode => ({
  ...common,
  kind: 'tikv',
  serving: true,
  diskStalled: false,
  store: view(i),
  listed: 'yes',
  leaders: 1,
  undeliveredPerSecond: 0,
  recent: { ...zeros(storeSeries), startedAtSeconds: 1, capacityBytes: 100, availableBytes: 50, ...recent },
  ...more,
})
const pd = (more: Partial<PdNode> = {}, recent: Partial<PdSeries> = {}): PdNode => ({
  ...common,
  kind: 'pd',
  led: true,
  peerP99Seconds: 0,
  recent: { ...zeros(pdSeries), startedAtSeconds: 1, ...recent },
  ...more,
})

interface Parts {
  nodes?: TikvObservation['nodes']
  cluster?: Partial<TikvObservation['cluster']>
}
const well = ({ nodes = {}, cluster = {} }: Parts = {}): TikvObservation => ({
  at: 0,
  nodes: {
    'pd-1': pd(),
    'pd-2': pd(),
    'pd-3': pd(),
    'tikv-1': store(1),
    'tikv-2': store(2),
    'tikv-3': store(3),
    ...nodes,
  },
  cluster: {
    members: [],
    knownMembers: 3,
    leader: 'pd-1',
    otherMembers: [],
    otherStores: [],
    stores: [view(1), view(2), view(3)],
    regions: 3,
    fewestRegions: 3,
    operators: 0,
    leadership: { seenForMs: 60_000, tookOverMs: null, changes: 0 },
    told: zeros(leaderSeries),
    scheduling: {
      running: ['balance-leader-scheduler', 'balance-region-scheduler'],
      paused: [],
      halted: false,
      zeroLimits: [],
    },
    ...cluster,
  },
})

/** `name node` of every check with this verdict. */
function places(observation: TikvObservation, kind: 'violated' | 'unknown'): string[] {
  return invariants.flatMap((invariant) =>
    (invariant.scope === 'node' ? Object.keys(observation.nodes) : [wholeCluster])
      .filter((node) => invariant.check(observation, node).kind === kind)
      .map((node) => `${invariant.name} ${node}`),
  )
}

const dead = {
  reach: 'refused',
  healthy: false,
  error: 'connect ECONNREFUSED',
  starts: null,
  clockOffsetMs: null,
} as const
const tikv2 = (more: Partial<StoreNode>, recent?: Partial<StoreSeries>): Parts => ({
  nodes: { 'tikv-2': store(2, more, recent) },
})
const pd2 = (more: Partial<PdNode>, recent?: Partial<PdSeries>): Parts => ({
  nodes: { 'pd-2': pd(more, recent) },
})
const recent = (series: Partial<StoreSeries>): Parts => tikv2({}, series)
const pdRecent = (series: Partial<PdSeries>): Parts => pd2({}, series)
const told = (series: Partial<LeaderSeries>, regions = 3): Parts => {
  const nodes = Object.fromEntries([1, 2, 3].map((i) => [`tikv-${i}`, store(i, { leaders: regions / 3 })]))
  return { nodes, cluster: { told: { ...zeros(leaderSeries), ...series }, regions } }
}
const scheduled = (more: Partial<Scheduling>): Parts => ({
  cluster: {
    scheduling: {
      running: ['balance-leader-scheduler', 'balance-region-scheduler'],
      paused: [],
      halted: false,
      zeroLimits: [],
      ...more,
    },
  },
})
/** A fourth store, that no endpoint names. */
const fourth = (more: Partial<StoreView>): Parts => {
  const other = view(4, more)
  return {
    cluster: {
      stores: [view(1), view(2), view(3), other],
      otherStores: [other],
      regions: 4,
      fewestRegions: 4,
    },
  }
}
const many = (leaders: number[]) => leaders.map((count, i) => view(i + 1, { leaders: count }))

const cases: [string, Parts, string[]][] = [
  [
    'a store that refuses',
    tikv2({ ...dead, leaders: null, recent: null, serving: null }),
    ['node_down tikv-2', 'regions_without_leader cluster'],
  ],
  ['a PD that refuses', pd2({ ...dead, led: null, recent: null }), ['node_down pd-2']],
  ['a PD without a leader', pd2({ led: false, healthy: false }), ['pd_no_leader pd-2']],
  ['a PD that has not said yet who leads', pd2({ led: null, healthy: null }), []],
  [
    'PDs without a leader',
    { nodes: { 'pd-1': pd({ led: false }), 'pd-2': pd({ led: false }), 'pd-3': pd({ led: false }) } },
    ['pd_leaderless cluster', 'pd_no_leader pd-1', 'pd_no_leader pd-2', 'pd_no_leader pd-3'],
  ],
  [
    'two PDs of three that are gone',
    { nodes: { 'pd-1': pd({ ...dead, led: null }), 'pd-2': pd({ ...dead, led: null }) } },
    ['pd_no_quorum cluster', 'node_down pd-1', 'node_down pd-2'],
  ],
  ['a store whose gRPC is closed', tikv2({ serving: false }), ['store_not_serving tikv-2']],
  ['a store that others do not reach', tikv2({ undeliveredPerSecond: 2.5 }), ['peer_unreachable tikv-2']],
  ['a region that nobody leads', tikv2({ leaders: 0 }), ['regions_without_leader cluster']],
  ['a process that starts again and again', tikv2({ starts: 5 }), ['restarting tikv-2']],
  [
    'a store that PD has not heard of',
    tikv2({ store: view(2, { state: 'Disconnected' }) }),
    ['store_disconnected tikv-2'],
  ],
  ['a store that is Down', tikv2({ store: view(2, { state: 'Down' }) }), ['store_disconnected tikv-2']],
  ['a store that a person takes away', tikv2({ store: view(2, { state: 'Offline' }) }), []],
  ['a slow store', tikv2({ store: view(2, { slowScore: 80 }) }), ['store_slow tikv-2']],
  ['a busy store', tikv2({ store: view(2, { busy: true }) }), ['store_slow tikv-2']],
  ['regions without a replica', told({ missPeer: 1 }), ['regions_miss_peer cluster']],
  ['a few of very many', told({ missPeer: 99 }, 99_999), []],
  ['more than a few', told({ missPeer: 100 }, 99_999), ['regions_miss_peer cluster']],
  ['a replica that is down', told({ downPeer: 1 }), ['regions_down_peer cluster']],
  ['a replica that is behind', told({ pendingPeer: 2 }), ['regions_pending_peer cluster']],
  ['replicas too many', told({ extraPeer: 1 }), ['regions_extra_peer cluster']],
  ['replicas on a store that goes', told({ offlinePeer: 1 }), ['regions_offline_peer cluster']],
  ['learners', told({ learnerPeer: 1 }), ['regions_learner_peer cluster']],
  ['regions that are too large', told({ oversized: 1 }), ['regions_oversized cluster']],
  ['no store for a replica', told({ noTargetStore: 3 }), ['no_target_store cluster']],
  [
    'one store with the hot regions',
    told({ hotLeaders: 9, hotLeadersOfAll: 10 }),
    ['hot_regions_unbalanced cluster'],
  ],
  ['hot regions on all', told({ hotLeaders: 5, hotLeadersOfAll: 13 }), []],
  ['stores that became slower', told({ slowStores: 1 }), ['stores_slow_by_trend cluster']],
  ['a paused scheduler', scheduled({ paused: ['balance-leader-scheduler'] }), ['balancing_stopped cluster']],
  ['a limit of 0', scheduled({ zeroLimits: ['region-schedule-limit'] }), ['balancing_stopped cluster']],
  ['halted scheduling', scheduled({ halted: true }), ['scheduling_halted cluster']],
  ['a store that nobody named', fourth({}), ['stores_unwatched cluster']],
  [
    'one that PD has lost',
    fourth({ state: 'Disconnected', leaders: 0, capacityBytes: 400, availableBytes: 390 }),
    ['other_store_disconnected cluster', 'regions_without_leader cluster', 'stores_unwatched cluster'],
  ],
  [
    'one that is slow and full',
    fourth({ slowScore: 100, availableBytes: 5, networkSlowScores: { 1: 100 } }),
    [
      'other_store_slow cluster',
      'other_store_low_space cluster',
      'stores_unwatched cluster',
      'other_store_network_slow cluster',
    ],
  ],
  ['one that was removed', { cluster: { otherStores: [view(4, { state: 'Tombstone' })] } }, []],
  [
    'a PD that nobody named',
    { cluster: { otherMembers: [{ name: 'pd-4', healthy: false }] } },
    ['other_pd_down cluster'],
  ],
  [
    'a store with a slow way to another one',
    tikv2({ store: view(2, { networkSlowScores: { 1: 1, 3: 95 } }) }),
    ['store_network_slow tikv-2'],
  ],
  [
    'a store that was removed',
    { ...tikv2({ ...dead, listed: 'removed', store: null }), cluster: { regions: 2 } },
    ['store_removed tikv-2'],
  ],
  ['a store of another cluster', tikv2({ listed: 'no', store: null }), ['store_removed tikv-2']],
  ['a disk that does not answer', tikv2({ diskStalled: true }), ['store_disk_stalled tikv-2']],
  [
    'one store that leads nearly all',
    { cluster: { stores: many([90, 5, 5]) } },
    ['leaders_unbalanced cluster'],
  ],
  ['one leader of three', { cluster: { stores: many([3, 0, 0]) } }, []],
  ['little space', recent({ availableBytes: 19 }), ['store_low_space tikv-2']],
  ['a full disk', tikv2({ disk: { totalBytes: 1000, availableBytes: 0 } }), ['disk_space tikv-2']],
  ['a clock that is off', pd2({ clockOffsetMs: -6_000 }), ['clock_skew pd-2']],
  ['a critical error', recent({ criticalErrors: 1 }), ['critical_error tikv-2']],
  ['a full channel', recent({ channelFull: 1 }), ['channel_full tikv-2']],
  ['a write stall', recent({ writeStall: 1 }), ['write_stall tikv-2']],
  ['followers far behind', recent({ logLagP99: 5_001 }), ['raft_log_lag tikv-2']],
  ['slow writes', recent({ writeP99Seconds: 1.1 }), ['slow_write tikv-2']],
  ['slow snapshots', recent({ snapshotP99Seconds: 1.1 }), ['slow_snapshot tikv-2']],
  ['slow appends', recent({ appendP99Seconds: 1.1 }), ['slow_append tikv-2']],
  ['slow applies', recent({ applyP99Seconds: 1.1 }), ['slow_apply tikv-2']],
  ['slow latches', recent({ latchP99Seconds: 1.1 }), ['slow_latch tikv-2']],
  ['slow commands', recent({ commandP99Seconds: 1.1 }), ['slow_command tikv-2']],
  ['slow requests', recent({ requestP99Seconds: 1.1 }), ['slow_requests tikv-2']],
  ['many pending tasks', recent({ pendingTasks: 1_001 }), ['pending_tasks tikv-2']],
  ['busy Raft threads', recent({ raftCpu: 1.7 }), ['raft_cpu tikv-2']],
  ['memory that grows', recent({ memoryGrowthBytes: 6 * 2 ** 30 }), ['memory_growth tikv-2']],
  ['many changes of leader', pdRecent({ etcdLeaderChanges: 3 }), ['pd_leader_changes cluster']],
  [
    'a lease that is lost and taken again',
    { cluster: { leadership: { seenForMs: 60_000, tookOverMs: null, changes: 3 } } },
    ['pd_leader_changes cluster'],
  ],
  ['slow timestamps', pdRecent({ tsoP99Seconds: 0.2 }), ['pd_slow_tso pd-2']],
  ['a clock that is slow', pdRecent({ systemTimeSlow: 2 }), ['pd_clock_slow pd-2']],
  ['a clock that jumped back', pdRecent({ clockJumps: 1 }), ['pd_clock_slow pd-2']],
  ['a PD that needs all its CPU', pdRecent({ cpu: 1.7, maxProcs: 2 }), ['pd_cpu_quota pd-2']],
  ['all its memory', pdRecent({ memoryBytes: 9, memoryQuotaBytes: 10 }), ['pd_memory_quota pd-2']],
  ['all its database', pdRecent({ etcdBytes: 9, etcdQuotaBytes: 10 }), ['pd_etcd_quota pd-2']],
  ['a store that needs all its CPU', recent({ cpu: 7, cpuQuota: 8 }), ['cpu_quota tikv-2']],
  ['all its memory, too', recent({ memoryBytes: 9, memoryQuotaBytes: 10 }), ['memory_quota tikv-2']],
  ['slow rounds of Raft', recent({ readyP999Seconds: 2.1 }), ['slow_raft_ready tikv-2']],
  ['slow ticks of Raft', recent({ tickP999Seconds: 2.1 }), ['slow_raft_tick tikv-2']],
  ['a slow coprocessor', recent({ coprocessorP9999Seconds: 11 }), ['slow_coprocessor tikv-2']],
  ['commands that pile up', recent({ schedulerContexts: 1_001 }), ['scheduler_contexts tikv-2']],
  ['commands that went at once', recent({ schedulerContexts: -1_001 }), ['scheduler_contexts tikv-2']],
  ['regions of more than a GiB', recent({ regionSizeP99Bytes: 2 ** 31 }), ['region_size tikv-2']],
  ['files that pile up', recent({ levelZeroFiles: 81 }), ['write_stall_near tikv-2']],
  ['a slow disk of a PD', pd2({}, { fsyncP99Seconds: 1.2 }), ['pd_slow_fsync pd-2']],
  ['a slow link of a PD', pd2({ peerP99Seconds: 1.2 }), ['pd_slow_peer pd-2']],
  [
    'all stores nearly full',
    {
      nodes: Object.fromEntries([1, 2, 3].map((i) => [`tikv-${i}`, store(i, {}, { availableBytes: 10 })])),
      cluster: { stores: [1, 2, 3].map((i) => view(i, { availableBytes: 10 })) },
    },
    ['cluster_space cluster', 'store_low_space tikv-1', 'store_low_space tikv-2', 'store_low_space tikv-3'],
  ],
]

describe('invariants of TiKV', () => {
  test('a healthy cluster violates nothing, and nothing is unknown', () => {
    assert.deepEqual(places(well(), 'violated'), [])
    assert.deepEqual(places(well(), 'unknown'), [])
  })

  for (const [what, parts, expected] of cases)
    test(what, () => assert.deepEqual(places(well(parts), 'violated').toSorted(), expected.toSorted()))

  test('each of them fires in one of these', () => {
    const fired = new Set(cases.flatMap(([, , expected]) => expected.map((place) => place.split(' ')[0])))
    assert.deepEqual(
      invariants.map(({ name }) => name).filter((name) => !fired.has(name)),
      [],
    )
  })

  test('what was not observed is unknown, never ok: a metric, a node, PD', () => {
    assert.deepEqual(places(well(recent({ logLagP99: null })), 'unknown'), ['raft_log_lag tikv-2'])
    const timedOut = { reach: 'timeout', healthy: null, starts: null, clockOffsetMs: null } as const
    const blind = {
      ...timedOut,
      serving: null,
      diskStalled: null,
      store: null,
      recent: null,
      leaders: null,
      undeliveredPerSecond: null,
    }
    const unseen = well({ nodes: { 'tikv-2': store(2, blind) } })
    assert.deepEqual(places(unseen, 'violated'), [])
    const own = places(unseen, 'unknown').filter((place) => place.endsWith(' tikv-2'))
    assert.equal(own.length, invariants.filter(({ scope }) => scope === 'node').length)
    const withoutPd = well({
      cluster: {
        stores: null,
        otherStores: null,
        otherMembers: null,
        regions: null,
        fewestRegions: null,
        members: null,
        scheduling: null,
        told: null,
      },
    })
    assert.ok(places(withoutPd, 'unknown').includes('regions_without_leader cluster'))
    assert.ok(places(withoutPd, 'unknown').includes('regions_miss_peer cluster'))
    assert.deepEqual(places(withoutPd, 'violated'), [])
  })

  test('a new leader of PD is given the time to hear every store, and to catch up with its timestamps', () => {
    const fresh = { leadership: { seenForMs: 5_000, tookOverMs: 5_000, changes: 1 } }
    const lost = tikv2({ store: view(2, { state: 'Disconnected' }) })
    const seen = well({ nodes: { ...lost.nodes, ...pdRecent({ systemTimeSlow: 5 }).nodes }, cluster: fresh })
    assert.deepEqual(places(seen, 'violated'), [])
    const unknown = places(seen, 'unknown')
    for (const place of ['store_disconnected tikv-2', 'regions_miss_peer cluster', 'pd_clock_slow pd-2'])
      assert.ok(unknown.includes(place), place)
  })

  test('with PDs alone, their word on the stores is enough for everything', () => {
    const { nodes } = well()
    const pds = Object.fromEntries(Object.entries(nodes).filter(([name]) => name.startsWith('pd')))
    const alone: TikvObservation = {
      ...well({ cluster: { otherStores: [view(1), view(2), view(3, { state: 'Down' })] } }),
      nodes: pds,
    }
    assert.deepEqual(places(alone, 'unknown'), [])
    assert.deepEqual(places(alone, 'violated'), [
      'regions_without_leader cluster',
      'other_store_disconnected cluster',
    ])
  })

  test('numbers that may be old prove no region without a leader', () => {
    const splitting = (fewestRegions: number | null) => well({ cluster: { regions: 9, fewestRegions } })
    assert.deepEqual(places(splitting(3), 'violated'), [])
    assert.deepEqual(places(splitting(9), 'violated'), ['regions_without_leader cluster'])
    assert.deepEqual(places(splitting(null), 'unknown'), ['regions_without_leader cluster'])
  })

  test('what the log said goes with a violation', () => {
    const log = { leaderElections: 2, snapshots: 0, slowOperations: 1, warnings: 3, errors: 4 }
    const observation = well(tikv2({ serving: false, log }))
    const rule = invariants.find(({ name }) => name === 'store_not_serving')
    const verdict = rule?.check(observation, 'tikv-2')
    assert.equal(verdict?.kind === 'violated' && verdict.values?.['log errors per minute'], 4)
  })

  test('a dead store explains what follows from it', () => {
    const by = (name: string) => invariants.find((one) => one.name === name)?.inhibitedBy ?? []
    for (const name of [
      'store_not_serving',
      'peer_unreachable',
      'store_disconnected',
      'slow_write',
      'regions_down_peer',
    ])
      assert.ok(by(name).includes('node_down'), name)
  })
})
