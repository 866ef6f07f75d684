import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { totalmem } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { systemClock } from '../../../core/clock.ts'
import type { Topology } from '../../../core/watch/topology.ts'
import { procFile } from '../process.ts'

// A world's memory and processes are bounded by a control group of its own, below or beside ours. In it are two more:
// `base` with the first process and the nodes, `shell` with the agent's commands, which hit their limit first.

const controllers = ['memory', 'pids'] as const
type Controller = (typeof controllers)[number]

/** Hierarchies in which groups can be made: one of version 1, or the single one of version 2. */
interface Hierarchy {
  version: 1 | 2
  mount: string
  /** The group of our own process. */
  own: string
  controllers: Controller[]
}

export interface Groups {
  /** The groups that a world's first process has to join. */
  base: string[]
  hasMemory: boolean
  remove(): Promise<void>
}

const gib = 2 ** 30
/** The same as in the Docker lab: src/lab/docker/bounds.ts. */
const ofNode = { memory: 4 * gib, pids: 4_096 }
/** A few hundred processes do not starve the machine. Files that its commands write count, too. */
const ofShell = { memory: 2 * gib, pids: 512 }
/** Memory of a world without nodes, plus a reserve: src/lab/netns/prelude.ts. */
const fileSystems = 0.5 * gib
/** Memory that stays free for the machine, no matter what a world's nodes want. */
const shareOfMachine = 0.75

/**
 * Share of the memory. At most half of the kernel's limit for all TCP sockets of the machine: `tcp_mem`, 3/32 of its memory.
 */
const shareOfSockets = 1 / 16

type Limits = Record<Controller, number>

function limitsFor(nodes: readonly { diskBytes: number }[]): { world: Limits; shell: Limits } {
  const ofFiles = nodes.reduce((sum, { diskBytes }) => sum + diskBytes, fileSystems)
  const wanted = nodes.length * ofNode.memory + ofShell.memory + ofFiles
  const memory = Math.min(wanted, Math.floor(totalmem() * shareOfMachine))
  return {
    world: { memory, pids: nodes.length * ofNode.pids + 2 * ofShell.pids },
    shell: { pids: ofShell.pids, memory: Math.min(ofShell.memory + ofFiles, Math.floor(memory / 2)) },
  }
}

/** The name contains the maker's process, so that only empty groups of dead makers are removed. */
const nameOf = (id: string): string => `sre-${id}.${process.pid}`
const isOurs = /^sre-[a-z0-9-]+\.(\d+)$/

/** Makes a world's groups, as far as this user may. Removes groups that a killed owner left. */
export function makeGroups(id: string, { nodes }: Pick<Topology, 'nodes'>): Groups {
  const made = hierarchies().flatMap((hierarchy) => {
    const folder = makeIn(hierarchy, nameOf(id), limitsFor(nodes))
    return folder === null ? [] : [{ folder, bounded: hierarchy.controllers }]
  })
  const bounds = made.flatMap(({ bounded }) => bounded)
  return {
    base: made.map(({ folder }) => join(folder, 'base')),
    hasMemory: bounds.includes('memory'),
    remove: async () => {
      for (const { folder } of made) await removeSoon(folder)
    },
  }
}

/** The groups that an agent's command has to join, in this holder's world. */
export const shellGroups = (holder: number): string[] =>
  groupsOf(holder).map(({ folder }) => join(folder, 'shell'))

/** Our own group in each of these hierarchies. */
export function ownGroups(holder: number): string[] {
  const bounded = new Set(groupsOf(holder).flatMap((one) => one.bounded))
  return hierarchies()
    .filter(({ controllers: held }) => held.some((name) => bounded.has(name)))
    .map(({ own }) => own)
}

/** The resources for which a world has a group here, with the version of each. */
export const boundedIn = (holder: number): Map<Controller, 1 | 2> =>
  new Map(groupsOf(holder).flatMap(({ bounded, version }) => bounded.map((name) => [name, version] as const)))

/** The group that limits the memory of this holder's world; null: there is none. */
export const memoryGroupOf = (holder: number): string | null =>
  groupsOf(holder).find(({ bounded }) => bounded.includes('memory'))?.folder ?? null

/** The world's group in version 2's hierarchy: a process can be in one group only there. */
export const unifiedGroupOf = (holder: number): string | null =>
  groupsOf(holder).find(({ version }) => version === 2)?.folder ?? null

function groupsOf(holder: number): { folder: string; version: 1 | 2; bounded: Controller[] }[] {
  return hierarchies(holder).flatMap(({ own, version, controllers: bounded }) =>
    basename(own) === 'base' && isOurs.test(basename(dirname(own)))
      ? [{ folder: dirname(own), version, bounded }]
      : [],
  )
}

