import { accessSync, constants, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BadInput } from '../../core/errors.ts'
import type { NodeEndpoint } from '../../core/watch/topology.ts'
import type { Cluster } from '../contract.ts'
import { delayLink, isDelayedLink, undelayLink } from '../delay.ts'
import { cpuLimitOf, limitCpuOf, unlimitCpuOf } from './cpu.ts'
import { linkOf } from './delay.ts'
import type { Engine } from './engine/engine.ts'
import { execIn } from './engine/exec.ts'
import { requestsIn } from './engine/requests.ts'
import { enterArgv } from './enter.ts'
import { filesOf } from './files.ts'
import { aboutFrom, behindProxy, containerName, labels } from './labels.ts'
import { logsOf } from './logs/logs.ts'
import { logFile } from './logs/node-log.ts'
import { type Container, containersOf } from './remove.ts'
import { signalContainer, startContainer, stateOf, stopContainer } from './service.ts'

/** State of a cluster as the engine has it; the engine is the registry. */
export interface Instance {
  id: string
  subject: string
  /** The label of the process that keeps the cluster. */
  owner: string
  folder: string
  journal: string | null
  nodes: { name: string; dataDir: string; address: string; port: number; endpoint: NodeEndpoint }[]
}

export async function instanceOf(engine: Engine, id: string): Promise<Instance> {
  const containers = await containersOf(engine, id)
  const withRole = (role: string, node?: string): Container | undefined =>
    containers.find(
      ({ Labels }) => Labels[labels.role] === role && (node === undefined || Labels[labels.node] === node),
    )
  const { [labels.about]: text, [labels.owner]: owner = '' } = withRole('bastion')?.Labels ?? {}
  if (text === undefined) throw new BadInput(`no cluster '${id}' is running`)
  const about = aboutFrom(text)
  const published = withRole('proxy')?.Ports ?? []
  const places = behindProxy(about.nodes)
  /** The port of this host that leads to a node's port. */
  const placeOf = (name: string, port: number): string => {
    const place = places.find((one) => one.name === name && one.port === port)
    const found = published.find(({ PrivatePort }) => PrivatePort === place?.proxyPort)
    return `127.0.0.1:${found?.PublicPort ?? 0}`
  }
  const nodes = about.nodes.map(async ({ name, dataDir, scheme, port, clientPorts }) => {
    const link = withRole('link', name)
    const dataPath = await dataPathOf(engine, `${id}-disk-${name}`)
    const ports = Object.fromEntries(clientPorts.map((one) => [one, placeOf(name, one)]))
    return {
      name,
      dataDir,
      port,
      address: link?.NetworkSettings.Networks[id]?.IPAddress ?? '',
      endpoint: {
        url: `${scheme}://${placeOf(name, port)}`,
        ...(dataPath !== null && { dataPath }),
        ...(may(logFile(about.folder, name), constants.R_OK) && { logPath: logFile(about.folder, name) }),
        ...(clientPorts.length > 0 && { ports }),
      },
    }
  })
  return {
    id,
    subject: about.subject,
    owner,
    folder: about.folder,
    journal: journalIn(about.folder),
    nodes: await Promise.all(nodes),
  }
}

/** Labels can be read from inside, so the journal's path is stored in the cluster's own folder on this host. */
export const journalFile = (folder: string): string => join(folder, 'journal')

const journalIn = (folder: string): string | null =>
  may(journalFile(folder), constants.R_OK) ? readFileSync(journalFile(folder), 'utf8') : null

/** The volume as this host sees it: only if the engine runs here, and only for root. */
async function dataPathOf(engine: Engine, volume: string): Promise<string | null> {
  if (!('socketPath' in engine.address) || process.platform !== 'linux') return null
  const { Mountpoint } = await engine.ask<{ Mountpoint: string }>('GET', `/volumes/${volume}`)
  return may(join(Mountpoint, '..'), constants.X_OK) ? Mountpoint : null
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}

/** A handle on a cluster. `dispose` has an effect only for the owner. */
export function clusterOf(engine: Engine, instance: Instance, dispose: () => Promise<void>): Cluster {
  const { id, subject, nodes } = instance
  const known = (node: string): string => {
    if (nodes.some(({ name }) => name === node)) return node
    const names = nodes.map(({ name }) => name).join(', ')
    throw new BadInput(`no node '${node}' in cluster ${id}; there are: ${names}`)
  }
  const link = (node: string) => containerName(id, 'link', known(node))
  const process = (node: string) => containerName(id, 'node', known(node))
  const network = (node: string) => linkOf({ engine, id, owner: instance.owner, node: known(node) })
  return {
    id,
    lab: 'docker',
    subject,
    ...(instance.journal !== null && { journal: instance.journal }),
    nodes: nodes.map(({ name, address, dataDir, port }) => ({ name, address, dataDir, port })),
    endpoints: Object.fromEntries(nodes.map(({ name, endpoint }) => [name, endpoint])),
    run: (node, argv, options) => execIn(engine, link(node), argv, options),
    probe: (node, script) => network(node).sh(script),
    ...filesOf(engine, link, (node) => nodes.find(({ name }) => name === node)?.dataDir ?? ''),
    start: async (node) => startContainer(engine, process(node)),
    stop: async (node) => stopContainer(engine, process(node)),
    signal: async (node, signal) => signalContainer(engine, process(node), signal),
    state: async (node) => stateOf(engine, process(node)),
    delay: async (node, delay) => {
      const peer = delay.peer === undefined ? undefined : known(delay.peer)
      await delayLink(network(node), delay, nodes.find(({ name }) => name === peer)?.address)
    },
    undelay: async (node) => undelayLink(network(node)),
    isDelayed: async (node) => isDelayedLink(network(node)),
    limitCpu: async (node, percent) => limitCpuOf(engine, process(node), percent),
    unlimitCpu: async (node) => unlimitCpuOf(engine, process(node)),
    cpuLimit: async (node) => cpuLimitOf(engine, process(node)),
    engineRequests: async (since) => requestsIn(instance.folder, since),
    logs: async (node, lines = 50) => logsOf(engine, process(node), lines),
    // The host reaches the proxy's ports directly. No process of a cluster sees a port of the host.
    join: (argv) => [...argv],
    enter: (argv, node) =>
      enterArgv(engine.address, node === undefined ? containerName(id, 'bastion') : link(node), argv),
    [Symbol.asyncDispose]: dispose,
  }
}
