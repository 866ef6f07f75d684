import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'

/** Wall time of the work below on two quiet cores, ms; a median of nine on the machine that the tests' limits were made on. */
const quietMs = 80
/** Limits that are longer than this help nobody. */
export const mostTimes = 10

/** How many times longer than on two quiet cores the same work takes here and now, from 1 on. Other work beside it counts. */
export async function measureSlowness(): Promise<number> {
  const startedAt = performance.now()
  const starts = Array.from({ length: 4 }, () => once(spawn(process.execPath, ['-e', '0']), 'close'))
  const block = Buffer.alloc(16 * 1024 * 1024)
  for (let round = 0; round < 4; round++) createHash('sha256').update(block).digest()
  await Promise.all(starts)
  return Math.min(mostTimes, Math.max(1, (performance.now() - startedAt) / quietMs))
}
