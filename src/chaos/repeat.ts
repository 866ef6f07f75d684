import { z } from 'zod'
import type { Cluster } from '../lab/contract.ts'
import type { Fault, Hold } from './chaos-type.ts'
import { whole } from './params.ts'
import { targetsOf } from './target.ts'

/** Limits of damage that is repeated after each repair. */
export const repetition = z.strictObject({
  /** Number of repetitions per node. */
  repeat: whole('times more', 0, 1000).optional(),
  /** How long the node may run each time. */
  every_ms: whole('ms', 100, 600_000).optional(),
})

const pollMs = 50

/** Resolves to true after `ms`, to false when the fault is over before that. */
export async function lasts({ clock, signal }: Hold, ms: number): Promise<boolean> {
  if (signal.aborted) return false
  return clock.sleep(ms, signal).then(
    () => true,
    (error) => {
      if (signal.aborted) return false
      throw error
    },
  )
}

/** Sends the signal again some time after a target starts to run, a limited number of times per target. */
export async function again(
  cluster: Cluster,
  fault: Fault,
  signal: 'KILL' | 'STOP',
  hold: Hold,
): Promise<void> {
  const { repeat = 0, every_ms = 3000 } = repetition.parse(fault.params)
  const haunt = async (node: string) => {
    for (let times = 0; times < repeat; ) {
      if (!(await lasts(hold, pollMs))) return
      if ((await cluster.state(node)) !== 'running') continue
      if (!(await lasts(hold, every_ms))) return
      if (await signalled(cluster, node, signal)) times++
    }
  }
  await Promise.all(targetsOf(fault).map(haunt))
}

/** Returns false when the node does not run, or has just ended by itself. */
export async function signalled(cluster: Cluster, node: string, signal: 'KILL' | 'STOP'): Promise<boolean> {
  if ((await cluster.state(node)) !== 'running') return false
  try {
    await cluster.signal(node, signal)
    return true
  } catch (error) {
    if ((await cluster.state(node)) === 'stopped') return false
    throw error
  }
}

export async function resume(cluster: Cluster, node: string): Promise<void> {
  try {
    if ((await cluster.state(node)) === 'paused') await cluster.signal(node, 'CONT')
  } catch (error) {
    if ((await cluster.state(node)) === 'paused') throw error // otherwise it was killed, or another process continued it
  }
}