/** Fields: `man 5 proc`, /proc/pid/mountinfo; `man 7 cgroups`, /proc/pid/cgroup. */
function hierarchies(
  pid: number | 'self' = 'self',
  mountinfo = readFileSync('/proc/self/mountinfo', 'utf8'),
  membership = (pid === 'self' ? readFileSync('/proc/self/cgroup', 'utf8') : procFile(pid, 'cgroup')) ?? '',
): Hierarchy[] {
  const mounts = mountinfo.split('\n').flatMap((line) => {
    const [place = '', filesystem = ''] = line.split(' - ')
    const [type = '', , options = ''] = filesystem.split(' ')
    const [, , , root = '', at = ''] = place.split(' ')
    return type === 'cgroup' || type === 'cgroup2' ? [{ type, options: options.split(','), root, at }] : []
  })
  const found = membership.split('\n').flatMap((line): Hierarchy[] => {
    const [, names = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const held = controllers.filter((name) => names.split(',').includes(name))
    const mount = mounts.find(({ type, options }) =>
      names === '' ? type === 'cgroup2' : type === 'cgroup' && held.some((name) => options.includes(name)),
    )
    if (!mount || (names !== '' && held.length === 0)) return []
    const inside = mount.root === '/' ? path : path.slice(mount.root.length)
    const own = join(mount.at, inside)
    return [{ version: names === '' ? 2 : 1, mount: mount.at, own, controllers: held }]
  })
  // Version 2 has the controllers that version 1 does not use.
  const taken = found.flatMap(({ controllers: held }) => held)
  return found
    .map((one) =>
      one.version === 1 ? one : { ...one, controllers: controllers.filter((name) => !taken.includes(name)) },
    )
    .filter((one) => one.controllers.length > 0)
}

/** Tries it instead of looking it up; null: this user cannot make a group here that limits anything. */
function makeIn(hierarchy: Hierarchy, name: string, limits: { world: Limits; shell: Limits }): string | null {
  for (const parent of parentsIn(hierarchy)) {
    const folder = join(parent, name)
    try {
      removeStale(parent)
      if (hierarchy.version === 2) {
        accessSync(join(parent, 'cgroup.procs'), constants.W_OK)
        enable(parent, hierarchy.controllers)
      }
      mkdirSync(folder)
      if (hierarchy.version === 2) enable(folder, hierarchy.controllers)
      else putIfThere(folder, 'memory.use_hierarchy', '1') // before its children; always so in newer kernels
      for (const child of ['base', 'shell']) mkdirSync(join(folder, child))
      for (const controller of hierarchy.controllers) {
        limit(hierarchy.version, folder, controller, limits.world[controller])
        limit(hierarchy.version, join(folder, 'shell'), controller, limits.shell[controller])
      }
      return folder
    } catch (error) {
      removeNow(folder)
      if (!isRefusal(error)) throw error
    }
  }
  return null
}

/**
 * In version 1 the group is below our own. In version 2 a group with processes cannot limit its children, so it is beside
 * ours or higher.
 */
function parentsIn({ version, mount, own }: Hierarchy): string[] {
  if (version === 1) return [own]
  const all = []
  for (let folder = own; folder.startsWith(mount); folder = dirname(folder)) {
    all.push(folder)
    if (folder === mount || folder === '/') break
  }
  return all
}

function enable(folder: string, wanted: readonly Controller[]): void {
  const control = join(folder, 'cgroup.subtree_control')
  const enabled = readFileSync(control, 'utf8').trim().split(' ')
  const lacking = wanted.filter((name) => !enabled.includes(name))
  if (lacking.length > 0) writeFileSync(control, lacking.map((name) => `+${name}`).join(' '))
}

function limit(version: 1 | 2, folder: string, controller: Controller, amount: number): void {
  const put = (file: string) => writeFileSync(join(folder, file), String(amount))
  if (controller === 'pids') {
    put('pids.max')
    return
  }
  put(version === 1 ? 'memory.limit_in_bytes' : 'memory.max')
  // Without a limit here, memory would move to the swap space without end. Not every kernel counts it.
  if (version === 1) putIfThere(folder, 'memory.memsw.limit_in_bytes', String(amount))
  else putIfThere(folder, 'memory.swap.max', '0')
  // Version 2 counts the buffers of TCP with the rest. Version 1 counts them apart, and only below a limit.
  if (version === 1)
    putIfThere(folder, 'memory.kmem.tcp.limit_in_bytes', String(Math.floor(amount * shareOfSockets)))
}

function putIfThere(folder: string, file: string, text: string): void {
  if (existsSync(join(folder, file))) writeFileSync(join(folder, file), text)
}

/** The group is forbidden, read-only or not delegated (ENOENT: no such controller), or its parent has processes of its own. */
const isRefusal = (error: unknown): boolean =>
  ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'EBUSY', 'EINVAL', 'EOPNOTSUPP', 'ENOSPC', 'EAGAIN'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  )

function removeStale(parent: string): void {
  for (const name of readdirSync(parent)) {
    const maker = isOurs.exec(name)?.[1]
    if (maker !== undefined && !existsSync(`/proc/${maker}`)) removeNow(join(parent, name))
  }
}

const busyMs = 2_000

/** A process that was killed in it may not be reaped yet. */
async function removeSoon(folder: string): Promise<void> {
  const deadline = systemClock.now() + busyMs
  while (!removeNow(folder) && systemClock.now() < deadline) await systemClock.sleep(5)
}

/** Whether it is gone. */
function removeNow(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) rmdirSync(join(folder, entry.name))
    rmdirSync(folder)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    if (code === 'EBUSY' || code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false
    throw error
  }
}
