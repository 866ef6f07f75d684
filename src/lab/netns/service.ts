import { type Stats, statSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { systemClock } from '../../core/clock.ts'
import { placeInside } from '../../inside.ts'
import type { NodeState } from '../contract.ts'
import { sameArguments } from './arguments.ts'
import { allPids, killIfThere, namespaceOf, procFile } from './process.ts'
import type { World } from './world/marker.ts'

// Finds a node's process and follows it from outside. An intruder inside is root there and can forge pid files, names,
// definitions and links. It cannot forge another file's inode under a process, a process in a namespace that it is not in,
// or a process that is older than it is.

/** A node's process, as the host sees it. */
export interface ServiceProcess {
  pid: number
  /** Ticks after boot. A process id is only trusted together with it. */
  started: string
  paused: boolean
  leadsGroup: boolean
}

/** Identifies a node's process. The owner records it when the handle is made, before any access from inside. */
interface Identity {
  /** Its network namespace, e.g. `net:[4026532001]`; null: it could not be found. */
  network: string | null
  arguments: readonly string[]
  /** A script runs under its interpreter. null: the program could not be found. */
  executable: Executable | 'a script' | null
}

/** `ctimeMs` where the file is in the world and may be written there: it cannot be set back from inside. */
type Executable = { dev: number; ino: number; ctimeMs: number | null }

export interface Services {
  /** null: the process does not run. */
  processOf(node: string): Promise<ServiceProcess | null>
  /** Waits a moment for a process that was just started. */
  appearing(node: string): Promise<ServiceProcess | null>
  stateOf(node: string): Promise<NodeState>
  /** Delivers the signal and waits until its effect shows. */
  signal(node: string, signal: 'KILL' | 'STOP' | 'CONT'): Promise<void>
  /** SIGTERM, then SIGKILL. */
  stop(node: string): Promise<void>
  /** The node's network namespace, as /proc/PID/ns/net reads. @throws Error when it was not found. */
  networkOf(node: string): string
}

const pollMs = 1
const shownMs = 500
const stopMs = 5_000
const appearingMs = 300
const patienceMs = 5_000
const heldMs = 100

export async function servicesOf(world: World): Promise<Services> {
  const found = world.nodes.map(async (node) => [node.name, await identityOf(world, node)] as const)
  const identities = new Map(await Promise.all(found))
  const processOf = async (node: string) => {
    const identity = identities.get(node)
    return identity ? oldest(await processesOf(world, identity)) : null
  }
  /** `svc` returns once there is a process; it becomes the node's own only a few milliseconds later. */
  const appearing = async (node: string) => {
    const deadline = systemClock.now() + appearingMs
    for (;;) {
      const process = await processOf(node)
      if (process || systemClock.now() > deadline) return process
      await systemClock.sleep(pollMs)
    }
  }
  return {
    processOf,
    appearing,
    stateOf: async (node) => {
      const process = await processOf(node)
      if (!process) return 'stopped'
      return process.paused ? 'paused' : 'running'
    },
    signal: async (node, signal) => {
      const target = await appearing(node)
      if (!target) throw new Error(`${node} of cluster ${world.id} is not running`)
      if (signal === 'KILL') {
        if (!(await killed(world, target)))
          throw new Error(`${node} (pid ${target.pid}): SIGKILL has no effect`)
        return
      }
      send(target, `SIG${signal}`)
      // A stop cannot be refused, but another process may have continued this one before we looked.
      await becomes(target, (now) => now.paused === (signal === 'STOP'), shownMs)
    },
    stop: async (node) => {
      const target = await processOf(node)
      if (!target) return
      send(target, 'SIGTERM')
      send(target, 'SIGCONT')
      if (await becomes(target, () => false, stopMs)) return
      if (!(await killed(world, target))) throw new Error(`${node} (pid ${target.pid}) does not end`)
    },
    networkOf: (node) => {
      const network = identities.get(node)?.network
      if (network) return network
      throw new Error(`the network of ${node} of cluster ${world.id} is not there`)
    },
  }
}

async function identityOf(world: World, node: World['nodes'][number]): Promise<Identity> {
  const root = `/proc/${world.init}/root`
  await using network = await placeInside(`${root}/run/netns/${node.name}`)
  return {
    network: network && `net:[${(await network.stat()).ino}]`,
    arguments: node.argv.slice(1),
    executable: (await isScript(node.file)) ? 'a script' : await executableOf(root, node),
  }
}

async function executableOf(
  root: string,
  { file, copiedTo }: World['nodes'][number],
): Promise<Executable | null> {
  if (copiedTo === null) {
    const stats = statOf(file)
    return stats ? { dev: stats.dev, ino: stats.ino, ctimeMs: null } : null
  }
  await using place = await placeInside(root + copiedTo)
  return place && (await place.stat())
}

/** Identity of a file of this host. */
async function isScript(file: string): Promise<boolean> {
  if (statOf(file)?.isFile() !== true) return false
  await using handle = await open(file)
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  return buffer.toString('latin1') === '#!'
}

async function processesOf(world: World, identity: Identity): Promise<ServiceProcess[]> {
  const { network, executable } = identity
  const inside = namespaceOf(world.init, 'pid')
  if (inside === null || network === null || executable === null) return []
  const fitting = allPids().filter(
    (pid) =>
      namespaceOf(pid, 'pid') === inside &&
      namespaceOf(pid, 'net') === network &&
      (executable === 'a script' || runs(pid, executable)),
  )
  const found = fitting.map(async (pid) => {
    const process = serviceProcess(pid)
    const [, ...own] = await argumentsOf(pid)
    // A script's process has the interpreter's own arguments and the script's path first.
    const given = executable === 'a script' ? own.slice(own.length - identity.arguments.length) : own
    return process && sameArguments(given, identity.arguments) ? [process] : []
  })
  return (await Promise.all(found)).flat()
}

function runs(pid: number, { dev, ino, ctimeMs }: Executable): boolean {
  const stats = statOf(`/proc/${pid}/exe`)
  return stats?.dev === dev && stats.ino === ino && (ctimeMs === null || stats.ctimeMs === ctimeMs)
}

/** A process that was started from inside to look like the node's is newer. */
const oldest = (all: readonly ServiceProcess[]): ServiceProcess | null =>
  all.toSorted((a, b) => Number(a.started) - Number(b.started))[0] ?? null

/**
 * The arguments are in the process's own memory, which it may make slow to read. So the wait is short, and in no thread of
 * ours.
 */
async function argumentsOf(pid: number): Promise<string[]> {
  const signal = AbortSignal.timeout(patienceMs)
  const text = await readFile(`/proc/${pid}/cmdline`, { encoding: 'utf8', signal }).catch(() => '')
  return text.split('\0').slice(0, -1)
}

/** Fields: `man 5 proc`, /proc/pid/stat. Null when it has ended, reaped or not. */
function serviceProcess(pid: number): ServiceProcess | null {
  const [, fields] = /^.*\) (.*)$/s.exec(procFile(pid, 'stat') ?? '') ?? []
  const [state = 'X', , group, ...rest] = (fields ?? '').split(' ')
  if (state === 'Z' || state === 'X') return null
  return {
    pid,
    started: rest[16] ?? '',
    paused: state === 'T' || state === 't',
    leadsGroup: Number(group) === pid,
  }
}

