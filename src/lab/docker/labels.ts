import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { z } from 'zod'

// The engine is the registry: everything of a cluster carries these. Whoever works inside can read them, so they say
// nothing of why the cluster exists.
export const labels = {
  id: 'sre-cluster.id',
  role: 'sre-cluster.role',
  node: 'sre-cluster.node',
  /** Who keeps it alive: `HOST PID START`. */
  owner: 'sre-cluster.owner',
  /** On the bastion only: what the topology said, as JSON. */
  about: 'sre-cluster.about',
} as const

/**
 * bastion: where one logs in; the first process of its process namespace is the cluster's. gate: the only container with
 * a leg outside, through which the host reaches the nodes. link: a node's network and disk, which outlive its process.
 * node: the process itself. delay: slows a node's link down where the kernel has no netem. wall: for a moment, closes the
 * host to the cluster, or opens it again.
 */
export type Role = 'bastion' | 'gate' | 'link' | 'node' | 'delay' | 'wall'

/** Those inside are not told that these are there. */
export const hiddenRoles: readonly string[] = ['gate', 'delay', 'wall'] satisfies Role[]

const About = z.object({
  subject: z.string(),
  startedAt: z.number(),
  /** On the host; the filtered socket is in it. */
  folder: z.string(),
  nodes: z.array(
    z.object({
      name: z.string(),
      dataDir: z.string(),
      scheme: z.enum(['http', 'redis', 'tcp']),
      port: z.number(),
      clientPorts: z.array(z.number()).default([]),
    }),
  ),
})
export type About = z.infer<typeof About>

export const aboutFrom = (json: string): About => About.parse(JSON.parse(json))

/** Where each of the gate's own ports leads to. */
export function behindGate(nodes: readonly { name: string; port: number; clientPorts: readonly number[] }[]) {
  const places = nodes.flatMap(({ name, port, clientPorts }) =>
    [port, ...clientPorts].map((one) => ({ name, port: one })),
  )
  return places.map((place, i) => ({ ...place, gatePort: 20_001 + i }))
}

export const containerName = (id: string, role: Role, node = ''): string => {
  switch (role) {
    case 'bastion':
    case 'gate':
    case 'wall':
      return `${id}-${role}`
    case 'link':
      return `${id}-${node}-net`
    case 'delay':
      return `${id}-delay-${node}`
    case 'node':
      return `${id}-${node}`
    default:
      return role satisfies never
  }
}

/** A process id is only believed together with its start; what runs on another machine is not ours to judge. */
export const ownerLabel = (pid = process.pid): string => `${hostname()} ${pid} ${startOf(pid) ?? '-'}`

export const pidIn = (owner: string): number => Number(owner.split(' ').at(-2) ?? 0)

export function isOrphan(owner: string): boolean {
  const [host, pid, start] = owner.split(' ')
  if (host !== hostname()) return false
  const now = startOf(Number(pid))
  return now === null || (start !== '-' && now !== start)
}

/** When a process started, in the kernel's ticks; null: it is gone. `-` where there is no /proc, and it lives. */
function startOf(pid: number): string | null {
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? null
    process.kill(pid, 0)
    return '-'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EPERM') return '-'
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}
