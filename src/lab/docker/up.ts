import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { BadInput, MachineLacks, messageOf } from '../../core/errors.ts'
import type { Topology } from '../../core/watch/topology.ts'
import type { Cluster, UpOptions } from '../contract.ts'
import { clusterOf, instanceOf, journalFile } from './cluster.ts'
import { type Engine, EngineError, engine } from './engine/engine.ts'
import { execIn } from './engine/exec.ts'
import { imagesOf, pullMissing, requireToolsImage, toolsImage, volumesIn } from './engine/images.ts'
import { type About, containerName, labels } from './labels.ts'
import { startKeeper } from './logs/keeper.ts'
import { blockHost } from './network/firewall.ts'
import { containersOf, reapOrphans } from './remove.ts'
import * as spec from './spec.ts'

const svc = readFileSync(new URL('./svc.sh', import.meta.url), 'utf8')
const patienceMs = 15_000

/** Makes a cluster and starts every node. Resolves when the processes run; they may not be healthy yet. */
export async function up(topology: Topology, options: UpOptions): Promise<Cluster> {
  const { signal } = options
  signal.throwIfAborted()
  const id = options.id ?? randomBytes(4).toString('hex')
  checkNames(topology, id)
  const images = imagesOf(topology)
  const docker = engine()
  await reapOrphans(docker)
  if ((await containersOf(docker, id)).length > 0) throw new BadInput(`a cluster '${id}' is already running`)
  await requireToolsImage(docker)
  await pullMissing(docker, images, options)
  const names = topology.nodes.map(({ name }) => name)
  const keeper = await startKeeper(docker.address, id, names)
  let ended: Promise<void> | null = null
  const end = () => {
    ended ??= keeper.end()
    return ended
  }
  try {
    const volumes = await volumesOf(docker, [toolsImage, ...Object.values(images)])
    if (options.journal !== undefined) writeFileSync(journalFile(keeper.folder), options.journal)
    const plan = { id, topology, toolsImage, images, volumes, socket: keeper.socket }
    await build(docker, plan, aboutOf(topology, keeper.folder), signal)
    return clusterOf(docker, await instanceOf(docker, id), end)
  } catch (error) {
    await end()
    throw explained(error)
  }
}

function checkNames(topology: Topology, id: string): void {
  const allowed = "lower-case letters, digits and '-', at most 31"
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(id)) throw new BadInput(`id '${id}': ${allowed}`)
  const odd = topology.nodes.find(({ name }) => !/^[a-z][a-z0-9-]{0,30}$/.test(name))
  if (odd) throw new BadInput(`node name '${odd.name}': ${allowed}`)
}

/** Folders that want volumes, by image. */
async function volumesOf(docker: Engine, images: readonly string[]): Promise<Record<string, string[]>> {
  const all = [...new Set(images)].map(async (image) => [image, await volumesIn(docker, image)])
  return Object.fromEntries(await Promise.all(all))
}

const aboutOf = ({ subject, nodes }: Topology, folder: string): About => ({
  subject,
  folder,
  startedAt: systemClock.now(),
  nodes: nodes.map(({ name, dataDir, endpoint, clientPorts = [] }) => ({
    name,
    dataDir,
    clientPorts,
    ...endpoint,
  })),
})

/**
 * Waits for every request to the engine: when one step fails, the others of its group are awaited, so that nothing is made
 * after the cleanup.
 */
async function build(docker: Engine, plan: spec.Plan, about: About, signal: AbortSignal): Promise<void> {
  const make = async ({ name, body }: spec.ContainerSpec) => {
    signal.throwIfAborted()
    await docker.ask('POST', '/containers/create', { query: { name }, body })
  }
  const start = async ({ name }: spec.ContainerSpec) => {
    signal.throwIfAborted()
    await docker.ask('POST', `/containers/${name}/start`)
  }
  const makeAndStart = (one: spec.ContainerSpec) => make(one).then(() => start(one))
  const { nodes } = plan.topology

  const { Id } = await docker.ask<{ Id: string }>('POST', '/networks/create', {
    body: spec.networkSpec(plan),
  })
  await all([blockHost(docker, plan.id, Id), makeAndStart(spec.bastionSpec(plan, JSON.stringify(about)))])
  await all([...nodes.map((node) => makeAndStart(spec.linkSpec(plan, node))), writeFiles(docker, plan)])
  const startProxy = async () => {
    const proxy = spec.proxySpec(plan, await addressesOf(docker, plan.id))
    await make(proxy)
    await docker.ask('POST', `/networks/${plan.id}/connect`, { body: { Container: proxy.name } })
    await start(proxy)
  }
  const startNodes = async () => {
    const processes = nodes.map((node) => spec.nodeSpec(plan, node))
    await all(processes.map(make))
    // One after the other: members of etcd that start at the same instant wait whole seconds for each other.
    for (const one of processes) await start(one)
  }
  await all([startProxy(), startNodes()])
}

/** Addresses of the nodes, by name, once their links run. */
async function addressesOf(docker: Engine, id: string): Promise<Map<string, string>> {
  const links = (await containersOf(docker, id)).filter(({ Labels }) => Labels[labels.role] === 'link')
  return new Map(
    links.map(({ Labels, NetworkSettings }) => [
      Labels[labels.node] ?? '',
      NetworkSettings.Networks[id]?.IPAddress ?? '',
    ]),
  )
}

async function all(doing: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(doing)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

/** Writes the files into the volumes, through the bastion, which mounts all of them. */
async function writeFiles(docker: Engine, plan: spec.Plan): Promise<void> {
  const files: Record<string, string> = {
    [`${spec.svcFolders.program}/svc`]: svc.replaceAll('{{id}}', plan.id),
    '/root/.bashrc': "PS1='\\u@\\h:\\w\\$ '\n",
  }
  for (const node of plan.topology.nodes) {
    Object.assign(files, node.files)
    files[`${spec.svcFolders.services}/${node.name}`] = `${node.argv.join(' ')}\n`
  }
  const folders = [...new Set(Object.keys(files).map(dirname))]
  const script = [
    'set -e',
    `mkdir -p ${folders.map(quote).join(' ')}`,
    ...Object.entries(files).map(([file, text]) => `printf %s ${quote(text)} >${quote(file)}`),
    `chmod 755 ${spec.svcFolders.program}/svc`,
  ]
  const { exitCode, stderr } = await execIn(docker, containerName(plan.id, 'bastion'), ['bash', '-s'], {
    input: script.join('\n'),
    timeoutMs: patienceMs,
  })
  if (exitCode !== 0) throw new Error(`files of cluster ${plan.id}: ${stderr.trim()}`)
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Errors of an engine that has run out of a resource, each with the fix. */
function explained(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error
  const fixes: [RegExp, string][] = [
    [/no space left on device/i, 'free some: docker system prune'],
    [
      /non-overlapping IPv4 address pool|address pools have been fully subnetted/i,
      'end some clusters (operator lab list), docker network prune, or give the engine more default-address-pools',
    ],
  ]
  const fix = fixes.find(([pattern]) => pattern.test(messageOf(error)))?.[1]
  return fix ? new MachineLacks(`the Docker engine: ${error.message}. ${fix}`) : error
}
