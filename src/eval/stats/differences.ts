import { count, finite, rateOf } from './check.ts'
import { z95 } from './distributions.ts'
import { type Interval, score } from './rates.ts'
import type { TwoByTwo } from './resampling/exact.ts'

export interface Estimate {
  value: number
  interval: Interval
}

/** Two rates, and b less a. */
export interface RateDifference {
  a: Estimate
  b: Estimate
  difference: Estimate
}

/**
 * Difference of independent rates: the hybrid score interval of Newcombe 1998, Stat. Med. 17:873, method 10. With strata, each
 * side is weighted as if it had met every stratum as often as the other, and the limits of each side are the stratified
 * ones of Yan & Su 2010, Stat. Biopharm. Res. 2:329. null: one side of every stratum is empty.
 */
export function rateDifference(tables: readonly TwoByTwo[]): RateDifference | null {
  for (const { a, b } of tables) for (const side of [a, b]) rateOf(side.successes, side.trials)
  const strata = tables.filter(({ a, b }) => a.trials > 0 && b.trials > 0)
  if (strata.length === 0) return null
  const weights = mantelHaenszel(strata.map(({ a, b }) => [a.trials, b.trials]))
  const [a, b] = [strata.map((stratum) => stratum.a), strata.map((stratum) => stratum.b)]
  return differenceOf(stratified(a, weights), stratified(b, weights), 0)
}

/** The limits of a difference from those of two estimates with a correlation: Zou & Donner 2008, Stat. Med. 27:1693. */
function differenceOf(a: Estimate, b: Estimate, correlation: number): RateDifference {
  const value = b.value - a.value
  const spread = (x: number, y: number) => Math.sqrt(Math.max(0, x ** 2 - 2 * correlation * x * y + y ** 2))
  const low = value - spread(b.value - b.interval[0], a.interval[1] - a.value)
  const high = value + spread(b.interval[1] - b.value, a.value - a.interval[0])
  return { a, b, difference: { value, interval: [Math.max(-1, low), Math.min(1, high)] } }
}

/** Weights of the strata, which add up to 1: Mantel & Haenszel 1959, J. Natl. Cancer Inst. 22:719. */
export function mantelHaenszel(sizes: readonly (readonly [a: number, b: number])[]): number[] {
  const weights = sizes.map(([a, b]) => {
    finite('a size', a, 0)
    finite('a size', b, 0)
    return a * b === 0 ? 0 : (a * b) / (a + b)
  })
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => (sum === 0 ? 0 : weight / sum))
}

/** A weighted rate with its stratified Wilson interval. */
function stratified(counts: readonly TwoByTwo['a'][], weights: readonly number[]): Estimate {
  const sum = (of: (successes: number, trials: number, weight: number) => number) =>
    counts.reduce((total, { successes, trials }, i) => total + of(successes, trials, weights[i] ?? 0), 0)
  const variance = (x: number, n: number) => ((x / n) * (1 - x / n)) / n
  // Nowhere a success beside a failure: rates a little off 0 and 1 tell the strata's shares of the spread.
  const spread = sum(variance) > 0 ? variance : (x: number, n: number) => variance(x + 1, n + 2)
  const ofSum = Math.sqrt(sum((x, n, weight) => weight ** 2 * spread(x, n)))
  const z = (z95 * ofSum) / sum((x, n, weight) => weight * Math.sqrt(spread(x, n)))
  const limit = (side: 0 | 1) =>
    sum((x, n, weight) => weight * score(x, n, counts.length > 1 ? z : z95)[side])
  return { value: sum((x, n, weight) => (weight * x) / n), interval: [limit(0), limit(1)] }
}

/** Pairs of trials by which of the two succeeded. */
export interface PairCounts {
  both: number
  onlyA: number
  onlyB: number
  neither: number
}

/** Difference of paired rates: Newcombe 1998, Stat. Med. 17:2635, method 10. null: there are no pairs. */
export function pairedRateDifference({ both, onlyA, onlyB, neither }: PairCounts): RateDifference | null {
  const pairs = [both, onlyA, onlyB, neither].reduce((sum, of) => sum + count('pairs', of), 0)
  if (pairs === 0) return null
  const [inA, inB] = [both + onlyA, both + onlyB]
  const a = { value: inA / pairs, interval: score(inA, pairs, z95) }
  const b = { value: inB / pairs, interval: score(inB, pairs, z95) }
  const margins = inA * (pairs - inA) * inB * (pairs - inB)
  const cross = both * neither - onlyA * onlyB
  const corrected = cross > 0 ? Math.max(0, cross - pairs / 2) : cross
  const phi = margins === 0 ? 0 : corrected / Math.sqrt(margins)
  return differenceOf(a, b, phi)
}
