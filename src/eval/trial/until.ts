import type { Clock } from '../../core/clock.ts'

/** How often a trial polls for a condition that nothing notifies it of. */
const pollMs = 20

/** Polls until the condition holds; false: it did not within that time. */
export async function until(
  holds: () => Promise<boolean>,
  withinMs: number,
  clock: Clock,
  signal?: AbortSignal,
  pause: () => Promise<unknown> = () => clock.sleep(pollMs, signal),
): Promise<boolean> {
  const deadline = clock.now() + withinMs
  for (;;) {
    if (await holds()) return true
    if (clock.now() >= deadline) return false
    await pause()
  }
}

/**
 * Result of `work`, or of `otherwise` when the time is over or the signal aborts. Use it for everything that depends on the inside
 * of a cluster. The work itself goes on until its own limit.
 */
export async function unlessLate<T>(
  work: Promise<T>,
  { ms, signal, otherwise }: { ms: number; signal?: AbortSignal; otherwise: () => T },
): Promise<T> {
  work.catch(() => undefined) // it may fail when nobody waits for it any more
  const late = AbortSignal.any([AbortSignal.timeout(ms), ...(signal ? [signal] : [])])
  const over = new AbortController()
  const given = new Promise<T>((resolve, reject) => {
    const giveUp = () => {
      try {
        resolve(otherwise())
      } catch (error) {
        reject(error)
      }
    }
    if (late.aborted) return giveUp()
    late.addEventListener('abort', giveUp, { once: true, signal: over.signal })
  })
  return Promise.race([work, given]).finally(() => over.abort())
}
