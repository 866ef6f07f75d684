import { notApplicable, ok, unknown, violated } from '../../../core/watch/invariant.ts'
import { slowRoundTripSeconds } from '../observe/link-reports.ts'
import { shortMs } from '../observe/series.ts'
import {
  isRemoved,
  limited,
  nodesOf,
  pdLimit,
  percent,
  perNode,
  shareOf,
  storeLimit,
  type TikvInvariant,
  unread,
} from './shared.ts'

const shorter = `upstream waits minutes; here a window of ${shortMs / 1000} s and a grace of seconds`
const slow = {
  severity: 'warning',
  graceMs: 10_000,
  keepFiringMs: 5_000,
  unit: 'ms (p99)',
  scale: 1_000,
} as const
const burst = { severity: 'warning', graceMs: 5_000, keepFiringMs: 5_000 } as const
const inhibitedBy = ['node_down', 'store_not_serving', 'peer_unreachable']

const stores: TikvInvariant[] = [
  storeLimit('criticalErrors', {
    ...{
      name: 'critical_error',
      limit: 0,
      unit: 'critical errors',
      ...burst,
      severity: 'critical',
      graceMs: 0,
    },
    description: 'The store reports an error that it calls critical: data or consensus may be at stake.',
    source: 'tikv.rules.yml: TiKV_critical_error > 0. The series appears with the first error',
  }),
  storeLimit('channelFull', {
    ...{ name: 'channel_full', limit: 0, unit: 'messages dropped', ...burst },
    description: 'An internal queue of the store is full: it gets more than it can do.',
    source: 'tikv.rules.yml: TiKV_channel_full_total > 0. The series appears with the first event',
  }),
  storeLimit('writeStall', {
    ...{ name: 'write_stall', limit: 0, unit: 'of a write stall', ...burst },
    description: 'The storage engine makes writers wait, as compaction does not keep up.',
    source: 'tikv.rules.yml: TiKV_write_stall > 0',
  }),
  storeLimit('logLagP99', {
    ...{ name: 'raft_log_lag', limit: 5_000, unit: 'entries (p99)', ...burst, inhibitedBy },
    description: 'Followers are far behind their leader.',
    source:
      'tikv.rules.yml: TiKV_raft_log_lag, p99 > 5000. The series appears with a leader’s first clean-up',
  }),
  storeLimit('writeP99Seconds', {
    ...{ name: 'slow_write', limit: 1_000, inhibitedBy, ...slow },
    description: 'A write through Raft takes long: a slow disk, a slow link, or no majority.',
    source: `tikv.rules.yml: TiKV_async_request_write_duration_seconds, p99 > 1 s; ${shorter}`,
  }),
  storeLimit('snapshotP99Seconds', {
    ...{ name: 'slow_snapshot', limit: 1_000, inhibitedBy, ...slow },
    description: 'Getting a consistent view to read from takes long.',
    source: `tikv.rules.yml: TiKV_async_request_snapshot_duration_seconds, p99 > 1 s; ${shorter}`,
  }),
  storeLimit('appendP99Seconds', {
    ...{ name: 'slow_append', limit: 1_000, ...slow },
    description: 'Writing the Raft log takes long: the disk is slow.',
    source: `tikv.rules.yml: TiKV_raft_append_log_duration_secs, p99 > 1 s; ${shorter}`,
  }),
  storeLimit('applyP99Seconds', {
    ...{ name: 'slow_apply', limit: 1_000, ...slow },
    description: 'Applying what is committed takes long.',
    source: `tikv.rules.yml: TiKV_raft_apply_log_duration_secs, p99 > 1 s; ${shorter}`,
  }),
  storeLimit('readyP999Seconds', {
    ...{ name: 'slow_raft_ready', limit: 2_000, ...slow, unit: 'ms (p99.9)' },
    description: 'The threads of Raft take long for one round of work: its disk or its CPU is short.',
    source: `tikv.rules.yml: TiKV_raft_process_ready_duration_secs, p99.9 > 2 s; ${shorter}`,
  }),
  storeLimit('tickP999Seconds', {
    ...{ name: 'slow_raft_tick', limit: 2_000, ...slow, unit: 'ms (p99.9)' },
    description: 'The clock of Raft ticks late: elections may begin for no reason.',
    source: `tikv.rules.yml: TiKV_raft_process_tick_duration_secs, p99.9 > 2 s; ${shorter}`,
  }),
  storeLimit('latchP99Seconds', {
    ...{ name: 'slow_latch', limit: 1_000, ...slow },
    description: 'Writes to the same keys wait for each other for long.',
    source: `tikv.rules.yml: TiKV_scheduler_latch_wait_duration_seconds, p99 > 1 s; ${shorter}`,
  }),
  storeLimit('commandP99Seconds', {
    ...{ name: 'slow_command', limit: 1_000, inhibitedBy, ...slow },
    description: 'A command of the scheduler takes long.',
    source: `tikv.rules.yml: TiKV_scheduler_command_duration_seconds, p99 > 1 s; ${shorter}`,
  }),
  storeLimit('coprocessorP9999Seconds', {
    ...{ name: 'slow_coprocessor', limit: 10_000, ...slow, unit: 'ms (p99.99)' },
    description: 'Requests to the coprocessor, which SQL reads through, wait for long.',
    source: `tikv.rules.yml: TiKV_coprocessor_request_wait_seconds, p99.99 > 10 s; ${shorter}`,
  }),
  storeLimit(({ schedulerContexts }) => schedulerContexts && Math.abs(schedulerContexts), {
    ...{
      name: 'scheduler_contexts',
      limit: 1_000,
      unit: 'commands more or fewer',
      ...burst,
      graceMs: 30_000,
    },
    description: 'Commands pile up in the scheduler, or go all at once.',
    source: 'tikv.rules.yml: TiKV_scheduler_context_total, |delta| > 1000 in 5 m',
  }),
  storeLimit('regionSizeP99Bytes', {
    ...{ name: 'region_size', limit: 1, unit: 'GiB (p99)', scale: 1 / 2 ** 30, ...burst, graceMs: 30_000 },
    description: 'Regions are far larger than they should be: they are not split, and slow to move.',
    source: 'tikv.rules.yml: TiKV_approximate_region_size, p99 > 1 GiB',
  }),
  storeLimit('levelZeroFiles', {
    ...{ name: 'write_stall_near', limit: 80, unit: 'files at level 0', ...burst, graceMs: 30_000 },
    description: 'Compaction does not keep up: the store is about to make writers wait.',
    source: 'tikv.rules.yml: TiKV_maybe_write_stall, tikv_scheduler_l0_avg > 80',
  }),
  storeLimit('requestP99Seconds', {
    ...{ name: 'slow_requests', limit: 1_000, inhibitedBy, ...slow },
    description: 'Clients wait for long.',
    source: `tikv dashboards: gRPC message duration; upstream has no rule for it. The limit is that of a write; ${shorter}`,
  }),
  storeLimit('pendingTasks', {
    ...{ name: 'pending_tasks', limit: 1_000, unit: 'tasks of one worker', ...burst, graceMs: 30_000 },
    description: 'Background work piles up.',
    source: 'tikv.rules.yml: TiKV_pending_task > 1000, each worker by itself',
  }),
  storeLimit('raftCpu', {
    ...{ name: 'raft_cpu', limit: 1.6, unit: 'CPUs', ...burst, graceMs: 30_000 },
    description: 'The threads of Raft need nearly all the CPU that they can have.',
    source: 'tikv.rules.yml: TiKV_raftstore_thread_cpu_seconds_total > 1.6, with two threads by default',
  }),
  storeLimit('memoryGrowthBytes', {
    ...{ name: 'memory_growth', limit: 5, unit: 'GiB more', scale: 1 / 2 ** 30, ...burst },
    description: 'The process takes more and more memory.',
    source: 'tikv.rules.yml: TiKV_memory_used_too_fast, 5 GiB in 5 m',
  }),
  storeLimit(({ cpu, cpuQuota }) => shareOf(cpu, cpuQuota), {
    ...{ name: 'cpu_quota', limit: 80, unit: '% of its CPUs', scale: 100, ...burst, graceMs: 45_000 },
    description: 'The store needs nearly all the CPU that it may have.',
    source: 'tikv.rules.yml: TiKV_cpu_quota > 0.8 for 45 s',
  }),
  storeLimit(({ memoryBytes, memoryQuotaBytes }) => shareOf(memoryBytes, memoryQuotaBytes), {
    ...{ name: 'memory_quota', limit: 80, unit: '% of its memory', scale: 100, ...burst, graceMs: 15_000 },
    description: 'The store needs nearly all the memory that it may have: the kernel may end it.',
    source: 'tikv.rules.yml: TiKV_memory_quota > 0.8 for 15 s',
  }),
]

