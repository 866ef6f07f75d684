import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { BadInput } from '../../core/errors.ts'
import type { NodeSpec, Topology } from '../../core/watch/topology.ts'
import { asked, roomy, small, volume, writable } from './bounds.ts'
import { behindProxy, containerName, labels, ownerLabel, type Role } from './labels.ts'

/** Settings that all containers of one cluster share. */
export interface Plan {
  id: string
  topology: Topology
  /** Image of bastion, proxy and links. */
  toolsImage: string
  /** Images by node name. */
  images: Record<string, string>
  /** Folders that want volumes, by image. */
  volumes: Record<string, string[]>
  /** The host's socket that the bastion gets as its Docker socket. */
  socket: string
}

export interface ContainerSpec {
  name: string
  body: Record<string, unknown>
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const path = `PATH=${systemPath}`
/** Folders of programs that official images leave off their PATH. */
export const nodePath = `${systemPath}:/:/usr/share/grafana/bin`

/** Two files of 16 MiB, so that a node that logs errors in a loop does not fill the disk. */
const log = { Type: 'json-file', Config: { 'max-size': '16m', 'max-file': '2' } }

/** The first process of bastion and links: it reaps orphans, and neither runs a program nor passes signals on. */
const init = [
  'bash',
  '-c',
  "exec -a init bash --norc -c 'trap : TERM INT HUP; while :; do read -r _ || exit; done'",
]

const labelsFor = (plan: Pick<Plan, 'id'>, role?: Role, node?: string): Record<string, string> => ({
  [labels.id]: plan.id,
  [labels.owner]: ownerLabel(),
  ...(role && { [labels.role]: role }),
  ...(node && { [labels.node]: node }),
})

/** An isolated network: no route out, no address of the host, and only its own names. */
export const networkSpec = (plan: Plan) => ({
  Name: plan.id,
  Internal: true,
  CheckDuplicate: true,
  Options: {
    'com.docker.network.bridge.inhibit_ipv4': 'true',
  },
  Labels: labelsFor(plan),
})

/** A node's disk is memory of a fixed size and gets really full. It exists as long as a container has it mounted. */
const disk = (plan: Plan, { name, dataDir, diskBytes }: NodeSpec) =>
  volume(labelsFor(plan, undefined, name), dataDir, `size=${diskBytes},mode=700`, `${plan.id}-disk-${name}`)

/** One volume for each folder that holds files of the topology, because configurations can be changed from the bastion. */
const folders = (plan: Plan) =>
  foldersOf(plan.topology.nodes).map((folder, i) =>
    volume(labelsFor(plan), folder, 'size=16m,mode=755', `${plan.id}-files-${i}`),
  )

function foldersOf(nodes: readonly NodeSpec[]): string[] {
  const folders = [...new Set(nodes.flatMap(({ files }) => Object.keys(files).map(dirname)))]
  const system = folders.find((folder) => /^\/[^/]*$/.test(folder))
  if (system)
    throw new BadInput(
      `a node has files directly in ${system}: the Docker lab needs them in a folder of their own`,
    )
  return folders
}

const allVolumes = (plan: Plan) => [...plan.topology.nodes.map((node) => disk(plan, node)), ...folders(plan)]

/** Limits of the container that runs commands: they must not exhaust the host. Data written to a node's disk counts, too. */
const limits = { PidsLimit: 2_048, Memory: 2 * 2 ** 30 }
/**
 * Limits of a node's container. Processes from inside may run beside the node's own, so it has more room, but the host is
 * safe.
 */
const nodeLimits = { PidsLimit: 4_096, Memory: 4 * 2 ** 30 }

/** Environment for the bastion's shell: nothing can be added to its image. */
export const svcFolders = { program: '/usr/local/sbin', services: '/etc/svc' }
const svcVolumes = { [svcFolders.program]: 'size=1m,mode=755', [svcFolders.services]: 'size=1m,mode=755' }

export const bastionSpec = (plan: Plan, about: string): ContainerSpec => ({
  name: containerName(plan.id, 'bastion'),
  body: {
    Image: plan.toolsImage,
    Cmd: init,
    Env: [path, 'LANG=C.UTF-8', 'TERM=dumb'],
    Hostname: 'bastion',
    User: '0',
    OpenStdin: true,
    Labels: { ...labelsFor(plan, 'bastion'), [labels.about]: about },
    HostConfig: {
      NetworkMode: plan.id,
      Dns: ['127.0.0.1'],
      LogConfig: log,
      ...limits,
      ...writable(
        labelsFor(plan),
        { ...asked(plan.volumes[plan.toolsImage]), ...roomy, ...svcVolumes },
        allVolumes(plan),
      ),
      Binds: [`${plan.socket}:/var/run/docker.sock`],
    },
  },
})

const proxyProgram = readFileSync(new URL('./network/proxy.pl', import.meta.url), 'utf8')

/**
 * Ports on the host's loopback, each of which leads to a node's port. `addresses` is by node name, so that the engine is not
 * asked for each name again. It forwards nothing else.
 */
export const proxySpec = (plan: Plan, addresses: ReadonlyMap<string, string>): ContainerSpec => {
  const nodes = plan.topology.nodes.map(({ name, endpoint, clientPorts = [] }) => ({
    name,
    port: endpoint.port,
    clientPorts,
  }))
  const places = behindProxy(nodes)
  const forward = places.flatMap(({ proxyPort, name, port }) => [
    proxyPort,
    addresses.get(name) ?? name,
    port,
  ])
  const ports = places.map(({ proxyPort }) => `${proxyPort}/tcp`)
  return {
    name: containerName(plan.id, 'proxy'),
    body: {
      Image: plan.toolsImage,
      Cmd: ['perl', '-e', proxyProgram, 'outside', ...forward.map(String)],
      Env: [path],
      Hostname: 'proxy',
      User: '0',
      OpenStdin: true,
      Labels: labelsFor(plan, 'proxy'),
      ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])),
      HostConfig: {
        NetworkMode: 'bridge',
        LogConfig: log,
        Sysctls: { 'net.ipv4.ip_forward': '0' },
        // Allows a thousand connections at a time with full buffers: proxy.pl accepts no more than it has files for.
        Ulimits: [{ Name: 'nofile', Soft: 2_048, Hard: 2_048 }],
        PidsLimit: 16,
        Memory: 2 ** 30,
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        CapAdd: ['NET_RAW'],
        PortBindings: Object.fromEntries(
          ports.map((port) => [port, [{ HostIp: '127.0.0.1', HostPort: '' }]]),
        ),
      },
    },
  }
}

