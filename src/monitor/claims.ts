import type { Bell } from '../core/bell.ts'
import { bellOf } from '../core/bell.ts'
import type { Clock } from '../core/clock.ts'
import type { Observation, Subject } from '../core/watch/subject.ts'
import type { OperatorDb } from '../store/operator/open.ts'
import { claimsUnderWay } from '../store/operator/violations.ts'

interface ClaimWatchOptions<O extends Observation> {
  db: OperatorDb
  cluster: string
  subject: Subject<O>
  clock: Clock
  signal: AbortSignal
  news?: Bell
}

/**
 * Ends a monitor's pause before its time where a look can confirm a claim: when the claim comes in, and when what it is about
 * has been clear for as long as its invariant asks. Costs one read of the database a pause, and one whenever it rings.
 */
export function claimWatch<O extends Observation>(options: ClaimWatchOptions<O>) {
  const { db, cluster, subject, clock, signal, news = bellOf(clock) } = options
  const keepFiringMs = new Map(subject.invariants.map((one) => [one.name, one.keepFiringMs]))
  let lookedInto = new Set<string>()

  /** Whether there is a claim that no look has looked into, and how soon one may be confirmed, ms. */
  const read = async () => {
    // A database that cannot be read is the next look's trouble, which says so.
    const claims = await claimsUnderWay(db, cluster).catch(() => [])
    const names = claims.map(({ id, verifyUntil }) => `${id} ${verifyUntil}`)
    const isNew = names.some((name) => !lookedInto.has(name))
    lookedInto = new Set(names)
    const waits = claims.flatMap(({ invariant, clearAt }) => {
      const keep = keepFiringMs.get(invariant)
      return clearAt === null || keep === undefined ? [] : [clearAt + keep - clock.now()]
    })
    return { isNew, confirmMs: Math.min(...waits.filter((ms) => ms > 0)) }
  }

  return {
    /** `ms`, or less. True: it was the whole of it. */
    async pause(ms: number): Promise<boolean> {
      const end = clock.monotonic() + ms
      for (;;) {
        const { isNew, confirmMs } = await read()
        const leftMs = Math.max(0, end - clock.monotonic())
        if (isNew && leftMs > 0) return false
        if ((await news.wait(Math.min(leftMs, confirmMs), signal)) && leftMs > 0) continue
        // The look that comes now looks into all that was claimed until now.
        await read()
        return leftMs <= confirmMs
      }
    },
  }
}
