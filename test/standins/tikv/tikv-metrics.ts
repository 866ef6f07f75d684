import { statfsSync } from 'node:fs'
import { systemClock } from '../../../src/core/clock.ts'

const bounds = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10]

export interface Gauges {
  startedAt: number
  dataDir: string
  regions: number
  leaders: number
  /** How far behind the followers of its regions are, in entries. */
  lags: readonly number[]
}

/** Counts, and writes itself in the text format of Prometheus. */
export interface Registry {
  count(series: string, by?: number): void
  observe(name: string, labels: string, seconds: number): void
  text(gauges: Gauges): string
}

export function sizesOf(dataDir: string) {
  const { bsize, blocks, bavail, bfree } = statfsSync(dataDir)
  return {
    capacityBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    usedBytes: (blocks - bfree) * bsize,
  }
}

/** There from the start. Others appear with their first event, as in TiKV. */
const zeros = [
  'tikv_scheduler_latch_wait_duration_seconds|type="raw_put",',
  'tikv_raftstore_raft_process_duration_secs|type="ready",',
  'tikv_raftstore_raft_process_duration_secs|type="tick",',
  'tikv_scheduler_command_duration_seconds|type="raw_put",',
  'tikv_storage_engine_async_request_duration_seconds|type="write",',
  'tikv_storage_engine_async_request_duration_seconds|type="snapshot",',
  'tikv_grpc_msg_duration_seconds|type="raw_put",',
  'tikv_grpc_msg_duration_seconds|type="raw_get",',
]
/** Raft's logs are cleaned up by leaders, at a tick of their own. */
const logGcMs = 3_000
/** Counts of regions and the sizes of the disk are refreshed at moments of the store's own, not when somebody looks. */
const flushMs = 10_000
const sizesMs = 60_000
const lagBounds = [1, 10, 100, 1_000, 5_000, 10_000]

export function registry(): Registry {
  const counters = new Map<string, number>()
  const histograms = new Map<string, number[]>(zeros.map((key) => [key, []]))
  let lagAt = 0
  const regionCounts = keptFor<{ regions: number; leaders: number }>(flushMs)
  const sizes = keptFor<ReturnType<typeof sizesOf>>(sizesMs)
  const put = (key: string, bucketsOf: readonly number[], value: number) => {
    const counts = histograms.get(key) ?? []
    histograms.set(key, counts)
    const i = bucketsOf.findIndex((bound) => value <= bound)
    const at = i === -1 ? bucketsOf.length : i
    counts[at] = (counts[at] ?? 0) + 1
  }
  return {
    count: (series, by = 1) => void counters.set(series, (counters.get(series) ?? 0) + by),
    observe: (name, labels, seconds) => put(`${name}|${labels}`, bounds, seconds),
    text: ({ startedAt, dataDir, lags, ...gauges }) => {
      if (systemClock.now() - lagAt >= logGcMs) {
        lagAt = systemClock.now()
        for (const lag of lags) put('tikv_raftstore_log_lag|', lagBounds, lag)
      }
      const { regions, leaders } = regionCounts(() => gauges)
      const { capacityBytes, availableBytes, usedBytes } = sizes(() => sizesOf(dataDir))
      const { user, system } = process.cpuUsage()
      const lines = [
        `process_start_time_seconds ${startedAt / 1000}`,
        `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
        `process_cpu_seconds_total ${(user + system) / 1e6}`,
        `tikv_thread_cpu_seconds_total{name="raftstore_2_0",tid="7"} ${user / 1e6}`,
        `tikv_store_size_bytes{type="capacity"} ${capacityBytes}`,
        `tikv_store_size_bytes{type="available"} ${availableBytes}`,
        `tikv_store_size_bytes{type="used"} ${usedBytes}`,
        `tikv_raftstore_region_count{type="region"} ${regions}`,
        `tikv_raftstore_region_count{type="leader"} ${leaders}`,
        'tikv_worker_pending_task_total{name="apply-worker"} 0',
        'tikv_worker_pending_task_total{name="split-check"} 0',
        'tikv_server_cpu_cores_quota 2',
        'tikv_server_memory_quota_bytes 2.5276502016e+10',
        'tikv_scheduler_contex_total 0',
        'tikv_engine_write_stall{db="kv",type="write_stall_percentile99"} 0',
        ...[...counters].map(([series, value]) => `${series} ${value}`),
        ...[...histograms].flatMap(([key, counts]) => written(key, counts)),
      ]
      return `${lines.toSorted().join('\n')}\n`
    },
  }
}

function keptFor<T>(ms: number): (fresh: () => T) => T {
  let kept: { at: number; value: T } | null = null
  return (fresh) => {
    if (!kept || systemClock.now() - kept.at >= ms) kept = { at: systemClock.now(), value: fresh() }
    return kept.value
  }
}

function written(key: string, counts: readonly number[]): string[] {
  const [name = '', labels = ''] = key.split('|')
  const all = name === 'tikv_raftstore_log_lag' ? lagBounds : bounds
  let sum = 0
  return [...all, '+Inf'].map((bound, i) => {
    sum += counts[i] ?? 0
    return `${name}_bucket{${labels}le="${bound}"} ${sum}`
  })
}
