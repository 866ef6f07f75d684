import { systemClock } from '../../core/clock.ts'
import type { World } from './marker.ts'
import { allPids, killIfThere, namespaceOf } from './process.ts'

const patienceMs = 5_000
const pollMs = 2

/**
 * Ends what agents' commands that have ended left running in the background. Each command has a cgroup namespace of its own,
 * which the host's process that waits for it is in, too.
 */
export async function endLeftBehind(world: World): Promise<void> {
  const deadline = systemClock.now() + patienceMs
  for (let left = leftBehind(world); left.length > 0; left = leftBehind(world)) {
    if (systemClock.now() > deadline)
      throw new Error(`left by commands, and not to be ended: pid ${left.join(', ')}`)
    for (const pid of left) killIfThere(pid)
    await systemClock.sleep(pollMs)
  }
}

function leftBehind(world: World): number[] {
  const here = namespaceOf('self', 'pid')
  const user = namespaceOf(world.init, 'user')
  const all = allPids()
    .filter((pid) => user !== null && namespaceOf(pid, 'user') === user)
    .map((pid) => ({ pid, label: namespaceOf(pid, 'cgroup'), isOutside: namespaceOf(pid, 'pid') === here }))
  const inUse = new Set(all.filter(({ isOutside }) => isOutside).map(({ label }) => label))
  inUse.add(namespaceOf(world.init, 'cgroup'))
  return all.filter(({ label, isOutside }) => !isOutside && label && !inUse.has(label)).map(({ pid }) => pid)
}
