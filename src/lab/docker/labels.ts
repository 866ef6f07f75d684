import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { z } from 'zod'

// The engine is the registry: everything of a cluster carries these labels. Processes inside can read them, so they do not
// reveal why the cluster exists.
export const labels = {
  id: 'sre-cluster.id',
  role: 'sre-cluster.role',
  node: 'sre-cluster.node',
  /** The process that keeps the cluster alive: `HOST PID START`. */
  owner: 'sre-cluster.owner',
  /** Only on the bastion: the part of the topology that handles need, as JSON. */
  about: 'sre-cluster.about',
} as const

/**
 * bastion: the container to log in to; its first process is the first of the cluster's process namespace. proxy: the only
 * container with a connection to the outside, through which the host reaches the nodes. link: holds a node's network and
 * disk, which outlive its process. node: the process itself. delay: slows a node's link where the kernel has no netem. firewall:
 * a short-lived container that blocks the cluster's access to the host, or restores it.
 */
export type Role = 'bastion' | 'proxy' | 'link' | 'node' | 'delay' | 'firewall'

/** These containers are hidden from processes inside. */
export const hiddenRoles: readonly string[] = ['proxy', 'delay', 'firewall'] satisfies Role[]

const About = z.object({
  subject: z.string(),
  startedAt: z.number(),
  /** Folder on the host that contains the filtered socket. */
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

/** The node's port behind each of the proxy's ports. */
export function behindProxy(
  nodes: readonly { name: string; port: number; clientPorts: readonly number[] }[],
) {
  const places = nodes.flatMap(({ name, port, clientPorts }) =>
    [port, ...clientPorts].map((one) => ({ name, port: one })),
  )
  return places.map((place, i) => ({ ...place, proxyPort: 20_001 + i }))
}

export const containerName = (id: string, role: Role, node = ''): string => {
  switch (role) {
    case 'bastion':
    case 'proxy':
    case 'firewall':
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

/** A process id is only trusted together with its start time. A process of another machine is assumed to live. */
export const ownerLabel = (pid = process.pid): string => `${hostname()} ${pid} ${startOf(pid) ?? '-'}`

export const pidIn = (owner: string): number => Number(owner.split(' ').at(-2) ?? 0)

export function isOrphan(owner: string): boolean {
  const [host, pid, start] = owner.split(' ')
  if (host !== hostname()) return false
  const now = startOf(Number(pid))
  return now === null || (start !== '-' && now !== start)
}

/** Start time of a process in the kernel's ticks; null: it is gone. `-` where there is no /proc: the process lives. */
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