/** A new leader of PD goes on from what was reserved, up to 3 s ahead: its clock catches up. Measured with a resign. */
const settledMs = 30_000

const pds: TikvInvariant[] = [
  pdLimit('fsyncP99Seconds', {
    ...{ name: 'pd_slow_fsync', limit: 1_000, ...slow },
    description: 'Writing PD’s write-ahead log takes long: the disk is slow.',
    source: `pd.rules.yml: PD_etcd_write_disk_latency, p99 > 1 s; ${shorter}`,
  }),
  perNode(
    'pd',
    {
      ...{ name: 'pd_slow_peer', severity: 'warning', graceMs: 10_000, keepFiringMs: 5_000 },
      description: 'Messages between this PD and others take long.',
      source:
        'pd.rules.yml: PD_etcd_network_peer_latency, p99 > 1 s; etcd measures it every 30 s, hence a window of 45 s. Here by the PD that has most of the slow ways, so that it is named',
      inhibitedBy: ['node_down'],
    },
    ({ peerP99Seconds }, name) =>
      peerP99Seconds === null
        ? unknown('not every other PD says how long its messages take')
        : limited(name, peerP99Seconds, { ...slow, limit: slowRoundTripSeconds * 1_000 }),
  ),
  pdLimit('tsoP99Seconds', {
    ...{ name: 'pd_slow_tso', limit: 100, ...slow },
    description: 'Handing out timestamps takes long: every transaction waits for them.',
    source: `pd.rules.yml: PD_tidb_handle_requests_duration, p99 > 0.1 s, which TiDB measures; here PD’s own pd_server_handle_tso_duration_seconds; ${shorter}`,
  }),
  perNode(
    'pd',
    {
      ...{ name: 'pd_clock_slow', severity: 'warning', graceMs: 0, keepFiringMs: 10 * 60_000 },
      description: 'The clock of the PD was slow or jumped back: timestamps run ahead of it, or are refused.',
      source: 'pd.rules.yml: PD_system_time_slow, in 10 m; and tso_monitor_time_jump_back_total',
      inhibitedBy: ['node_down'],
    },
    ({ recent }, name, { cluster }) => {
      if (!recent) return unread
      const { systemTimeSlow, clockJumps } = recent
      if (systemTimeSlow === null || clockJumps === null) return unknown(`${name} does not say`)
      const times = Math.round(systemTimeSlow + clockJumps)
      if (times === 0) return ok
      return (cluster.leadership.seenForMs ?? 0) < settledMs
        ? unknown('timestamps of a new leader begin ahead of its clock')
        : violated(`the clock of ${name} was behind ${times} times`, { times })
    },
  ),
  pdLimit(({ cpu, maxProcs }) => shareOf(cpu, maxProcs), {
    ...{ name: 'pd_cpu_quota', limit: 80, unit: '% of its CPUs', scale: 100, ...burst, graceMs: 45_000 },
    description: 'The PD needs nearly all the CPU that it may have.',
    source: 'pd.rules.yml: PD_cpu_quota > 0.8 for 45 s',
  }),
  pdLimit(({ memoryBytes, memoryQuotaBytes }) => shareOf(memoryBytes, memoryQuotaBytes), {
    ...{ name: 'pd_memory_quota', limit: 80, unit: '% of its memory', scale: 100, ...burst, graceMs: 15_000 },
    description: 'The PD needs nearly all the memory that it may have: the kernel may end it.',
    source: 'pd.rules.yml: PD_memory_quota > 0.8 for 15 s',
  }),
  pdLimit(({ etcdBytes, etcdQuotaBytes }) => shareOf(etcdBytes, etcdQuotaBytes), {
    ...{ name: 'pd_etcd_quota', limit: 80, unit: '% of its quota', scale: 100, ...burst, graceMs: 15_000 },
    description: 'The database of the etcd in PD is nearly full; full, PD can store nothing more.',
    source: 'pd.rules.yml: pd_etcd_quota > 0.8',
  }),
]

