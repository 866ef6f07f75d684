import type { Verdict } from '../core/watch/invariant.ts'

/** Window: a minute shows more than any grace of seconds; a longer grace needs a longer window. */
const leastWindowMs = 60_000
const windowGraces = 3
/** Minimum number of separate violations: a single outage that ends within its grace is not intermittent. */
const fewestStarts = 3
/** Time it must then stay clear without a break: longer than the pauses between two failures. */
const clearMs = 15_000

export interface Intermittent {
  /** Violated at half of the window's observations or more: a ticket is due, although no violation outlasted its grace. */
  isDue: boolean
  /** A clear observation does not yet prove that it is over. */
  isLull: boolean
}

/**
 * A check that fails at every second observation, but recovers within its grace each time, would never become a ticket. Each
 * violation has one of these. It is in memory only, so a restarted monitor needs a whole window again.
 */
export function intermittence(): { add(verdict: Verdict, graceMs: number, at: number): Intermittent } {
  const seen: { at: number; violated: boolean }[] = []
  let isOn = false
  return {
    add(verdict, graceMs, at) {
      if (verdict.kind !== 'ok' && verdict.kind !== 'violated') return { isDue: false, isLull: isOn }
      const windowMs = Math.max(leastWindowMs, windowGraces * graceMs)
      seen.push({ at, violated: verdict.kind === 'violated' })
      while ((seen[0]?.at ?? at) < at - windowMs) seen.shift()
      const bad = seen.filter(({ violated }) => violated)
      const starts = seen.filter(({ violated }, i) => violated && seen[i - 1]?.violated === false)
      const isLong = at - (seen[0]?.at ?? at) >= windowMs / 2
      const isDue = isLong && starts.length >= fewestStarts && bad.length * 2 >= seen.length
      const lastBadAt = bad.at(-1)?.at ?? Number.NEGATIVE_INFINITY
      isOn = isDue || (isOn && at - lastBadAt < clearMs)
      return { isDue: isDue && verdict.kind === 'violated', isLull: isOn }
    },
  }
}
