import type { Page } from '../scripted-http.ts'
import { everyStore } from './scripted-pd.ts'
import { buckets, json, page, sickPds, sickStores } from './sick.ts'

// A cluster that is well and busy: regions split, and PD gets a new leader every four minutes. All of it as PD v8.5.7 and
// TiKV v8.5 were seen to do it.

const memberIds: Record<string, string> = { 'pd-1': '11', 'pd-2': '255', 'pd-3': '4095' }
const termSeconds = 240
const flushSeconds = 10

/** Regions by then: three in two seconds. */
const regionsAt = (seconds: number): number => 300 + Math.floor(seconds * 1.5)
const leaderAt = (seconds: number): string =>
  sickPds[Math.floor(seconds / termSeconds) % sickPds.length] ?? ''

export function calmPages(node: string, seconds: number): Record<string, Page> {
  if (node.startsWith('tikv'))
    return { '/status': { body: '' }, '/metrics': page(storeMetrics(node, seconds)) }
  const leader = leaderAt(seconds)
  const inTerm = seconds % termSeconds
  const member = (name: string) => ({
    name,
    member_id: Number(memberIds[name]),
    client_urls: [`http://${name}:2379`],
  })
  const own = {
    '/pd/api/v1/status': json({ version: 'v8.5.7', git_hash: 'x', start_timestamp: 1_795_382_606 }),
    '/metrics': page(pdMetrics(node, seconds)),
  }
  // Nobody leads for 13 s after the end of a leader; the others still believe in it for some of them.
  if (seconds >= termSeconds && inTerm < 13) {
    const noLeader: Page = {
      ...(inTerm < 6
        ? { status: 500, body: '[PD:apiutil:ErrRedirect]redirect failed\n' }
        : { status: 503, body: '[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader\n' }),
    }
    return { ...own, '/pd/api/v1/members': noLeader, [everyStore]: noLeader }
  }
  return {
    ...own,
    '/pd/api/v1/members': json({ members: sickPds.map(member), leader: member(leader) }),
    [everyStore]: json({ count: 3, stores: sickStores.map((_, i) => store(i, seconds)) }),
    '/pd/api/v1/stats/region?count': json({ count: regionsAt(seconds) }),
    '/pd/api/v1/schedulers': json(['balance-leader-scheduler', 'balance-region-scheduler']),
    '/pd/api/v1/schedulers?status=paused': { body: 'null\n' },
    '/pd/api/v1/config/schedule': json({
      'leader-schedule-limit': 4,
      'region-schedule-limit': 2048,
      'replica-schedule-limit': 64,
    }),
    '/pd/api/v1/operators?object': json([]),
    '/pd/api/v1/health': json(sickPds.map((name) => ({ ...member(name), health: true }))),
  }
}

/** A new leader knows nothing of a store until its heartbeat, each at a moment of its own. */
function store(i: number, seconds: number) {
  const heard = seconds < termSeconds || seconds % termSeconds > 13 + 3 * (i + 1)
  return {
    store: {
      id: i + 1,
      address: `tikv-${i + 1}:20160`,
      status_address: `tikv-${i + 1}:20180`,
      node_state: 1,
      state_name: heard ? 'Up' : 'Disconnected',
    },
    status: {
      capacity: heard ? '1TiB' : '0B',
      available: heard ? '500GiB' : '0B',
      leader_count: 100,
      ...(heard && { slow_score: 1 }),
    },
  }
}

function pdMetrics(node: string, seconds: number): string[] {
  const leads = leaderAt(seconds) === node
  const rounds = Math.floor(seconds / 30)
  const changes = Math.floor(seconds / termSeconds)
  return [
    'process_start_time_seconds 1795382606',
    'process_resident_memory_bytes 1e+08',
    `process_cpu_seconds_total ${seconds / 10}`,
    'pd_service_maxprocs 8',
    'pd_service_memory_quota_bytes 1e+10',
    `etcd_server_leader_changes_seen_total ${1 + changes}`,
    'etcd_mvcc_db_total_size_in_bytes 86016',
    'etcd_server_quota_backend_bytes 8.589934592e+09',
    // A new leader goes on from reserved timestamps, ahead of its clock.
    `pd_tso_events{dc="global",group="0",type="system_time_slow"} ${changes * 5}`,
    'tso_monitor_time_jump_back_total 0',
    ...buckets('etcd_disk_wal_fsync_duration_seconds', '', 0, [8]),
    ...buckets('pd_server_handle_tso_duration_seconds', '', 0, [8]),
    ...(rounds > 0
      ? sickPds
          .filter((other) => other !== node)
          .map((other) => `To="${BigInt(memberIds[other] ?? 0).toString(16)}",`)
          .flatMap((to) => buckets('etcd_network_peer_round_trip_time_seconds', to, 0, [8]))
      : []),
    ...[
      'miss-peer',
      'extra-peer',
      'down-peer',
      'pending-peer',
      'offline-peer',
      'learner-peer',
      'oversized',
    ].map((kind) => `pd_regions_status{type="${kind}-region-count"} 0`),
    ...(leads ? ['pd_cluster_status{engine="tikv",store="1",type="store_slow_count"} 0'] : []),
    'pd_checker_event_count{name="no-store-add",type="rule_checker"} 0',
  ]
}

/** Each store counts its leaders every ten seconds, at a moment of its own. */
function storeMetrics(node: string, seconds: number): string[] {
  const i = sickStores.indexOf(node)
  const flushed = Math.max(0, Math.floor((seconds + 3 * i) / flushSeconds) * flushSeconds - 3 * i)
  const leaders = Math.floor((regionsAt(flushed) + i) / sickStores.length)
  return [
    'process_start_time_seconds 1795382607',
    'process_resident_memory_bytes 1e+09',
    `process_cpu_seconds_total ${seconds}`,
    'tikv_server_cpu_cores_quota 8',
    'tikv_server_memory_quota_bytes 1e+10',
    `tikv_raftstore_region_count{type="leader"} ${leaders}`,
    'tikv_store_size_bytes{type="capacity"} 1e+12',
    'tikv_store_size_bytes{type="available"} 5e+11',
    'tikv_worker_pending_task_total{name="a"} 700',
    'tikv_worker_pending_task_total{name="b"} 700',
    `tikv_thread_cpu_seconds_total{name="raftstore_1_0",tid="7"} ${seconds / 2}`,
    // With the first event.
    ...(seconds > 100 ? buckets('tikv_raftstore_log_lag', '', 0, [9_000]) : []),
    ...(seconds > 50 ? buckets('tikv_raftstore_append_log_duration_seconds', '', 0, [8]) : []),
  ]
}
