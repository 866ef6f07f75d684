import { existsSync } from 'node:fs'
import { systemClock } from '../../core/clock.ts'
import { allPids, killIfThere, namespaceOf } from './process.ts'
import type { World } from './world/marker.ts'

const patienceMs = 5_000
const pollMs = 2
/** Programs of the host end all the time, so this many searches in a row without a find are enough. */
const quietPolls = 50

/**
 * Ends background processes of agents' commands that have ended. Each command has its own cgroup namespace, which also
 * contains the host's process that waits for it.
 */
export async function endLeftBehind(world: World): Promise<void> {
  const deadline = systemClock.now() + patienceMs
  for (let quiet = 0; quiet < quietPolls; ) {
    const { found, vanished } = killLeft(world)
    quiet = found.length > 0 ? 0 : quiet + 1
    if (quiet > 0 && !vanished) return
    if (found.length > 0 && systemClock.now() > deadline)
      throw new Error(`background processes of commands cannot be ended: pid ${found.join(', ')}`)
    if (!vanished) await systemClock.sleep(pollMs)
  }
}

/**
 * Kills each process as soon as it is found, the newest first, because a process may live just long enough to fork.
 * `vanished`: some ended during the search, so the list may lack their children.
 */
function killLeft(world: World): { found: number[]; vanished: boolean } {
  const here = namespaceOf('self', 'pid')
  const user = namespaceOf(world.init, 'user')
  const isOurs = (pid: number): boolean => user !== null && namespaceOf(pid, 'user') === user
  const inUse = new Set([namespaceOf(world.init, 'cgroup')])
  for (const pid of allPids())
    if (isOurs(pid) && namespaceOf(pid, 'pid') === here) inUse.add(namespaceOf(pid, 'cgroup'))
  const found: number[] = []
  let vanished = false
  for (const pid of allPids().reverse()) {
    const label = isOurs(pid) ? namespaceOf(pid, 'cgroup') : null
    if (label === null) vanished ||= !existsSync(`/proc/${pid}`)
    else if (!inUse.has(label) && namespaceOf(pid, 'pid') !== here) {
      killIfThere(pid)
      found.push(pid)
    }
  }
  return { found, vanished }
}
