import type { Clock } from '../../../src/core/clock.ts'
import type { Endpoints } from '../../../src/core/watch/topology.ts'
import { healthCheck } from '../../../src/subjects/tikv/wire/messages.ts'
import { freePorts } from '../etcd.ts'
import { type Page, type Scripted, scripted } from '../scripted-http.ts'
import { everyStore } from './scripted-pd.ts'
import { grpcServer, on, portOf } from './serve.ts'

// A cluster in which nearly everything that can be wrong without a node being gone is wrong, and stays so.

export const sickPds = ['pd-1', 'pd-2', 'pd-3']
export const sickStores = ['tikv-1', 'tikv-2', 'tikv-3']
const memberIds: Record<string, string> = { 'pd-1': '11', 'pd-2': '255', 'pd-3': '4095' }

/** Changes what a node would answer. */
export type Spoil = (node: string, path: string, page: Page) => Page

export interface ScriptedTikv extends AsyncDisposable {
  endpoints: Endpoints
  /** What a node answers at a path, in health. */
  page(node: string, path: string): Page | undefined
  paths(node: string): string[]
  spoil: Spoil
}

/** The second store waits for its disk, the third has closed its door. */
export const sickTikv = (clock: Clock): Promise<ScriptedTikv> => scriptedTikv(clock, pagesOf, [1, 3, 2])

/** Three PDs and three stores that answer as `pagesOf` says, by the seconds since the start; `health`: of gRPC, by store. */
export async function scriptedTikv(
  clock: Clock,
  pagesOf: (node: string, seconds: number) => Record<string, Page>,
  health: readonly number[],
): Promise<ScriptedTikv> {
  const startedAt = clock.monotonic()
  const seconds = () => (clock.monotonic() - startedAt) / 1_000
  const grpcPorts = await freePorts(sickStores.length)
  const servers = new Map<string, Scripted>()
  const sick: Omit<ScriptedTikv, typeof Symbol.asyncDispose> = {
    endpoints: {},
    spoil: (_, __, page) => page,
    page: (node, path) => pagesOf(node, seconds())[path],
    paths: (node) => Object.keys(pagesOf(node, 0)),
  }
  for (const node of [...sickPds, ...sickStores]) {
    const server = await scripted((path) => {
      const page = sick.page(node, path)
      return page && sick.spoil(node, path, page)
    })
    servers.set(node, server)
    const grpc = grpcPorts[sickStores.indexOf(node)]
    sick.endpoints[node] = {
      url: server.url,
      ...(grpc !== undefined && { ports: { 20160: `127.0.0.1:${grpc}` } }),
    }
  }
  const ports = sickStores.map((_, i) => {
    const status = health[i] ?? 1
    return portOf(`127.0.0.1:${grpcPorts[i]}`, { grpc: grpcServer([on(healthCheck, () => ({ status }))]) })
  })
  for (const port of ports) await port.open()
  return Object.assign(sick, {
    async [Symbol.asyncDispose]() {
      for (const server of servers.values()) await server[Symbol.asyncDispose]()
      for (const port of ports) await port.close()
    },
  })
}

export const json = (value: unknown): Page => ({ body: JSON.stringify(value, null, 2) })
export const page = (lines: readonly string[]): Page => ({ body: `${lines.join('\n')}\n` })

function pagesOf(node: string, seconds: number): Record<string, Page> {
  if (node.startsWith('tikv'))
    return { '/status': { body: '' }, '/metrics': page(storeMetrics(node, seconds)) }
  const own = {
    '/pd/api/v1/status': json({ version: 'v8.5.7', git_hash: 'x', start_timestamp: 1_795_382_606 }),
    '/metrics': page(pdMetrics(node, seconds)),
  }
  // Cut off from the others.
  if (node === 'pd-1')
    return {
      ...own,
      '/pd/api/v1/members': {
        status: 503,
        body: '[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader\n',
      },
    }
  const member = (name: string) => ({
    name,
    member_id: Number(memberIds[name] ?? 77),
    client_urls: [`http://${name}:2379`],
  })
  return {
    ...own,
    '/pd/api/v1/members': json({
      members: [...sickPds, 'pd-4'].map(member),
      leader: member('pd-2'),
      etcd_leader: member('pd-2'),
    }),
    [everyStore]: json(stores),
    '/pd/api/v1/stats/region?count': json({ count: 1_000, empty_count: 0 }),
    '/pd/api/v1/schedulers': json(['balance-leader-scheduler', 'balance-region-scheduler']),
    '/pd/api/v1/schedulers?status=paused': json(['balance-region-scheduler']),
    '/pd/api/v1/config/schedule': json({
      'leader-schedule-limit': 4,
      'region-schedule-limit': 0,
      'replica-schedule-limit': 64,
      'halt-scheduling': 'true',
    }),
    '/pd/api/v1/operators?object': json([]),
    '/pd/api/v1/health': json(
      [...sickPds, 'pd-4'].map((name) => ({ ...member(name), health: name !== 'pd-4' })),
    ),
  }
}

const store = (i: number, state_name: string, status: object) => ({
  store: {
    id: i,
    address: `tikv-${i}:20160`,
    status_address: `tikv-${i}:20180`,
    version: '8.5.7',
    node_state: 1,
    state_name,
  },
  status: {
    capacity: '1TiB',
    available: '50GiB',
    leader_count: 2,
    region_count: 100,
    slow_score: 1,
    ...status,
  },
})
const stores = {
  count: 5,
  stores: [
    store(1, 'Up', { leader_count: 90, slow_score: 100, network_slow_score: { 2: 1, 3: 100 } }),
    store(2, 'Up', { leader_count: 1, capacity: '100GiB', available: '60GiB' }),
    store(3, 'Disconnected', { is_busy: true }),
    store(4, 'Down', { slow_score: 90, network_slow_score: { 2: 99 } }),
    store(5, 'Up', {}),
  ],
}

