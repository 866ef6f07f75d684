import { BadInput } from '../../core/errors.ts'
import type { NodeEndpoint } from '../../core/watch/topology.ts'
import { tailInside } from '../../inside.ts'
import type { Cluster, Result, RunOptions } from '../contract.ts'
import { delayLink, isDelayedLink, undelayLink } from '../delay.ts'
import { cpuLimitOf, limitCpuOf, unlimitCpuOf } from './bounds/cpu.ts'
import { linkOf } from './delay.ts'
import { filesOf } from './files.ts'
import { endLeftBehind } from './left.ts'
import { execute } from './process.ts'
import { servicesOf } from './service.ts'
import { commandIn, enterWorld, joinWorld } from './world/enter.ts'
import type { World } from './world/marker.ts'

/** Size of the part of a log's end in which its last lines are searched. */
const mostLogBytes = 256 * 1024
const startMs = 15_000

/** A handle on a world. `dispose` has an effect only for the owner. */
export async function clusterOf(world: World, dispose: () => Promise<void>): Promise<Cluster> {
  const services = await servicesOf(world)
  const root = `/proc/${world.init}/root`
  const known = (node: string): string => {
    if (world.nodes.some(({ name }) => name === node)) return node
    const names = world.nodes.map(({ name }) => name).join(', ')
    throw new BadInput(`no node '${node}' in cluster ${world.id}; there are: ${names}`)
  }
  const logOf = (node: string): string => `${root}/var/log/${node}.log`
  const link = (node: string) => linkOf(world, known(node), services.networkOf(node))
  const enter = (argv: readonly string[], node?: string): string[] =>
    enterWorld(world, argv, node === undefined ? undefined : known(node))
  const run = (node: string, argv: readonly string[], options?: RunOptions): Promise<Result> =>
    execute(enter(argv, node), options)
  const start = async (node: string): Promise<void> => {
    const argv = enter(['svc', 'start', known(node)])
    const { stderr, exitCode } = await execute(argv, { timeoutMs: startMs })
    if (exitCode !== 0)
      throw new Error(`svc start ${node} in cluster ${world.id}: ${stderr.trim() || exitCode}`)
    await services.appearing(node)
  }
  const logs = async (node: string, lines = 50): Promise<string> => {
    const text = await tailInside(logOf(known(node)), mostLogBytes)
    if (text === null) throw new Error(`${node} of cluster ${world.id} has no log that can be read`)
    const all = text.split('\n')
    return all.slice(-lines - (all.at(-1) === '' ? 1 : 0)).join('\n')
  }
  return {
    id: world.id,
    lab: 'netns',
    subject: world.subject,
    nodes: world.nodes.map(({ name, address, port, dataDir }) => ({ name, address, port, dataDir })),
    endpoints: Object.fromEntries(
      world.nodes.map(({ name, scheme, address, port, dataDir }): [string, NodeEndpoint] => [
        name,
        {
          url: `${scheme}://${address}:${port}`,
          dataPath: root + dataDir,
          logPath: logOf(name),
        },
      ]),
    ),
    ...(world.journal !== undefined && { journal: world.journal }),
    run,
    probe: (node, script) => link(node).sh(script),
    ...filesOf(root, (node) => world.nodes.find(({ name }) => name === known(node))?.dataDir ?? ''),
    start,
    stop: async (node) => services.stop(known(node)),
    signal: async (node, signal) => services.signal(known(node), signal),
    state: async (node) => services.stateOf(known(node)),
    delay: async (node, delay) => {
      const peer = delay.peer === undefined ? undefined : known(delay.peer)
      await delayLink(link(node), delay, world.nodes.find(({ name }) => name === peer)?.address)
    },
    undelay: async (node) => undelayLink(link(node)),
    isDelayed: async (node) => isDelayedLink(link(node)),
    limitCpu: async (node, percent) =>
      limitCpuOf(world, known(node), await services.processOf(node), percent),
    unlimitCpu: async (node) => unlimitCpuOf(world, known(node)),
    cpuLimit: async (node) => cpuLimitOf(world, known(node), await services.processOf(node)),
    logs,
    join: (argv) => joinWorld(world.init, argv),
    enter,
    command: commandIn(world),
    endLeftBehind: () => endLeftBehind(world),
    [Symbol.asyncDispose]: dispose,
  }
}
