import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../../core/errors.ts'
import type { Ability } from '../../contract.ts'
import { isRoot } from '../identity.ts'
import { childrenOf, procFile } from '../process.ts'
import type { ServiceProcess } from '../service.ts'
import { type World, worlds } from '../world/marker.ts'
import { unifiedGroupOf } from './groups.ts'

const periodUs = 100_000
/** The kernel takes whole numbers only. */
const quotaUs = (percent: number): string => String(Math.round((periodUs * percent) / 100))

/** The two versions of the kernel's control groups, as far as CPU time goes. */
interface Groups {
  /** A folder in which we may make groups. */
  folder: string
  limit(group: string, percent: number): void
  /** Percent of one CPU; null: no limit. */
  limitOf(group: string): number | null
}

const v1 = {
  limit: (group: string, percent: number) => {
    writeFileSync(join(group, 'cpu.cfs_period_us'), String(periodUs))
    writeFileSync(join(group, 'cpu.cfs_quota_us'), quotaUs(percent))
  },
  limitOf: (group: string) => {
    const quota = Number(readFileSync(join(group, 'cpu.cfs_quota_us'), 'utf8'))
    return quota < 0 ? null : (quota / Number(readFileSync(join(group, 'cpu.cfs_period_us'), 'utf8'))) * 100
  },
}

const v2 = {
  limit: (group: string, percent: number) =>
    writeFileSync(join(group, 'cpu.max'), `${quotaUs(percent)} ${periodUs}`),
  limitOf: (group: string) => {
    const [quota, period] = readFileSync(join(group, 'cpu.max'), 'utf8').trim().split(' ')
    return quota === 'max' ? null : (Number(quota) / Number(period)) * 100
  },
}

/** Folders for CPU groups: beside our own in version 1, at the top (root only) in version 2. */
function groups(world?: World): Groups | null {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => {
      const [own = '', filesystem = ''] = line.split(' - ')
      return { at: own.split(' ')[4] ?? '', filesystem }
    })
  const first = mounts.find(({ filesystem }) => /^cgroup .*\bcpu\b/.test(filesystem))
  if (first) return { folder: first.at, ...v1 }
  const second = mounts.find(({ filesystem }) => filesystem.startsWith('cgroup2 '))
  if (!second || !existsSync(join(second.at, 'cgroup.controllers'))) return null
  // Elsewhere the process would leave the group that limits its memory.
  return { folder: (world && unifiedGroupOf(world.holder)) ?? second.at, ...v2 }
}

const groupName = (world: World, node: string): string => `${world.id}.${node}`

/** Tries it instead of looking it up. */
export function cpuAbility(): Ability {
  const found = groups()
  const fix = isRoot()
    ? 'mount the cgroup file system with its cpu controller'
    : 'run as root: only root may limit the CPU time of a group of processes here'
  if (!found) return { can: false, why: 'no cgroup with a cpu controller is mounted', fix }
  const group = join(found.folder, `try.${process.pid}`)
  try {
    makeGroup(found, group, 50)
    rmdirSync(group)
    return { can: true }
  } catch (error) {
    removeGroup(group)
    return { can: false, why: messageOf(error), fix }
  }
}

function makeGroup(found: Groups, group: string, percent: number): void {
  const control = join(found.folder, 'cgroup.subtree_control')
  if (existsSync(control) && !readFileSync(control, 'utf8').split(/\s+/).includes('cpu'))
    writeFileSync(control, '+cpu')
  mkdirSync(group, { recursive: true })
  found.limit(group, percent)
}

/** Limits the node's process to a share of one CPU. A process that is started later is not limited. */
export function limitCpuOf(world: World, node: string, target: ServiceProcess | null, percent: number): void {
  const found = groups(world)
  if (!found || !target) throw new Error(`${node}: ${target ? 'no cgroup for its CPU' : 'it is not running'}`)
  removeDead(found)
  const group = join(found.folder, groupName(world, node))
  makeGroup(found, group, percent)
  for (const pid of familyOf(target.pid)) move(pid, group)
}

export function unlimitCpuOf(world: World, node: string): void {
  const found = groups(world)
  if (!found) return
  const group = join(found.folder, groupName(world, node))
  if (!existsSync(group)) return
  const home = join(found.folder, homeOf(world))
  for (const pid of membersOf(group)) move(pid, home)
  removeGroup(group)
}

/** Percent of one CPU. 0: the limit exists, but the node was restarted and is not limited. null: there is no limit. */
export function cpuLimitOf(world: World, node: string, target: ServiceProcess | null): number | null {
  const found = groups(world)
  const group = found && join(found.folder, groupName(world, node))
  if (!group || !existsSync(group)) return null
  return target && membersOf(group).includes(target.pid) ? found.limitOf(group) : 0
}

const familyOf = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(familyOf)]

const membersOf = (group: string): number[] =>
  readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)

/** The group of the world's first process, and so of everything started inside. */
function homeOf(world: World): string {
  const lines = (procFile(world.init, 'cgroup') ?? '').split('\n').map((line) => line.split(':'))
  const line =
    lines.find(([, names]) => names?.split(',').includes('cpu')) ?? lines.find(([id]) => id === '0')
  return line?.[2] ?? '/'
}

function move(pid: number, group: string): void {
  try {
    writeFileSync(join(group, 'cgroup.procs'), String(pid))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it has ended
  }
}

/** A killed world leaves an empty group behind; the next start of a world removes it. */
function removeDead(found: Groups): void {
  const living = new Set(worlds().map(({ id }) => id))
  for (const name of readdirSync(found.folder)) {
    const id = /^([0-9a-f]{8})\.[a-z][a-z0-9-]*$/.exec(name)?.[1]
    if (id && !living.has(id)) removeGroup(join(found.folder, name))
  }
}

function removeGroup(group: string): void {
  try {
    rmdirSync(group)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    // Busy: a process that was killed in it is not reaped yet.
    if (code !== 'ENOENT' && code !== 'EBUSY') throw error
  }
}
