import { stringify } from 'yaml'
import { BadInput } from '../../core/errors.ts'
import type { NodeSpec, Topology } from '../../core/watch/topology.ts'

const MiB = 2 ** 20
const sizes = [1, 3, 5, 7]
const clientPort = 2379
const peerPort = 2380

/** https://quay.io/repository/coreos/etcd?tab=tags, the newest of the branch that Debian 13 has, too. */
const image = 'quay.io/coreos/etcd:v3.5.21'

export const quotaBytes = 64 * MiB

/** Static bootstrap: every member knows all names from the start. */
export function topology(size: number): Topology {
  if (!sizes.includes(size)) {
    throw new BadInput(`etcd cannot have ${size} members: choose one of ${sizes.join(', ')}`)
  }
  const names = Array.from({ length: size }, (_, i) => `etcd-${i + 1}`)
  return {
    subject: 'etcd',
    nodes: names.map((name) => node(name, names)),
    programs: [
      { name: 'etcd', package: 'etcd-server' },
      { name: 'etcdctl', package: 'etcd-client' },
    ],
  }
}

function node(name: string, names: readonly string[]): NodeSpec {
  const config = `/etc/etcd/${name}.yml`
  const dataDir = `/var/lib/etcd/${name}`
  return {
    name,
    argv: ['etcd', '--config-file', config],
    image,
    env: {},
    files: { [config]: stringify(settings(name, names, dataDir), { lineWidth: 0 }) },
    dataDir,
    // Two preallocated write-ahead segments, one kept, a full database and its copy while it is defragmented:
    // 3 x 64 + 2 x 64 MiB, and some air.
    diskBytes: 384 * MiB,
    endpoint: { scheme: 'http', port: clientPort },
  }
}

function settings(name: string, names: readonly string[], dataDir: string): Record<string, unknown> {
  return {
    name,
    'data-dir': `${dataDir}/data`,
    // Listening wants addresses, advertising takes names.
    'listen-client-urls': `http://0.0.0.0:${clientPort}`,
    'advertise-client-urls': `http://${name}:${clientPort}`,
    'listen-peer-urls': `http://0.0.0.0:${peerPort}`,
    'initial-advertise-peer-urls': `http://${name}:${peerPort}`,
    'initial-cluster': names.map((peer) => `${peer}=http://${peer}:${peerPort}`).join(','),
    'initial-cluster-token': 'main',
    'initial-cluster-state': 'new',
    // etcd's defaults. The first election does not wait for the timeout (etcd advances its ticks once the peers are
    // connected), so 50/500 saves 0.2 s at the start and nothing else. With 150 ms of delay each way a vote and several
    // heartbeats fit into one timeout: no change of leader in 20 s, a new leader 3 s after the old one was killed.
    'heartbeat-interval': 100,
    'election-timeout': 1000,
    // A member that comes back from a partition must not depose a leader that works (default from 3.5 on).
    'pre-vote': true,
    'quota-backend-bytes': quotaBytes,
    'snapshot-count': 10_000,
    'max-snapshots': 2,
    'max-wals': 1,
    'enable-v2': false,
    // On by default as a flag, off by default in a file (etcd 3.4).
    'enable-grpc-gateway': true,
    logger: 'zap',
    'log-outputs': ['stderr'],
    'log-level': 'info',
    metrics: 'basic',
  }
}