/** One failover is no fault, nor are two. */
const fewChanges = 2

/** For the whole cluster. Every observation knows the leader, and the etcd in each PD counts changes. */
const leaderChanges: TikvInvariant = {
  name: 'pd_leader_changes',
  scope: 'cluster',
  severity: 'warning',
  graceMs: 0,
  keepFiringMs: 10_000,
  description: 'PD changes or loses its leader again and again: its network or its disk is unsteady.',
  source: `pd.rules.yml: PD_leader_change >= 2 in 10 m and PD_leader_lease_drop_without_failover; here more than ${fewChanges} in 10 m`,
  inhibitedBy: ['node_down', 'pd_no_quorum', 'pd_leaderless'],
  check(observation) {
    const inEtcd = nodesOf(observation, 'pd').map(([, { recent }]) => recent?.etcdLeaderChanges ?? null)
    const seen = observation.cluster.leadership.changes
    const changes = Math.max(seen, ...inEtcd.map((count) => count ?? 0))
    if (changes > fewChanges)
      return violated(`${Math.round(changes)} changes of leader in ten minutes`, { changes })
    const known = inEtcd.every((count) => count !== null) && observation.cluster.leader !== null
    return known ? ok : unknown('not every PD says how often its leader changed')
  },
}
/** PD hands out time. */
const clockSkew: TikvInvariant = {
  name: 'clock_skew',
  scope: 'node',
  severity: 'warning',
  graceMs: 10_000,
  keepFiringMs: 5_000,
  description:
    'The clock of the node is not ours: PD refuses to hand out timestamps when its own jumps back.',
  source: 'node_exporter mixin: clock skew. Limit: our own; PD’s own word is pd_clock_slow',
  inhibitedBy: ['node_down'],
  check(observation, name) {
    const node = observation.nodes[name]
    if (isRemoved(node)) return ok
    if (node?.reach !== 'answered') return unknown(node?.error ?? 'not observed')
    if (node.clockOffsetMs === undefined)
      return node.kind === 'tool' ? ok : notApplicable('its answers have no date')
    if (node.clockOffsetMs === null) return unknown(`${name} does not tell the time`)
    if (Math.abs(node.clockOffsetMs) <= skewMs) return ok
    return violated(`the clock of ${name} is off by ${node.clockOffsetMs} ms`, {
      offsetMs: node.clockOffsetMs,
    })
  },
}
const skewMs = 5_000

