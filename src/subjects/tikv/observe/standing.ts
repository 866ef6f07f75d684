import type { Clock } from '../../../core/clock.ts'
import { within } from '../../shared/client/deadline.ts'

/** An answer that arrived between two observations is used by the next one if it is not older than this. */
const freshMs = 2_000

/** A request that may take longer than an observation. At most one is under way, so a slow peer is not asked again meanwhile. */
export interface Standing<T> extends Disposable {
  /** null: no answer by the time `signal` aborts. The request goes on, and a later call gets its answer. */
  ask(signal: AbortSignal): Promise<T | null>
}

/** `question` must not reject. It is taken back after `answerMs`. */
export function standing<T>(
  question: (signal: AbortSignal) => Promise<T>,
  { answerMs, clock }: { answerMs: number; clock: Clock },
): Standing<T> {
  const over = new AbortController()
  const waiting = new Set<(answer: T) => void>()
  let underWay = false
  let late: { at: number; answer: T } | null = null

  async function run(): Promise<void> {
    underWay = true
    const answer = await within(over.signal, answerMs, question)
    underWay = false
    if (waiting.size === 0) late = { at: clock.monotonic(), answer }
    for (const resolve of waiting) resolve(answer)
    waiting.clear()
  }

  return {
    ask(signal) {
      const came = late
      late = null
      if (came && clock.monotonic() - came.at <= freshMs) return Promise.resolve(came.answer)
      return new Promise((resolve) => {
        if (signal.aborted) return resolve(null)
        const stop = () => {
          waiting.delete(take)
          resolve(null)
        }
        const take = (answer: T) => {
          signal.removeEventListener('abort', stop)
          resolve(answer)
        }
        signal.addEventListener('abort', stop, { once: true })
        waiting.add(take)
        if (!underWay) void run()
      })
    },
    [Symbol.dispose]: () => over.abort(),
  }
}
