/** How a number comes out of a family of series, by the page of a process or by a query for all of them. */
export interface Series {
  /**
   * `value`: the sum now. `change`: how much that sum has changed over the window. Of counters, `rate`: the increase per
   * second, `increase`: the increase, over the window. `quantile`: of a histogram, over the window, in its own unit; 0 when
   * nothing was measured.
   */
  kind: 'value' | 'change' | 'rate' | 'increase' | 'quantile'
  family: string
  /** Only series of which this label is like that, a regular expression of the whole value. */
  where?: { label: string; like: string }
  /** Told apart by this label; the number of the whole is then that of the highest. */
  by?: string
  /** The quantile, for `quantile`. */
  q?: number
  windowMs: number
  /**
   * Meaning of a series that a process has not had since its start. Some series appear with their first event. The others are
   * unknown then, since a rule without its metric can never fire.
   */
  absent: 'zero' | 'unknown'
  /** Such series come and go while the process lives. Of others it is a sign of an answer that is not whole. */
  mayVanish?: true
}

/**
 * Upstream looks back a minute to ten because it pages people; an operator that acts within seconds needs a window that a
 * repaired system leaves within seconds, too.
 */
export const shortMs = 15_000
/** As upstream has them, where the thing itself is slow. */
const oneMinuteMs = 60_000
const fiveMinutesMs = 5 * 60_000
const tenMinutesMs = 10 * 60_000
/** etcd, which is in PD, measures the way to its peers every 30 s: the window has one of these in it at any time. */
const roundTripsMs = 45_000
/** A cut link is a matter of seconds. */
export const undeliveredMs = 4_000

type Where = [label?: string, like?: string]
const where = ([label, like]: Where) =>
  label !== undefined && like !== undefined ? { where: { label, like } } : {}

const value = (family: string, ...only: Where): Series => ({
  kind: 'value',
  family,
  windowMs: shortMs,
  absent: 'unknown',
  ...where(only),
})
const change = (family: string): Series => ({
  kind: 'change',
  family,
  windowMs: fiveMinutesMs,
  absent: 'unknown',
})
const events = (kind: 'rate' | 'increase', family: string, ...only: Where): Series => ({
  kind,
  family,
  windowMs: shortMs,
  absent: 'zero',
  ...where(only),
})
const quantile = (q: number, family: string, ...only: Where): Series => ({
  kind: 'quantile',
  q,
  family,
  windowMs: shortMs,
  absent: 'zero',
  ...where(only),
})
const p99 = (family: string, ...only: Where): Series => quantile(0.99, family, ...only)

const inProcess = {
  startedAtSeconds: value('process_start_time_seconds'),
  cpu: { ...events('rate', 'process_cpu_seconds_total'), absent: 'unknown' },
  memoryBytes: value('process_resident_memory_bytes'),
} satisfies Record<string, Series>

const requests = 'tikv_storage_engine_async_request_duration_seconds'
const raftProcess = 'tikv_raftstore_raft_process_duration_secs'

/** Names: TiKV's source (metrics.rs) and its Grafana dashboards. */
export const storeSeries = {
  ...inProcess,
  cpuQuota: { ...value('tikv_server_cpu_cores_quota'), absent: 'zero' },
  memoryQuotaBytes: { ...value('tikv_server_memory_quota_bytes'), absent: 'zero' },
  leaders: value('tikv_raftstore_region_count', 'type', 'leader'),
  capacityBytes: value('tikv_store_size_bytes', 'type', 'capacity'),
  availableBytes: value('tikv_store_size_bytes', 'type', 'available'),
  memoryGrowthBytes: change('process_resident_memory_bytes'),
  requestsPerSecond: events('rate', 'tikv_storage_command_total'),
  requestP99Seconds: p99('tikv_grpc_msg_duration_seconds', 'type', '(raw|kv)_.*'),
  criticalErrors: events('increase', 'tikv_critical_error_total'),
  undeliveredPerSecond: {
    ...events('rate', 'tikv_server_report_failure_msg_total', 'type', 'unreachable'),
    by: 'store_id',
    windowMs: undeliveredMs,
  },
  channelFull: events('increase', 'tikv_channel_full_total'),
  writeStall: { ...value('tikv_engine_write_stall', 'type', 'write_stall_percentile99'), absent: 'zero' },
  levelZeroFiles: { ...value('tikv_scheduler_l0_avg'), absent: 'zero' },
  logLagP99: p99('tikv_raftstore_log_lag'),
  writeP99Seconds: p99(requests, 'type', 'write'),
  snapshotP99Seconds: p99(requests, 'type', 'snapshot'),
  appendP99Seconds: p99('tikv_raftstore_append_log_duration_seconds'),
  applyP99Seconds: p99('tikv_raftstore_apply_log_duration_seconds'),
  readyP999Seconds: quantile(0.999, raftProcess, 'type', 'ready'),
  tickP999Seconds: quantile(0.999, raftProcess, 'type', 'tick'),
  latchP99Seconds: p99('tikv_scheduler_latch_wait_duration_seconds'),
  commandP99Seconds: p99('tikv_scheduler_command_duration_seconds'),
  coprocessorP9999Seconds: quantile(0.9999, 'tikv_coprocessor_request_wait_seconds', 'type', 'all'),
  // Upstream's spelling.
  schedulerContexts: { ...change('tikv_scheduler_contex_total'), absent: 'zero' },
  regionSizeP99Bytes: p99('tikv_raftstore_region_size'),
  // Each worker by itself: upstream's limit is that of one.
  pendingTasks: { ...value('tikv_worker_pending_task_total'), by: 'name' },
  raftCpu: {
    ...events('rate', 'tikv_thread_cpu_seconds_total', 'name', '(raftstore|rs)_.*'),
    absent: 'unknown',
  },
} satisfies Record<string, Series>