const storeSpace = perNode(
  'tikv',
  {
    name: 'store_low_space',
    severity: 'warning',
    graceMs: 2_000,
    keepFiringMs: 5_000,
    description: 'Little of the store’s disk is free; full, it refuses writes or ends.',
    source:
      'tikv.rules.yml: TiKV_low_space, available / capacity < 0.2; the store refreshes it every 60 s since 8.5.4. PD ignores low space while a cluster is small, so not its word',
    inhibitedBy: ['node_down'],
  },
  ({ recent }, name) => {
    if (!recent) return unread
    const { capacityBytes, availableBytes } = recent
    if (capacityBytes === null || availableBytes === null || capacityBytes === 0)
      return unknown(`${name} does not report its space`)
    const free = availableBytes / capacityBytes
    return free >= leastFree
      ? ok
      : violated(`${name} has ${percent(free)} % of its disk free`, { freePercent: percent(free) })
  },
)
const leastFree = 0.2

const diskSpace: TikvInvariant = {
  name: 'disk_space',
  scope: 'node',
  severity: 'critical',
  graceMs: 1_000,
  keepFiringMs: 2_000,
  description: 'The disk with the node’s data is full, or nearly so.',
  source:
    'tikv blacker.rules.yml: disk available <= 20 % for 3 m warns; below 2 % the next write may end the process',
  check(observation, name) {
    const node = observation.nodes[name]
    if (isRemoved(node)) return ok
    const disk = node?.disk
    // Not asked for: nothing to say of a node that is there.
    if (disk === undefined) return node?.reach === 'answered' ? ok : unknown(node?.error ?? 'not observed')
    if (disk === null) return unknown('its disk could not be looked at')
    const free = disk.availableBytes / disk.totalBytes
    return free >= 0.02
      ? ok
      : violated(`${percent(free)} % of the disk of ${name} is free`, { freePercent: percent(free) })
  },
}

export const pace = [...stores, ...pds, leaderChanges, clockSkew, storeSpace, diskSpace]
