import { once } from 'node:events'
import { systemClock } from '../../core/clock.ts'
import { type ChildProcess, spawn } from '../../spawn.ts'
import type { Link } from '../delay.ts'
import { worldUid } from './identity.ts'
import { allPids, execute, killIfThere, namespaceOf, ownerOf, procFile } from './process.ts'
import { joinAsOwner } from './world/enter.ts'
import type { World } from './world/marker.ts'

const patienceMs = 5_000
const pollMs = 10

/**
 * A node's network, as this host enters it. `network` is its identity: a process inside may point its name elsewhere. So
 * each program that runs there has no rights on this host, and checks where it is before it does anything.
 */
export function linkOf(world: World, node: string, network: string): Link {
  const relays = () => relaysOf(world, node)
  return {
    sh: async (script) => {
      const checked = `[ "$(readlink /proc/self/ns/net)" = '${network}' ] || exit
        echo here
        export XTABLES_LOCKFILE=/dev/null # the usual one is root's; a network of its own needs none
        ${script}`
      const { stdout, ...result } = await execute(joinAsOwner(world.init, ['sh', '-c', checked], node))
      if (!stdout.startsWith('here\n'))
        throw new Error(`the network of ${node} was replaced: ${result.stderr.trim()}`)
      return { ...result, stdout: stdout.slice('here\n'.length) }
    },
    startRelay: (argv, putRest) =>
      startRelay(joinAsOwner(world.init, [...argv, String(world.init), node], node), putRest),
    hasRelay: async () => relays().length > 0,
    endRelay: async () => {
      for (const pid of relays()) killIfThere(pid, 'SIGTERM')
      const deadline = systemClock.now() + patienceMs
      while (relays().length > 0) {
        if (systemClock.now() > deadline) for (const pid of relays()) killIfThere(pid)
        await systemClock.sleep(pollMs)
      }
    },
  }
}

async function startRelay(argv: readonly string[], putRest: () => Promise<void>): Promise<void> {
  const [file = '', ...args] = argv
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
  const child = spawn(file, args, { stdio: 'pipe', env, detached: true, cwd: '/' })
  try {
    await saysReady(child)
    await putRest()
    child.stdin.end('stay\n')
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    child.stdout.destroy()
    child.stderr.destroy()
    child.unref()
  }
}

async function saysReady(child: ChildProcess): Promise<void> {
  let complaint = ''
  child.stdin?.on('error', () => undefined) // it ended early; 'close' says why
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk
  })
  const failed = once(child, 'close').then(() => {
    throw new Error(`no delay without netem: the relay ended: ${complaint.trim()}`)
  })
  failed.catch(() => undefined)
  const signal = AbortSignal.timeout(patienceMs)
  await Promise.race([child.stdout && once(child.stdout, 'data', { signal }), failed])
}

/** The process table is the registry here, too. A process inside may use any name for itself. */
function relaysOf({ init }: World, node: string): number[] {
  const here = namespaceOf('self', 'pid')
  return allPids().filter((pid) => {
    if (namespaceOf(pid, 'pid') !== here || ownerOf(pid) !== worldUid()) return false
    const line = procFile(pid, 'cmdline') ?? ''
    return line.startsWith('perl\0-e\0') && line.endsWith(`\0${init}\0${node}\0`)
  })
}
