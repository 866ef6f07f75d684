import type { Clock } from './clock.ts'

/** For loops that are told when there is news, and look by themselves only where nobody can tell. */
export interface Bell {
  ring(): void
  /**
   * Until it rings, or for `ms`; at once where it rang since the last wait. Resolves to whether it rang, and rejects with the
   * signal's reason when that aborts first. One loop may wait at a time.
   */
  wait(ms: number, signal?: AbortSignal): Promise<boolean>
}

export function bellOf(clock: Clock): Bell {
  let rang = false
  let wake = (): void => undefined
  return {
    ring() {
      rang = true
      wake()
    },
    async wait(ms, signal) {
      signal?.throwIfAborted()
      if (!rang) {
        const over = new AbortController()
        wake = () => over.abort()
        signal?.addEventListener('abort', wake)
        await clock.sleep(ms, over.signal).catch((error) => {
          if (!over.signal.aborted) throw error
        })
        signal?.removeEventListener('abort', wake)
        signal?.throwIfAborted()
      }
      const didRing = rang
      rang = false
      return didRing
    },
  }
}