const isStill = ({ pid, started }: ServiceProcess): ServiceProcess | null => {
  const now = serviceProcess(pid)
  return now?.started === started ? now : null
}

function send(target: ServiceProcess, signal: NodeJS.Signals): void {
  if (isStill(target)) killIfThere(target.leadsGroup ? -target.pid : target.pid, signal)
}

/** Whether it ended. A tracer inside can hold a killed process at its exit; then the tracer is killed, too. */
async function killed(world: World, target: ServiceProcess): Promise<boolean> {
  const deadline = systemClock.now() + patienceMs
  send(target, 'SIGKILL')
  while (!(await becomes(target, () => false, heldMs))) {
    if (systemClock.now() > deadline) return false
    const tracer = Number(/^TracerPid:\s*(\d+)/m.exec(procFile(target.pid, 'status') ?? '')?.[1])
    if (tracer > 0 && namespaceOf(tracer, 'user') === namespaceOf(world.init, 'user')) killIfThere(tracer)
  }
  return true
}

/** True when the process has ended or is in the wanted state; false: not within that time. */
async function becomes(
  target: ServiceProcess,
  isAsWanted: (now: ServiceProcess) => boolean,
  withinMs: number,
): Promise<boolean> {
  const deadline = systemClock.now() + withinMs
  for (;;) {
    const now = isStill(target)
    if (!now || isAsWanted(now)) return true
    if (systemClock.now() > deadline) return false
    await systemClock.sleep(pollMs)
  }
}

function statOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })
  } catch (error) {
    // The process ended during the check.
    if (['ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
