import { readFileSync } from 'node:fs'
import { filterFor } from '../bounds/filter.ts'
import { memoryGroupOf, ownGroups, shellGroups } from '../bounds/groups.ts'
import { type Call, callsOf } from '../calls.ts'
import { isRoot, nobodyElse } from '../identity.ts'
import type { World } from './marker.ts'

const script = readFileSync(new URL('./enter.pl', import.meta.url), 'utf8')
const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

// Environment of a login. It is set outside, because the environment of an entering program can be read from inside.
const environment = ['env', '-i', path, 'HOME=/root', 'LANG=C.UTF-8', 'TERM=dumb']

/**
 * Capabilities (linux/capability.h) that nothing inside has: LINUX_IMMUTABLE, IPC_LOCK, SYS_MODULE, SYS_RAWIO, SYS_PTRACE (the
 * first process has more of them, and so stays out of reach; nodes do not), SYS_PACCT,
 * SYS_BOOT (it kills a whole process namespace), SYS_RESOURCE, SYS_TIME, SYS_TTY_CONFIG, LEASE, AUDIT_WRITE, AUDIT_CONTROL,
 * MAC_OVERRIDE, MAC_ADMIN, SYSLOG, WAKE_ALARM, BLOCK_SUSPEND, AUDIT_READ, PERFMON, BPF, CHECKPOINT_RESTORE.
 */
export const lostCapabilities = [
  9, 14, 16, 17, 19, 20, 22, 24, 25, 26, 28, 29, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40,
].join()

/** Limit of processes of an agent's command, beside those that run in the world. */
const tasks = 250

const used: Call[] = ['prctl', 'keyctl', 'setns', 'setgroups', 'setresuid', 'setresgid', 'openat2', 'unshare']
const numbers = (): string[] => {
  const calls = callsOf(process.arch)
  return [...used, 'setsid' as const, 'prlimit64' as const, 'seccomp' as const].flatMap((name) => {
    const number = calls?.number(name)
    return number === null || number === undefined ? [] : [`call.${name}=${number}`]
  })
}

const enter = (...steps: string[]): string[] => ['perl', '-e', script, ...numbers(), ...steps, '--']

/** Root's worlds run under a uid that owns nothing, so that root inside is not the host's root. */
const ownUid = (): string[] => (isRoot() ? [`uid=${nobodyElse}`] : [])

/** argv that runs a program as the worlds' user with an empty keyring; it ends when the process that started it ends. */
export const asWorldOwner = (groups: readonly string[] = []): string[] =>
  enter(...groups.map((group) => `group=${group}`), ...ownUid(), 'keyring=1', 'dies=1')

const networkFile = (node: string): string => `run/netns/${node}`
const networkOf = (node?: string): string[] => (node === undefined ? [] : [`net=${networkFile(node)}`])

const confinement = (world: World): string[] => {
  const filter = filterFor({ hasMemoryGroup: memoryGroupOf(world.holder) !== null })
  return [`caps=${lostCapabilities}`, ...(filter === null ? [] : [`filter=${filter}`])]
}

/** argv that runs a program inside a world, in its own network or in a node's. */
export function enterWorld(world: World, argv: readonly string[], node?: string): string[] {
  const where = [`world=${world.init}`, ...networkOf(node)]
  return [
    ...environment,
    ...enter(...ownUid(), 'keyring=1', 'dies=1', ...where, ...confinement(world)),
    ...argv,
  ]
}

/**
 * argv that runs an agent's command. Standard input carries the number of bytes, a newline and the text. When it closes,
 * everything that the command has started is killed, except what it made the first process start.
 */
export function commandIn(world: World): string[] {
  const groups = [
    ...shellGroups(world.holder).map((group) => `group=${group}`),
    ...ownGroups(world.holder).map((group) => `home=${group}`),
  ]
  const limits = ['oom=500', 'command=1', `tasks=${tasks}`]
  const steps = [...groups, ...ownUid(), 'keyring=1', `world=${world.init}`, ...limits, ...confinement(world)]
  return [...environment, ...enter(...steps), 'bash', '-c']
}

/** argv that runs a host program as the caller, only in a world's or a node's network. */
export function joinWorld(init: number, argv: readonly string[], node?: string): string[] {
  // Root may join the network directly, and keeps its power over the host's files; others must become root of the world
  // first.
  const only = isRoot() ? 'only=net' : 'only=user,net'
  return [...enter(`world=${init}`, only, ...networkOf(node)), ...argv]
}

/** Like `joinWorld`, without any rights on the host, whatever the caller's are. It outlives the caller. */
export function joinAsOwner(init: number, argv: readonly string[], node: string): string[] {
  return [...enter(...ownUid(), 'keyring=1', `world=${init}`, 'only=user,net', ...networkOf(node)), ...argv]
}
