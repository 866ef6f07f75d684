import {
  type Histogram,
  hasTwice,
  histogramFrom,
  linesOf,
  numberAtEnd,
} from '../../shared/client/exposition.ts'

/**
 * The few series we need out of etcd's 1,500: each family is found by a substring search and read line by line,
 * because parsing all of them, three members a second, would cost more than everything else we do.
 */
export interface Metrics {
  hasLeader: number | null
  quotaBytes: number | null
  startedAtSeconds: number | null
  leaderChanges: number | null
  failedProposals: number | null
  /** `series`: how many numbers were added up; a page that has fewer than the one before is not whole. */
  requests: { all: number; failed: number; series: number } | null
  descriptors: { used: number; most: number } | null
  fsync: Histogram | null
  commit: Histogram | null
  /** By the peer's member id, in hexadecimal: does a stream to it stand? */
  activePeers: Record<string, boolean> | null
  /** By the peer's member id, in hexadecimal. */
  peerRoundTrip: Record<string, Histogram> | null
}

/** Codes that are the server's fault, as in etcd's own `etcdHighNumberOfFailedGRPCRequests`. */
const serverFaults =
  /grpc_code="(?:Unknown|FailedPrecondition|ResourceExhausted|Internal|Unavailable|DataLoss|DeadlineExceeded)"/

export function metricsFrom(text: string): Metrics {
  const value = (name: string, highest?: number): number | null => {
    const [only, ...more] = linesOf(text, `${name} `)
    return only === undefined || more.length > 0 ? null : countAtEnd(only, highest)
  }
  const used = value('process_open_fds')
  // No limit is written as 2^64.
  const most = value('process_max_fds', 2 ** 64)
  return {
    descriptors: used === null || most === null || most === 0 ? null : { used, most },
    hasLeader: value('etcd_server_has_leader'),
    quotaBytes: value('etcd_server_quota_backend_bytes'),
    startedAtSeconds: value('process_start_time_seconds'),
    leaderChanges: value('etcd_server_leader_changes_seen_total'),
    failedProposals: value('etcd_server_proposals_failed_total'),
    requests: requestsFrom(linesOf(text, 'grpc_server_handled_total{')),
    fsync: histogramFrom(linesOf(text, 'etcd_disk_wal_fsync_duration_seconds_bucket{')),
    commit: histogramFrom(linesOf(text, 'etcd_disk_backend_commit_duration_seconds_bucket{')),
    activePeers: activeFrom(linesOf(text, 'etcd_network_active_peers{')),
    peerRoundTrip: peersFrom(linesOf(text, 'etcd_network_peer_round_trip_time_seconds_bucket{')),
  }
}

/** A member has two to six peers; a page that tells of more than this is none of etcd's. */
const mostPeers = 32

/**
 * Lines by the peer that a label names; null: there are none, or a line is none of etcd's. What comes out is kept over many
 * looks: the ids are few, are nothing but member ids, and are no parts of the page, which would be kept with them.
 */
function byPeer(lines: readonly string[], label: 'To' | 'Remote'): Map<string, string[]> | null {
  const pattern = new RegExp(`[{,]${label}="([0-9a-f]{1,16})"`)
  const groups = new Map<string, string[]>()
  for (const line of lines) {
    const id = pattern.exec(line)?.[1]
    if (id === undefined) return null
    const peer = BigInt(`0x${id}`).toString(16)
    const own = groups.get(peer) ?? []
    own.push(line)
    groups.set(peer, own)
    if (groups.size > mostPeers) return null
  }
  return groups.size === 0 ? null : groups
}

function activeFrom(lines: string[]): Metrics['activePeers'] {
  if (hasTwice(lines)) return null
  const groups = byPeer(lines, 'Remote')
  const counts = [...(groups ?? [])].map(
    ([peer, own]) => [peer, own.map((line) => countAtEnd(line))] as const,
  )
  if (groups === null || counts.some(([, own]) => own.includes(null))) return null
  return Object.fromEntries(counts.map(([peer, own]) => [peer, own.some((count) => count !== 0)]))
}

/** Unary ones only: a stream whose client was killed ends as Unavailable, and that is no fault of the server. */
function requestsFrom(lines: string[]): Metrics['requests'] {
  if (lines.length === 0 || hasTwice(lines)) return null
  const requests = { all: 0, failed: 0, series: lines.length }
  for (const line of lines) {
    if (line.endsWith('} 0') || !line.includes('grpc_type="unary"')) continue
    const count = countAtEnd(line)
    if (count === null) return null
    requests.all += count
    if (serverFaults.test(line)) requests.failed += count
  }
  return requests
}

function countAtEnd(line: string, highest = Number.MAX_SAFE_INTEGER): number | null {
  const count = numberAtEnd(line)
  return count !== null && count >= 0 && count <= highest ? count : null
}

function peersFrom(lines: string[]): Metrics['peerRoundTrip'] {
  const groups = byPeer(lines, 'To')
  if (!groups) return null
  const histograms: [string, Histogram][] = []
  for (const [peer, own] of groups) {
    const histogram = histogramFrom(own)
    if (!histogram) return null
    histograms.push([peer, histogram])
  }
  return Object.fromEntries(histograms)
}
