import type { Clock } from '../core/clock.ts'
import type { WakeUp } from '../core/wake-up.ts'
import { wakeUpSignal } from '../core/wake-up.ts'
import type { Observation, Subject } from '../core/watch/subject.ts'
import type { OperatorDb } from '../store/operator/open.ts'
import { claimsUnderWay } from '../store/operator/violations.ts'

interface ClaimWatchOptions<O extends Observation> {
  db: OperatorDb
  cluster: string
  subject: Subject<O>
  clock: Clock
  signal: AbortSignal
  wakeUp?: WakeUp
}

/**
 * Ends a monitor's pause early when an observation can confirm a claim: when the claim comes in, and when the violation has
 * been clear for as long as its invariant demands. Costs one read of the database per pause, and one per wake-up.
 */
export function claimWatch<O extends Observation>(options: ClaimWatchOptions<O>) {
  const { db, cluster, subject, clock, signal, wakeUp = wakeUpSignal(clock) } = options
  const keepFiringMs = new Map(subject.invariants.map((one) => [one.name, one.keepFiringMs]))
  let checked = new Set<string>()

  /** Whether there is a claim that no observation has checked yet, and the ms until one may be confirmed. */
  const read = async () => {
    // The next observation meets the same error of the database and reports it.
    const claims = await claimsUnderWay(db, cluster).catch(() => [])
    const names = claims.map(({ id, verifyUntil }) => `${id} ${verifyUntil}`)
    const isNew = names.some((name) => !checked.has(name))
    checked = new Set(names)
    const waits = claims.flatMap(({ invariant, clearAt }) => {
      const keep = keepFiringMs.get(invariant)
      return clearAt === null || keep === undefined ? [] : [clearAt + keep - clock.now()]
    })
    return { isNew, confirmMs: Math.min(...waits.filter((ms) => ms > 0)) }
  }

  return {
    /** Waits `ms` or less. True: it waited the whole time. */
    async pause(ms: number): Promise<boolean> {
      const end = clock.monotonic() + ms
      for (;;) {
        const { isNew, confirmMs } = await read()
        const leftMs = Math.max(0, end - clock.monotonic())
        if (isNew && leftMs > 0) return false
        if ((await wakeUp.wait(Math.min(leftMs, confirmMs), signal)) && leftMs > 0) continue
        // The next observation checks all claims made until now.
        await read()
        return leftMs <= confirmMs
      }
    },
  }
}
