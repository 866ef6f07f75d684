import { readFileSync } from 'node:fs'
import type { Clock } from '../../src/core/clock.ts'
import type { SickCluster } from '../conformance/mutations.ts'
import { type Authority, authority } from './authority.ts'
import { freePorts } from './etcd.ts'
import { type Page, scripted } from './scripted-http.ts'

// Clusters of etcd that answer from a script, in which faults stand.

const nodes = ['etcd-1', 'etcd-2', 'etcd-3']
const ids: Record<string, string> = { 'etcd-1': '101', 'etcd-2': '102', 'etcd-3': '103' }
const hex = (node: string) => Number(ids[node]).toString(16)
const others = (node: string) => nodes.filter((one) => one !== node)

export const statusPath = '/v3/maintenance/status'
export const membersPath = '/v3/cluster/member/list'
export const hashPath = '/v3/maintenance/hash'

type Pages = Record<string, Page>
type PagesOf = (node: string, seconds: number) => Pages

const json = (value: unknown, status = 200): Page => ({ status, body: JSON.stringify(value) })

/** What is different in a member; all else is well. */
interface Member {
  revision?: number
  leader?: string | undefined
  dbSize?: number
  dbSizeInUse?: number
  errors?: string[]
  members?: object[]
  hash?: number
  metrics?: string[]
}

const member = (node: string) => ({
  ID: ids[node],
  name: node,
  peerURLs: [`http://${node}:2380`],
})

function answers(node: string, given: Member): Pages {
  const { revision = 500, leader = '101', errors, members = [], hash = 7, metrics = [] } = given
  const header = { cluster_id: '9', member_id: ids[node], revision: String(revision), raft_term: '2' }
  return {
    '/version': json({ etcdserver: '3.4.23', etcdcluster: '3.4.0' }),
    '/health': json({ health: leader === '0' ? 'false' : 'true' }, leader === '0' ? 503 : 200),
    [statusPath]: json({
      header,
      version: '3.4.23',
      dbSize: String(given.dbSize ?? 20_480),
      dbSizeInUse: String(given.dbSizeInUse ?? 16_384),
      // Zeros are left out.
      ...(leader !== '0' && { leader }),
      ...(errors && { errors }),
    }),
    // Headers elsewhere are not read.
    [membersPath]: json({ members: [...nodes.map(member), ...members] }),
    [hashPath]: json({ hash, compact_revision: '3' }),
    '/metrics': { body: `${metrics.join('\n')}\n` },
  }
}

const buckets = (family: string, labels: string, bounds: readonly [string, number][]) =>
  bounds.map(([le, count]) => `${family}_bucket{${labels}le="${le}"} ${count}`)

interface Told {
  led?: number
  changes?: number
  failed?: number
  failedRequests?: number
  slowDisk?: number
  slowPeer?: string
  cutFrom?: string
  descriptors?: number
}

/** `n`: what was counted since the start. */
function metricsOf(node: string, n: number, told: Told): string[] {
  const slow = (count: number): [string, number][] => [
    ['0.001', n - count],
    ['2', n - count],
    ['8', n],
    ['+Inf', n],
  ]
  const peers = others(node)
  return [
    ...peers.map(
      (peer) =>
        `etcd_network_active_peers{Local="${hex(node)}",Remote="${hex(peer)}"} ${peer === told.cutFrom ? 0 : 1}`,
    ),
    ...buckets('etcd_disk_backend_commit_duration_seconds', '', slow(told.slowDisk ?? 0)),
    ...buckets('etcd_disk_wal_fsync_duration_seconds', '', slow(told.slowDisk ?? 0)),
    ...peers.flatMap((peer) =>
      buckets(
        'etcd_network_peer_round_trip_time_seconds',
        `To="${hex(peer)}",`,
        slow(peer === told.slowPeer ? n : 0),
      ),
    ),
    `etcd_server_has_leader ${told.led ?? 1}`,
    `etcd_server_leader_changes_seen_total ${told.changes ?? 1}`,
    `etcd_server_proposals_failed_total ${told.failed ?? 0}`,
    'etcd_server_quota_backend_bytes 2e+08',
    `grpc_server_handled_total{grpc_code="OK",grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"} ${n}`,
    `grpc_server_handled_total{grpc_code="Unavailable",grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"} ${told.failedRequests ?? 0}`,
    `process_max_fds 1000`,
    `process_open_fds ${told.descriptors ?? 20}`,
    'process_start_time_seconds 1.79538e+09',
  ]
}

