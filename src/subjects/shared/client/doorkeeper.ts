import type { Clock } from '../../../core/clock.ts'
import type { Tls } from '../../../core/watch/access.ts'
import { within } from './deadline.ts'
import { type Knock, knock } from './knock.ts'

const everyMs = 2_000
/** A new connection takes several round trips, and is repeated after a second where its first packet is lost. */
const patienceMs = 3_000
/** What was found longer ago says nothing of now. */
const staleMs = 10_000

/** Comes to a node as a new client does, again and again, beside the looks. */
export interface Doorkeeper extends Disposable {
  /** What the last one found; knocks again when it is time. null: nothing lately. */
  latest(): Knock | null
  /** What a new client finds now, or null when that is not known before the signal aborts. */
  now(signal: AbortSignal): Promise<Knock | null>
  /** For when the node was away: what was found until now says nothing of the time when it is back. */
  forget(): void
}

export function doorkeeper(url: string, path: string, tls: Tls, clock: Clock): Doorkeeper {
  const target = new URL(url)
  const ended = new AbortController()
  let found: { knock: Knock; at: number } | null = null
  let underWay: Promise<void> | null = null
  let startedAt = Number.NEGATIVE_INFINITY
  const start = (): Promise<void> => {
    startedAt = clock.monotonic()
    const coming = within(ended.signal, patienceMs, (signal) => knock(target, path, { tls, signal }))
    const own = coming.then((knock) => {
      if (underWay !== own) return
      found = { knock, at: clock.monotonic() }
      underWay = null
    })
    return own
  }
  return {
    latest() {
      if (!underWay && clock.monotonic() - startedAt >= everyMs) underWay = start()
      return found && clock.monotonic() - found.at < staleMs ? found.knock : null
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
      return isDone ? (found?.knock ?? null) : null
    },
    forget() {
      found = null
      underWay = null
      startedAt = Number.NEGATIVE_INFINITY
    },
    [Symbol.dispose]: () => ended.abort(),
  }
}
