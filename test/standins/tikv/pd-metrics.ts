import { regionsLike } from './pd-api.ts'
import { type Agreed, type Heard, stateOf } from './pd-state.ts'
import type { Raft } from './raft.ts'

export interface PdView {
  raft: Pick<Raft, 'role' | 'leader'>
  self: string
  members: readonly { name: string; id: string }[]
  startedAt: number
  leaderChanges: number
  agreed: Agreed
  heard: Heard
  /** Rounds in which the way to each peer was measured, one every 30 s. */
  roundTrips: number
}

/** The series of PD that its rules look at; those of the process and of the etcd in it. */
export function ownMetrics({ raft, self, members, startedAt, leaderChanges, roundTrips }: PdView): string[] {
  return [
    `process_start_time_seconds ${startedAt / 1000}`,
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    `process_cpu_seconds_total ${process.cpuUsage().user / 1e6}`,
    'pd_service_maxprocs 2',
    'pd_service_memory_quota_bytes 2.5276502016e+10',
    `etcd_server_has_leader ${raft.leader === null ? 0 : 1}`,
    `etcd_server_is_leader ${raft.role === 'leader' ? 1 : 0}`,
    `etcd_server_leader_changes_seen_total ${leaderChanges}`,
    'etcd_mvcc_db_total_size_in_bytes 86016',
    'etcd_server_quota_backend_bytes 8.589934592e+09',
    'pd_tso_events{dc="global",group="0",type="save"} 0',
    'pd_tso_events{dc="global",group="0",type="system_time_slow"} 0',
    'tso_monitor_time_jump_back_total 0',
    ...histogram('etcd_disk_wal_fsync_duration_seconds', '', [
      [0.001, 90],
      [0.01, 100],
    ]),
    ...histogram('pd_server_handle_tso_duration_seconds', '', [
      [0.001, 0],
      [0.01, 0],
    ]),
    // The label is the peer's id in hexadecimal digits, and there is none before the first round.
    ...members
      .filter(({ name }) => name !== self && roundTrips > 0)
      .flatMap(({ id }) =>
        histogram('etcd_network_peer_round_trip_time_seconds', `To="${BigInt(id).toString(16)}",`, [
          [0.001, roundTrips],
          [0.01, roundTrips],
        ]),
      ),
  ]
}

const checks = ['miss-peer', 'extra-peer', 'down-peer', 'pending-peer', 'offline-peer', 'learner-peer']

/** The leader's alone, which it refreshes every 10 s. What follows is of all: zeros, or what was last when it led. */
export function clusterMetrics({ agreed, heard }: Pick<PdView, 'agreed' | 'heard'>): string[] {
  const view = { agreed, heard, members: null }
  const ofStore = (id: string): string[] => {
    const state = stateOf(agreed, heard, id)
    const counts = {
      store_up_count: state === 'Up' ? 1 : 0,
      store_disconnected_count: state === 'Disconnected' ? 1 : 0,
      store_down_count: state === 'Down' ? 1 : 0,
      store_unhealth_count: 0,
      store_low_space_count: 0,
      store_slow_count: 0,
    }
    return Object.entries(counts).map(
      ([type, count]) => `pd_cluster_status{engine="tikv",store="${id}",type="${type}"} ${count}`,
    )
  }
  return [
    ...[...agreed.stores.keys()].flatMap(ofStore),
    ...regionLines((check) => regionsLike(view, check).count),
  ]
}

const regionLines = (count: (check: string) => number): string[] => [
  ...checks.map((check) => `pd_regions_status{type="${check}-region-count"} ${count(check)}`),
  'pd_regions_status{type="oversized-region-count"} 0',
  'pd_checker_event_count{name="no-store-add",type="rule_checker"} 0',
  'pd_checker_event_count{name="no-target-store",type="replica_checker"} 0',
]

export const noClusterMetrics = (): string[] => regionLines(() => 0)

export const written = (lines: readonly string[]): string => `${lines.join('\n')}\n`

export function histogram(
  name: string,
  labels: string,
  counts: readonly (readonly [number, number])[],
): string[] {
  const all = counts.at(-1)?.[1] ?? 0
  return [
    ...counts.map(([bound, count]) => `${name}_bucket{${labels}le="${bound}"} ${count}`),
    `${name}_bucket{${labels}le="+Inf"} ${all}`,
    `${name}_sum${labels ? `{${labels.slice(0, -1)}}` : ''} 0`,
    `${name}_count${labels ? `{${labels.slice(0, -1)}}` : ''} ${all}`,
  ]
}
