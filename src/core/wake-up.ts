import type { Clock } from './clock.ts'

/** Wakes a loop when there is something to do, so that the loop polls only where nothing can notify it. */
export interface WakeUp {
  notify(): void
  /**
   * Resolves when it is notified, or after `ms`; at once if it was notified since the last wait. Resolves to whether it was
   * notified, and rejects with the signal's reason when that aborts first. Only one loop may wait at a time.
   */
  wait(ms: number, signal?: AbortSignal): Promise<boolean>
}

export function wakeUpSignal(clock: Clock): WakeUp {
  let wasNotified = false
  let wake = (): void => undefined
  return {
    notify() {
      wasNotified = true
      wake()
    },
    async wait(ms, signal) {
      signal?.throwIfAborted()
      if (!wasNotified) {
        const over = new AbortController()
        wake = () => over.abort()
        signal?.addEventListener('abort', wake)
        await clock.sleep(ms, over.signal).catch((error) => {
          if (!over.signal.aborted) throw error
        })
        signal?.removeEventListener('abort', wake)
        signal?.throwIfAborted()
      }
      const result = wasNotified
      wasNotified = false
      return result
    },
  }
}