export const buckets = (family: string, labels: string, slow: number, bounds: readonly number[]) =>
  ['0.001', ...bounds.map(String), '+Inf'].map(
    (le, i) => `${family}_bucket{${labels}le="${le}"} ${i === 0 ? 5 : 5 + slow}`,
  )

function pdMetrics(node: string, seconds: number): string[] {
  const n = Math.floor(seconds)
  const others = sickPds.filter((other) => other !== node)
  return [
    'process_start_time_seconds 1795382606',
    'process_resident_memory_bytes 9e+09',
    `process_cpu_seconds_total ${seconds * 1.9}`,
    'pd_service_maxprocs 2',
    'pd_service_memory_quota_bytes 1e+10',
    `etcd_server_leader_changes_seen_total ${n}`,
    'etcd_mvcc_db_total_size_in_bytes 8e+09',
    'etcd_server_quota_backend_bytes 8.589934592e+09',
    `pd_tso_events{dc="global",group="0",type="save"} ${n}`,
    `pd_tso_events{dc="global",group="0",type="system_time_slow"} ${n}`,
    'tso_monitor_time_jump_back_total 0',
    ...buckets('etcd_disk_wal_fsync_duration_seconds', '', n, [8]),
    ...buckets('pd_server_handle_tso_duration_seconds', '', n, [8]),
    // All that go to or from the third are slow.
    ...others.flatMap((other) =>
      buckets(
        'etcd_network_peer_round_trip_time_seconds',
        `To="${BigInt(memberIds[other] ?? 0).toString(16)}",`,
        node === 'pd-3' || other === 'pd-3' ? n : 0,
        [8],
      ),
    ),
    ...[
      'miss-peer',
      'extra-peer',
      'down-peer',
      'pending-peer',
      'offline-peer',
      'learner-peer',
      'oversized',
    ].map((kind) => `pd_regions_status{type="${kind}-region-count"} ${node === 'pd-2' ? 34 : 0}`),
    ...['1', '2', '3', '4'].map(
      (id) => `pd_cluster_status{engine="tikv",store="${id}",type="store_slow_count"} ${id === '1' ? 1 : 0}`,
    ),
    `pd_checker_event_count{name="no-store-add",type="rule_checker"} ${n}`,
    'pd_checker_event_count{name="no-target-store",type="replica_checker"} 0',
    'pd_hotspot_status{name="tikv-1:20160",store="1",type="hot_write_region_as_leader"} 90',
    'pd_hotspot_status{name="tikv-2:20160",store="2",type="hot_write_region_as_leader"} 1',
  ]
}

function storeMetrics(node: string, seconds: number): string[] {
  const n = Math.floor(seconds)
  const engine = 'tikv_storage_engine_async_request_duration_seconds'
  return [
    'process_start_time_seconds 1795382607',
    `process_resident_memory_bytes ${9e9 + n * 1e9}`,
    `process_cpu_seconds_total ${seconds * 7.9}`,
    'tikv_server_cpu_cores_quota 8',
    `tikv_server_memory_quota_bytes ${1e10}`,
    'tikv_raftstore_region_count{type="region"} 100',
    'tikv_raftstore_region_count{type="leader"} 2',
    'tikv_store_size_bytes{type="capacity"} 1e+12',
    'tikv_store_size_bytes{type="available"} 5e+10',
    'tikv_storage_command_total{type="raw_put"} 5',
    ...buckets('tikv_grpc_msg_duration_seconds', 'type="raw_put",', n, [8]),
    `tikv_critical_error_total{type="panic"} ${n}`,
    // Only the first says that it does not reach the second.
    ...(node === 'tikv-1'
      ? [`tikv_server_report_failure_msg_total{type="unreachable",store_id="2"} ${n * 5}`]
      : []),
    `tikv_channel_full_total{type="x"} ${n}`,
    'tikv_engine_write_stall{db="kv",type="write_stall_percentile99"} 7',
    'tikv_scheduler_l0_avg 90',
    ...buckets('tikv_raftstore_log_lag', '', n, [9_000]),
    ...buckets(engine, 'type="write",', n, [8]),
    ...buckets(engine, 'type="snapshot",', n, [8]),
    ...buckets('tikv_raftstore_append_log_duration_seconds', '', n, [8]),
    ...buckets('tikv_raftstore_apply_log_duration_seconds', '', n, [8]),
    ...buckets('tikv_raftstore_raft_process_duration_secs', 'type="ready",', n, [8]),
    ...buckets('tikv_raftstore_raft_process_duration_secs', 'type="tick",', n, [8]),
    ...buckets('tikv_scheduler_latch_wait_duration_seconds', 'type="raw_put",', n, [8]),
    ...buckets('tikv_scheduler_command_duration_seconds', 'type="raw_put",', n, [8]),
    ...buckets('tikv_coprocessor_request_wait_seconds', 'type="all",', n, [80]),
    `tikv_scheduler_contex_total ${n * 50}`,
    ...buckets('tikv_raftstore_region_size', '', n, [8e9]),
    'tikv_worker_pending_task_total{name="a"} 1',
    'tikv_worker_pending_task_total{name="b"} 5000',
    `tikv_thread_cpu_seconds_total{name="raftstore_1_0",tid="7"} ${seconds * 1.9}`,
  ]
}
