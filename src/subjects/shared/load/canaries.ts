import { randomInt } from 'node:crypto'
import type { Clock } from '../../../core/clock.ts'
import { type Rng, rngFrom } from '../../../core/rng.ts'
import type { CanaryVerdict } from '../../../core/watch/subject.ts'

// Planted data must not be told from an application's by somebody who lists all of it, and its names and values must not
// follow from a trial's seed, which a campaign file may tell.

/** One piece of planted data, as it was when it was written. */
export interface Planted {
  /** In words: `key sessions/4f/9c0a`. */
  what: string
  /** How it is now; null: it could not be read. Equal texts mean that nothing about it has changed. */
  read(signal: AbortSignal): Promise<string | null>
  was: string
}

/** How a thing reads that is not there. */
export const gone = 'gone'

/** Begin like the keys of services that know nothing of each other; spread over the alphabet, as ranges are split by it. */
const prefixes = [
  'accounts/profiles/',
  'billing/invoices/2026/',
  'catalog/items/',
  'config/gateway/routes/',
  'flags/rollout/',
  'locks/scheduler/',
  'registry/services/',
  'sessions/web/',
  'tenants/limits/',
  'workers/leases/',
]

export const unguessable = (): Rng => rngFrom(randomInt(2 ** 32))

export const hex = (rng: Rng, digits: number): string =>
  Array.from({ length: digits }, () => rng.int(16).toString(16)).join('')

/** So many names, each below another prefix as long as there are some. */
export const keyNames = (rng: Rng, count: number): string[] => {
  const order = rng.shuffle(prefixes)
  return Array.from({ length: count }, (_, i) => `${order[i % order.length]}${hex(rng, 8)}`)
}

/** A document of about so many bytes, as a service might store it. */
export function documentOf(rng: Rng, bytes: number): string {
  const entries = [hex(rng, 32)]
  while (entries.length * 35 < bytes) entries.push(hex(rng, 32))
  return JSON.stringify({ version: 1 + rng.int(40), items: entries })
}

const pauseMs = 100
/** Another server may answer at this address, at any length. */
const mostChars = 300

/** Reads all of it, what fails again and again, until the time is over. */
export async function checkPlanted(
  planted: readonly Planted[],
  { clock, signal, withinMs }: { clock: Clock; signal: AbortSignal; withinMs: number },
): Promise<CanaryVerdict> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
  const lost: string[] = []
  let unreadable = 0
  const check = async ({ what, was, read }: Planted) => {
    while (!until.aborted) {
      const now = await read(until)
      if (now === was) return
      if (now !== null)
        return void lost.push(
          now === gone ? `${what} is gone` : `${what} was ${was}, is ${now.slice(0, mostChars)}`,
        )
      await clock.sleep(pauseMs, until).catch((error) => {
        if (!until.aborted) throw error
      })
    }
    unreadable++
  }
  await Promise.all(planted.map(check))
  signal.throwIfAborted()
  return { planted: planted.length, lost: lost.toSorted(), unreadable }
}
