import { finite } from './check.ts'

/** Time until the event, or until the end of waiting when it had not happened. */
export interface Lifetime {
  ms: number
  /** false: censored. */
  happened: boolean
}

/** Refuses negative and infinite times. */
export function checked(lifetime: Lifetime): Lifetime {
  finite('a time', lifetime.ms, 0)
  return lifetime
}

/** One step down of a survival curve. */
export interface Step {
  ms: number
  atRisk: number
  events: number
  /** Share without the event at that time. */
  survival: number
}

/** Kaplan & Meier 1958, J. Am. Stat. Assoc. 53:457. Steps only where something happened. */
export function kaplanMeier(lifetimes: readonly Lifetime[]): Step[] {
  const steps: Step[] = []
  let survival = 1
  for (const { ms, atRisk, events } of eventTimes(lifetimes)) {
    survival *= 1 - events / atRisk
    steps.push({ ms, atRisk, events, survival })
  }
  return steps
}

/** Time at which the share q has had the event; null: that was not observed. */
export const survivalQuantile = (curve: readonly Step[], q: number): number | null =>
  curve.find(({ survival }) => survival <= 1 - q + 1e-12)?.ms ?? null

/**
 * The mean time up to the horizon, as the area below the curve, and its standard error: Klein & Moeschberger 2003, 4.5.
 * null: of none. The standard error is null where no spread was seen.
 */
export function restrictedMean(
  lifetimes: readonly Lifetime[],
  horizonMs: number,
): { ms: number; standardError: number | null } | null {
  finite('a horizon', horizonMs, 0)
  if (lifetimes.length === 0) return null
  const steps = kaplanMeier(lifetimes).filter(({ ms }) => ms < horizonMs)
  let [area, variance] = [0, 0]
  for (let i = steps.length - 1; i >= 0; i--) {
    const { ms, survival, atRisk, events } = steps[i] as Step
    area += survival * ((steps[i + 1]?.ms ?? horizonMs) - ms)
    // If all remaining units have their event now, the area after it is 0.
    if (atRisk > events) variance += (area ** 2 * events) / (atRisk * (atRisk - events))
  }
  return {
    ms: area + (steps[0]?.ms ?? horizonMs),
    standardError: variance > 0 ? Math.sqrt(variance) : null,
  }
}

/** Times with events, in order, with the number of events and of units at risk. */
export function eventTimes(lifetimes: readonly Lifetime[]): { ms: number; atRisk: number; events: number }[] {
  const sorted = lifetimes.map(checked).sort((a, b) => a.ms - b.ms || Number(b.happened) - Number(a.happened))
  const times: { ms: number; atRisk: number; events: number }[] = []
  for (const [i, { ms, happened }] of sorted.entries()) {
    if (!happened) continue
    const last = times.at(-1)
    if (last?.ms === ms) last.events++
    else times.push({ ms, atRisk: sorted.length - i, events: 1 })
  }
  return times
}
