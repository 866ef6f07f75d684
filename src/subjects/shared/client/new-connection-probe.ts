import type { Clock } from '../../../core/clock.ts'
import type { Tls } from '../../../core/watch/access.ts'
import { within } from './deadline.ts'
import { connectAnew, type NewConnection } from './new-connection.ts'

const everyMs = 2_000
/** A new connection takes several round trips, and is repeated after a second where its first packet is lost. */
const patienceMs = 3_000
/** An older result proves nothing about the present. */
const staleMs = 10_000

/** Opens a new connection to a node now and then, beside the observations, as a new client would. */
export interface NewConnectionProbe extends Disposable {
  /** Result of the last attempt; starts another one when it is due. null: no recent result. */
  latest(): NewConnection | null
  /** Result of a new connection made now, or null when the signal aborts first. */
  now(signal: AbortSignal): Promise<NewConnection | null>
  /** Call when the node was away: earlier results prove nothing about the time after its return. */
  forget(): void
}

export function newConnectionProbe(url: string, path: string, tls: Tls, clock: Clock): NewConnectionProbe {
  const target = new URL(url)
  const ended = new AbortController()
  let found: { result: NewConnection; at: number } | null = null
  let underWay: Promise<void> | null = null
  let startedAt = Number.NEGATIVE_INFINITY
  const start = (): Promise<void> => {
    startedAt = clock.monotonic()
    const coming = within(ended.signal, patienceMs, (signal) => connectAnew(target, path, { tls, signal }))
    const own = coming.then((result) => {
      if (underWay !== own) return
      found = { result, at: clock.monotonic() }
      underWay = null
    })
    return own
  }
  return {
    latest() {
      if (!underWay && clock.monotonic() - startedAt >= everyMs) underWay = start()
      return found && clock.monotonic() - found.at < staleMs ? found.result : null
    },
    async now(signal) {
      underWay ??= start()
      const asked = underWay
      const isDone = await new Promise<boolean>((resolve) => {
        const late = () => resolve(false)
        signal.addEventListener('abort', late, { once: true })
        if (signal.aborted) late()
        void asked.then(() => {
          signal.removeEventListener('abort', late)
          resolve(true)
        })
      })
      return isDone ? (found?.result ?? null) : null
    },
    forget() {
      found = null
      underWay = null
      startedAt = Number.NEGATIVE_INFINITY
    },
    [Symbol.dispose]: () => ended.abort(),
  }
}