export const linkSpec = (plan: Plan, node: NodeSpec): ContainerSpec => ({
  name: containerName(plan.id, 'link', node.name),
  body: {
    Image: plan.toolsImage,
    Cmd: init,
    Env: [path, 'LANG=C.UTF-8', 'TERM=dumb'],
    Hostname: node.name,
    User: '0',
    OpenStdin: true,
    Labels: labelsFor(plan, 'link', node.name),
    HostConfig: {
      NetworkMode: plan.id,
      Dns: ['127.0.0.1'],
      CapAdd: ['NET_ADMIN'],
      LogConfig: log,
      ...limits,
      ...writable(labelsFor(plan), { ...asked(plan.volumes[plan.toolsImage]), ...roomy }, allVolumes(plan)),
      PidMode: `container:${containerName(plan.id, 'bastion')}`,
    },
    NetworkingConfig: { EndpointsConfig: { [plan.id]: { Aliases: [node.name] } } },
  },
})

export const nodeSpec = (plan: Plan, node: NodeSpec): ContainerSpec => {
  const taken = [node.dataDir, ...foldersOf(plan.topology.nodes)]
  const image = plan.images[node.name] ?? ''
  const env = Object.entries(node.env).map(([name, value]) => `${name}=${value}`)
  return {
    name: containerName(plan.id, 'node', node.name),
    body: {
      Image: image,
      Entrypoint: node.argv.slice(0, 1),
      Cmd: node.argv.slice(1),
      Env: [`PATH=${nodePath}`, `SERVICE=${node.name}`, ...env],
      User: '0',
      WorkingDir: node.dataDir,
      Labels: labelsFor(plan, 'node', node.name),
      HostConfig: {
        NetworkMode: `container:${containerName(plan.id, 'link', node.name)}`,
        PidMode: `container:${containerName(plan.id, 'bastion')}`,
        ...writable(labelsFor(plan), { ...asked(plan.volumes[image], taken), ...small }, [
          disk(plan, node),
          ...folders(plan),
        ]),
        LogConfig: log,
        ...nodeLimits,
      },
    },
  }
}
