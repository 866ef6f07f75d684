import { quantile } from '../stats/distributions.ts'
import { type Interval, wilson } from '../stats/rates.ts'
import { kaplanMeier, type Lifetime, restrictedMean, survivalQuantile } from '../stats/survival.ts'
import { isKnown } from './lifetimes.ts'

/** So many of so many, with Wilson's 95 % interval; null: of none, nothing can be said. */
export interface Rate {
  count: number
  of: number
  rate: number | null
  interval: Interval | null
}

export const rate = (count: number, of: number): Rate => ({
  count,
  of,
  rate: of === 0 ? null : count / of,
  interval: wilson(count, of),
})

/** How numbers are spread; null: there are none. What a stored summary lacks is left out. */
export interface Distribution {
  n: number
  total: number
  mean: number
  median: number
  p90: number
  max: number
}

export function distribution(values: readonly number[]): Distribution | null {
  const sorted = Float64Array.from(values.filter(isKnown)).sort()
  const [median, p90, max] = [quantile(sorted, 0.5), quantile(sorted, 0.9), sorted.at(-1)]
  if (median === null || p90 === null || max === undefined) return null
  const total = sorted.reduce((sum, value) => sum + value, 0)
  return { n: sorted.length, total, mean: total / sorted.length, median, p90, max }
}

/** Times of which some were waited for in vain. */
export interface Times {
  happened: number
  /** Waited for in vain. */
  censored: number
  /** Quantile of the survival curve; null if it happened in less than that share of the trials. */
  median_ms: number | null
  p90_ms: number | null
  /** The mean of the time until it happened or the horizon came: what did not happen counts as the whole horizon. */
  restricted_mean_ms: number | null
  standard_error_ms: number | null
  horizon_ms: number
}

export function times(lifetimes: readonly Lifetime[], horizonMs: number): Times {
  const curve = kaplanMeier(lifetimes)
  const mean = restrictedMean(lifetimes, horizonMs)
  const happened = lifetimes.filter((lifetime) => lifetime.happened).length
  return {
    happened,
    censored: lifetimes.length - happened,
    median_ms: survivalQuantile(curve, 0.5),
    p90_ms: survivalQuantile(curve, 0.9),
    restricted_mean_ms: mean?.ms ?? null,
    standard_error_ms: mean?.standardError ?? null,
    horizon_ms: horizonMs,
  }
}
