import { z } from 'zod'
import { systemClock } from '../../core/clock.ts'
import type { Cluster } from '../../lab/contract.ts'
import { placeOf } from '../link.ts'
import { outside, run } from '../run.ts'

/** Time for a member to come back: seconds, and more where the machine is busy or the member's log is long. */
export const patienceMs = 30_000

/** Runs etcdctl beside a node against these members. It skips members that do not answer, except for `defrag`. */
export function etcdctl(
  cluster: Cluster,
  members: readonly string[],
  args: readonly string[],
  input = '',
): Promise<string> {
  const beside = members[0] ?? cluster.nodes[0]?.name ?? ''
  return run(cluster, beside, argvOf(cluster, members, args), input)
}

/** Runs etcdctl with this host's programs instead of the cluster's. */
export function etcdctlOutside(
  cluster: Cluster,
  members: readonly string[],
  args: readonly string[],
): Promise<string> {
  const beside = members[0] ?? cluster.nodes[0]?.name ?? ''
  return outside(cluster, beside, 'exec "$@"', ...argvOf(cluster, members, args))
}

export function argvOf(cluster: Cluster, members: readonly string[], args: readonly string[]): string[] {
  const endpoints = members.map((name) => clientUrl(cluster, name)).join(',')
  return ['etcdctl', `--endpoints=${endpoints}`, '--dial-timeout=1s', '--command-timeout=5s', ...args]
}

export const namesOf = (cluster: Cluster): string[] => cluster.nodes.map(({ name }) => name)

function clientUrl(cluster: Cluster, name: string): string {
  return `http://${placeOf(cluster, name).join(':')}`
}

const memberList = z.object({
  members: z.array(
    z.object({ ID: z.coerce.string(), name: z.string().default(''), peerURLs: z.array(z.string()) }),
  ),
})

export interface Member {
  /** Hexadecimal, as etcdctl expects it. */
  id: string
  /** Empty until the member has started once. */
  name: string
  peerUrl: string
}

/** The membership that a majority agrees on, read from these members. */
export async function membersOf(
  cluster: Cluster,
  through: readonly string[],
  ask = etcdctl,
): Promise<Member[]> {
  const json = await ask(cluster, through, ['member', 'list', '-w', 'json'])
  // Ids are too large for a JavaScript number.
  const { members } = memberList.parse(JSON.parse(json.replace(/"ID":(\d+)/g, '"ID":"$1"')))
  return members.map(({ ID, name, peerURLs }) => ({
    id: BigInt(ID).toString(16),
    name,
    peerUrl: peerURLs[0] ?? '',
  }))
}

/** Whether the member answers a linearizable read. Alarms are ignored. */
export async function isHealthy(cluster: Cluster, node: string): Promise<boolean> {
  const argv = argvOf(cluster, [node], ['--command-timeout=2s', 'get', 'x'])
  return (await cluster.run(node, argv, { timeoutMs: 10_000 })).exitCode === 0
}

/** Returns false when a member does not become healthy in time. */
export async function becomeHealthy(
  cluster: Cluster,
  nodes: readonly string[],
  withinMs = patienceMs,
): Promise<boolean> {
  const deadline = systemClock.now() + withinMs
  for (const node of nodes) {
    while (!(await isHealthy(cluster, node))) {
      if (systemClock.now() > deadline) return false
      await systemClock.sleep(50)
    }
  }
  return true
}
