import { BadInput } from '../../core/errors.ts'
import type { NodeSpec, Topology } from '../../core/watch/topology.ts'
import { extras, grafana, programs, prometheus } from './extras/extras.ts'
import { pdPort, statusPort, storePort } from './ports.ts'

const MiB = 2 ** 20
const pdPeerPort = 2380
/** Three replicas need three stores. PD may be one, three or five; more stores than that need no more of it. */
const leastStores = 3
const mostStores = 9
const pdMembers = 3

/** Version of PD and TiKV: https://github.com/tikv/tikv/releases, https://hub.docker.com/r/pingcap/tikv/tags */
const version = 'v8.5.8'

const source =
  'TiUP (https://tiup.io): tiup install pd tikv, then put pd-server and tikv-server of ~/.tiup/components on PATH; or the official tarballs (https://docs.pingcap.com/tidb/stable/binary-package)'

/** Three PDs, and so many TiKV stores; beside them what is asked for. */
export function topology(size: number, asked: readonly string[] = []): Topology {
  if (!Number.isInteger(size) || size < leastStores || size > mostStores)
    throw new BadInput(
      `tikv cannot have ${size} stores: choose ${leastStores} to ${mostStores}, as each region has three replicas`,
    )
  const pds = Array.from({ length: pdMembers }, (_, i) => `pd-${i + 1}`)
  const stores = Array.from({ length: size }, (_, i) => `tikv-${i + 1}`)
  // A dashboard of nothing helps nobody.
  const wanted = extras.filter(
    (name) => asked.includes(name) || (name === 'prometheus' && asked.includes('grafana')),
  )
  const beside = { prometheus: () => prometheus(pds, stores), grafana }
  return {
    subject: 'tikv',
    nodes: [
      ...pds.map((name) => pd(name, pds)),
      ...stores.map((name) => store(name, pds)),
      ...wanted.map((name) => beside[name]()),
    ],
    programs: [
      { name: 'pd-server', source },
      { name: 'tikv-server', source },
      ...wanted.map((name) => programs[name]),
    ],
  }
}

function pd(name: string, pds: readonly string[]): NodeSpec {
  const config = `/etc/tikv/${name}.toml`
  const dataDir = `/var/lib/tikv/${name}`
  const flags = {
    name,
    config,
    'data-dir': `${dataDir}/data`,
    // Listening wants addresses, advertising takes names.
    'client-urls': `http://0.0.0.0:${pdPort}`,
    'advertise-client-urls': `http://${name}:${pdPort}`,
    'peer-urls': `http://0.0.0.0:${pdPeerPort}`,
    'advertise-peer-urls': `http://${name}:${pdPeerPort}`,
    'initial-cluster': pds.map((peer) => `${peer}=http://${peer}:${pdPeerPort}`).join(','),
  }
  return {
    name,
    argv: ['pd-server', ...written(flags)],
    image: `pingcap/pd:${version}`,
    env: {},
    files: { [config]: pdConfig },
    dataDir,
    // Its embedded etcd preallocates two write-ahead segments of 64 MiB.
    diskBytes: 384 * MiB,
    endpoint: { scheme: 'http', port: pdPort },
  }
}

function store(name: string, pds: readonly string[]): NodeSpec {
  const config = `/etc/tikv/${name}.toml`
  const dataDir = `/var/lib/tikv/${name}`
  const flags = {
    config,
    'data-dir': `${dataDir}/data`,
    addr: `0.0.0.0:${storePort}`,
    'advertise-addr': `${name}:${storePort}`,
    'status-addr': `0.0.0.0:${statusPort}`,
    'advertise-status-addr': `${name}:${statusPort}`,
    'pd-endpoints': pds.map((peer) => `${peer}:${pdPort}`).join(','),
  }
  return {
    name,
    argv: ['tikv-server', ...written(flags)],
    image: `pingcap/tikv:${version}`,
    env: {},
    files: { [config]: storeConfig },
    dataDir,
    diskBytes: 512 * MiB,
    endpoint: { scheme: 'http', port: statusPort },
    clientPorts: [storePort],
  }
}

const written = (flags: Record<string, string>): string[] =>
  Object.entries(flags).map(([name, value]) => `--${name}=${value}`)

const pdConfig = `[replication]
max-replicas = 3

[log]
level = "info"
`

/**
 * TiKV keeps 5 GB or 5 % free by default (\`storage.reserve-space\`) and takes a smaller disk for full from the start: no
 * reserve on a disk this small. Its caches and write-ahead files are sized for it, too. And it does not start where it may
 * not open as many files as its databases might (82,920 by default).
 */
const storeConfig = `[storage]
reserve-space = "0MB"

[storage.block-cache]
capacity = "64MB"

[rocksdb]
max-open-files = 1024

[raftdb]
max-open-files = 1024

[raft-engine]
memory-limit = "32MB"
target-file-size = "16MB"
purge-threshold = "64MB"

[log]
level = "info"
`
