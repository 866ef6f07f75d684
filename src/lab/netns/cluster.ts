import { BadInput } from '../../core/errors.ts'
import type { NodeEndpoint } from '../../core/topology.ts'
import type { Cluster, Result, RunOptions } from '../contract.ts'
import { delayLink, isDelayedLink, undelayLink } from '../delay.ts'
import { cpuLimitOf, limitCpuOf, unlimitCpuOf } from './cpu.ts'
import { linkOf } from './delay.ts'
import { enterWorld, joinWorld } from './enter.ts'
import type { World } from './marker.ts'
import { execute } from './process.ts'
import { signalService, stateOf } from './service.ts'

/** A handle on a world. `dispose` is the owner's; everybody else's does nothing. */
export function clusterOf(world: World, dispose: () => Promise<void>): Cluster {
  const root = `/proc/${world.init}/root`
  const known = (node: string): string => {
    if (world.nodes.some(({ name }) => name === node)) return node
    const names = world.nodes.map(({ name }) => name).join(', ')
    throw new BadInput(`no node '${node}' in cluster ${world.id}; there are: ${names}`)
  }
  const link = (node: string) => linkOf(world, known(node))
  const enter = (argv: readonly string[], node?: string): string[] =>
    enterWorld(world.init, argv, node === undefined ? undefined : `${root}/run/netns/${known(node)}`)
  const run = (node: string, argv: readonly string[], options?: RunOptions): Promise<Result> =>
    execute(enter(argv, node), options)
  const svc = async (...args: string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await execute(enter(['svc', ...args]), {
      timeoutMs: 15_000,
    })
    if (exitCode !== 0)
      throw new Error(`svc ${args.join(' ')} in cluster ${world.id}: ${stderr.trim() || exitCode}`)
    return stdout
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
          logPath: `${root}/var/log/${name}.log`,
        },
      ]),
    ),
    run,
    start: async (node) => void (await svc('start', known(node))),
    stop: async (node) => void (await svc('stop', known(node))),
    signal: async (node, signal) => signalService(world, known(node), signal),
    state: async (node) => stateOf(world, known(node)),
    delay: async (node, delay) => {
      const peer = delay.peer === undefined ? undefined : known(delay.peer)
      await delayLink(link(node), delay, world.nodes.find(({ name }) => name === peer)?.address)
    },
    undelay: async (node) => undelayLink(link(node)),
    isDelayed: async (node) => isDelayedLink(link(node)),
    limitCpu: async (node, percent) => limitCpuOf(world, known(node), percent),
    unlimitCpu: async (node) => unlimitCpuOf(world, known(node)),
    cpuLimit: async (node) => cpuLimitOf(world, known(node)),
    logs: (node, lines = 50) => svc('logs', known(node), '-n', String(lines)),
    join: (argv) => joinWorld(world.init, argv),
    enter,
    [Symbol.asyncDispose]: dispose,
  }
}