const dated = (pages: Pages, atMs: number): Pages =>
  Object.fromEntries(
    Object.entries(pages).map(([path, page]) => [
      path,
      typeof page === 'string' ? page : { ...page, headers: { date: new Date(atMs).toUTCString() } },
    ]),
  )

async function clusterOf(
  clock: Clock,
  pagesOf: PagesOf,
  { gone = [], tls = {} }: { gone?: string[]; tls?: Record<string, { cert: string; key: string }> } = {},
): Promise<SickCluster> {
  const startedAt = clock.monotonic()
  const seconds = () => (clock.monotonic() - startedAt) / 1_000
  const [refusing] = await freePorts(1)
  const undo = new AsyncDisposableStack()
  const living = nodes.filter((node) => !gone.includes(node))
  const cluster: SickCluster = {
    endpoints: {},
    nodes: living,
    spoil: (_, __, page) => page,
    page: (node, path) => pagesOf(node, seconds())[path],
    paths: (node) => Object.keys(pagesOf(node, 0)),
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  }
  for (const node of nodes) {
    if (!living.includes(node)) {
      cluster.endpoints[node] = { url: `http://127.0.0.1:${refusing}` }
      continue
    }
    const server = await scripted((path) => {
      const page = cluster.page(node, path)
      return page && cluster.spoil(node, path, page)
    }, tls[node])
    undo.use(server)
    cluster.endpoints[node] = { url: server.url }
  }
  return cluster
}

/** Each member is reachable and follows a leader, and nearly everything else that can be wrong is. */
export const unwell = (clock: Clock): Promise<SickCluster> =>
  clusterOf(clock, (node, seconds) => {
    const n = 100 + Math.floor(seconds * 40)
    const given: Record<string, [Member, Told]> = {
      'etcd-1': [
        {
          dbSize: 1.9e8,
          dbSizeInUse: 1.8e8,
          errors: ['memberID:102 alarm:NOSPACE ', 'memberID:103 alarm:CORRUPT '],
        },
        { slowDisk: n, failed: n, changes: Math.floor(seconds), descriptors: 990, cutFrom: 'etcd-3' },
      ],
      'etcd-2': [
        { dbSize: 1.5e8, dbSizeInUse: 1e7, hash: 8 },
        { failedRequests: n, slowPeer: 'etcd-3', descriptors: 850 },
      ],
      'etcd-3': [{ revision: 100, leader: '103' }, {}],
    }
    const [own, told] = given[node] ?? [{}, {}]
    const pages = answers(node, {
      revision: seconds < 12 ? 10_000 : 5_000,
      members: [{ ID: '104', name: 'etcd-4', peerURLs: ['http://etcd-4:2380'], isLearner: true }],
      metrics: metricsOf(node, n, told),
      ...own,
    })
    const offsetMs = node === 'etcd-2' ? 20_000 : 0
    return dated(
      { ...pages, ...(node === 'etcd-3' && { '/version': 'reset' as const }) },
      clock.now() + offsetMs,
    )
  })

/** One member is gone, the others know no leader, and their clocks are an hour off. */
export const leaderless = (clock: Clock): Promise<SickCluster> =>
  clusterOf(
    clock,
    (node, seconds) => {
      const n = 100 + Math.floor(seconds * 40)
      const pages = answers(node, { leader: '0', metrics: metricsOf(node, n, { led: 0 }) })
      return dated(pages, clock.now() + 3_600_000)
    },
    { gone: ['etcd-1'] },
  )

/** One certificate has expired, another will soon. `clock` is 20 h ahead, and the second is made for a day. */
export async function certified(clock: Clock): Promise<SickCluster & { ca: string }> {
  const pki: Authority = authority()
  try {
    const signed = (name: string, days: number) => {
      pki.sign(name, { days })
      const read = (file: string) => readFileSync(pki.file(file), 'utf8')
      return { cert: read(`${name}.pem`), key: read(`${name}-key.pem`) }
    }
    const tls = { 'etcd-1': signed('a', -1), 'etcd-2': signed('b', 1), 'etcd-3': signed('c', 90) }
    const cluster = await clusterOf(
      clock,
      (node, seconds) =>
        dated(answers(node, { metrics: metricsOf(node, 100 + Math.floor(seconds), {}) }), clock.now()),
      { tls },
    )
    return Object.assign(cluster, { ca: readFileSync(pki.file('ca.pem'), 'utf8') })
  } finally {
    pki[Symbol.dispose]()
  }
}
