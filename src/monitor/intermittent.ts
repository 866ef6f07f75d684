import type { Verdict } from '../core/watch/invariant.ts'

/** A minute tells more than any grace of seconds; a longer grace asks for a longer memory. */
const leastWindowMs = 60_000
const windowGraces = 3
/** How often it has to begin anew: one outage that ends within its grace is none of this. */
const fewestStarts = 3
/** How long it must then be seen clear without a break: more than the lulls that it has between two failures. */
const clearMs = 15_000

export interface Intermittent {
  /** Violated at every second look of the window, or more often: a ticket is due, although no violation outlasted its grace. */
  isDue: boolean
  /** A look at which it is clear is no proof yet that it is over. */
  isLull: boolean
}

/**
 * What fails at every second look, but recovers within its grace each time would never become a ticket. One of these for each
 * violation; it remembers in memory only, so that a restarted monitor needs a window again.
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
