import type { Reach } from '../../shared/client/reach.ts'
import { cutPerSecond, troubleBetween } from './links.ts'

/** The links of one node to the others, by their ids. */
interface Reporter {
  /** Its own id; undefined: not known. */
  id: string | undefined
  reach: Reach
  /** null: it did not tell. */
  reports: Readonly<Record<string, number>> | null
  /** PD has lost it, too: nobody waits for what it has to say. */
  lost?: boolean
}

/** Round trips above that are trouble, in s. pd.rules.yml, PD_etcd_network_peer_latency. */
export const slowRoundTripSeconds = 1

/** Since when each node has been well without a break; whether that is long enough. `at`: monotonic, in ms. */
export function wellTracker(longEnoughMs: number): (at: number, well: readonly boolean[]) => boolean[] {
  const since = new Map<number, number>()
  return (at, well) =>
    well.map((is, i) => {
      if (!is) since.delete(i)
      else if (!since.has(i)) since.set(i, at)
      const from = since.get(i)
      return from !== undefined && at - from >= longEnoughMs
    })
}

/** Messages per second that are not delivered to or from each store, in the order of `reporters`; null: not known. */
export const undeliveredOf = (reporters: readonly Reporter[], well: readonly boolean[]): (number | null)[] =>
  troubleOf(reporters, well, { limit: cutPerSecond, join: (a, b) => a + b })

/** Round trips between PDs, p99 in s. etcd names its peers by their ids in hexadecimal digits. */
export function roundTripsOf(reporters: readonly Reporter[], well: readonly boolean[]): (number | null)[] {
  const inDecimal = reporters.map((one) => ({
    ...one,
    reports:
      one.reports &&
      Object.fromEntries(
        Object.entries(one.reports).map(([to, seconds]) => [
          /^[\da-f]{1,16}$/.test(to) ? String(BigInt(`0x${to}`)) : to,
          seconds,
        ]),
      ),
  }))
  return troubleOf(inDecimal, well, { limit: slowRoundTripSeconds, join: Math.max })
}

function troubleOf(
  reporters: readonly Reporter[],
  well: readonly boolean[],
  trouble: { limit: number; join: (a: number, b: number) => number },
): (number | null)[] {
  const judged = new Set(reporters.flatMap(({ id }, i) => (id !== undefined && well[i] ? [id] : [])))
  const reports = reporters.flatMap(({ id, reports }): [string, Readonly<Record<string, number>>][] =>
    id !== undefined && reports ? [[id, reports]] : [],
  )
  const gone = new Set(reporters.flatMap((one) => (one.id !== undefined && isGone(one) ? [one.id] : [])))
  const found = troubleBetween(new Map(reports), judged, trouble)
  return reporters.map(({ id, reports: own }, i) => {
    if (id === undefined) return null
    const blame = found.get(id) ?? 0
    if (blame > trouble.limit) return blame
    // Reports about a node that was away a moment ago may be outdated, so they count neither for nor against it.
    const doubted = reports.some(([from, links]) =>
      Object.entries(links).some(([to, much]) => {
        if (much <= trouble.limit || (from !== id && to !== id)) return false
        const ends = [from, to].filter((end) => !judged.has(end))
        return ends.length > 0 && !ends.some((end) => gone.has(end))
      }),
    )
    const missed = reporters.some((other, j) => i !== j && other.reports === null && !isGone(other))
    return doubted || missed || own === null ? null : blame
  })
}

/** A process that is gone, or that the others have lost, reports nothing, and nobody waits for it. */
const isGone = ({ reach, lost = false }: Reporter): boolean =>
  lost || reach === 'refused' || reach === 'reset'