/** PD's own, and those of the etcd in it. */
export const pdSeries = {
  ...inProcess,
  maxProcs: { ...value('pd_service_maxprocs'), absent: 'zero' },
  memoryQuotaBytes: { ...value('pd_service_memory_quota_bytes'), absent: 'zero' },
  etcdLeaderChanges: {
    kind: 'increase',
    family: 'etcd_server_leader_changes_seen_total',
    windowMs: tenMinutesMs,
    absent: 'unknown',
  },
  etcdBytes: value('etcd_mvcc_db_total_size_in_bytes'),
  etcdQuotaBytes: value('etcd_server_quota_backend_bytes'),
  fsyncP99Seconds: { ...p99('etcd_disk_wal_fsync_duration_seconds'), absent: 'unknown' },
  peerP99Seconds: {
    ...p99('etcd_network_peer_round_trip_time_seconds'),
    by: 'To',
    windowMs: roundTripsMs,
  },
  tsoP99Seconds: p99('pd_server_handle_tso_duration_seconds'),
  systemTimeSlow: events('increase', 'pd_tso_events', 'type', 'system_time_slow'),
  clockJumps: events('increase', 'tso_monitor_time_jump_back_total'),
} satisfies Record<string, Series>

const regions = (what: string): Series => value('pd_regions_status', 'type', `${what}-region-count`)

/**
 * Metrics that only the leader has, refreshed every 10 s. Other PDs have the same series with zeros, or with old values from
 * when they led. Lists of regions (`/regions/check`) would say the same, but cost more the more regions have a problem.
 */
export const leaderSeries = {
  startedAtSeconds: inProcess.startedAtSeconds,
  missPeer: regions('miss-peer'),
  extraPeer: regions('extra-peer'),
  downPeer: regions('down-peer'),
  pendingPeer: regions('pending-peer'),
  offlinePeer: regions('offline-peer'),
  learnerPeer: regions('learner-peer'),
  oversized: { ...regions('oversized'), absent: 'zero' },
  slowStores: { ...value('pd_cluster_status', 'type', 'store_slow_count'), absent: 'zero' },
  noTargetStore: {
    ...events('increase', 'pd_checker_event_count', 'name', 'no-target-store|no-store-.*'),
    windowMs: oneMinuteMs,
  },
  hotLeaders: {
    ...value('pd_hotspot_status', 'type', 'hot_(write|read)_region_as_leader'),
    by: 'store',
    absent: 'zero',
    mayVanish: true,
  },
  hotLeadersOfAll: {
    ...value('pd_hotspot_status', 'type', 'hot_(write|read)_region_as_leader'),
    absent: 'zero',
    mayVanish: true,
  },
} satisfies Record<string, Series>

type Values<T> = Record<keyof T, number | null>
export type StoreSeries = Values<typeof storeSeries>
export type PdSeries = Values<typeof pdSeries>
export type LeaderSeries = Values<typeof leaderSeries>

/** A page without this is not the metrics of one of these programs. */
export const anchor = 'process_start_time_seconds'

/** One query for all stores at once; over a minute, as upstream's rules have it, or longer. */
export function queryOf({ kind, family, where: only, by, q, windowMs }: Series): string {
  const labels = `instance${by ? `, ${by}` : ''}`
  const matcher = only ? `{${only.label}=~${JSON.stringify(only.like)}}` : ''
  const seconds = Math.max(60, windowMs / 1_000)
  const range = seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
  const one = `${family}${matcher}`
  switch (kind) {
    case 'value':
      return `sum(${one}) by (${labels})`
    case 'change':
      return `sum(delta(${one}[${range}])) by (${labels})`
    case 'rate':
      return `sum(rate(${one}[${range}])) by (${labels})`
    case 'increase': {
      // `increase` of a series that has just appeared is 0; all of it is new if its process was scraped before.
      const appeared = `(${one} unless ${one} offset ${range}) and on(instance) (${anchor} offset ${range})`
      return `sum((${appeared}) or increase(${one}[${range}])) by (${labels})`
    }
    case 'quantile': {
      // Without anything measured a quantile is NaN, which is also what a broken answer has.
      const measured = `sum(rate(${family}_bucket${withLabel(matcher, 'le="+Inf"')}[${range}])) by (${labels})`
      const quantile = `histogram_quantile(${q}, sum(rate(${family}_bucket${matcher}[${range}])) by (le, ${labels}))`
      return `(${quantile} and ${measured} > 0) or ${measured} * 0`
    }
    default:
      return kind satisfies never
  }
}

const withLabel = (matcher: string, label: string): string =>
  matcher === '' ? `{${label}}` : `${matcher.slice(0, -1)},${label}}`
