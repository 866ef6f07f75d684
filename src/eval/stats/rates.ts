import { count, finite, rateOf, share } from './check.ts'
import { betaQuantile, z95 } from './distributions.ts'

/** A 95 % interval. */
export type Interval = readonly [low: number, high: number]

/** The interval of a rate: Wilson 1927, J. Am. Stat. Assoc. 22:209. null: there are no trials. */
export function wilson(successes: number, trials: number): Interval | null {
  rateOf(successes, trials)
  return trials === 0 ? null : score(successes, trials, z95)
}

export function score(successes: number, trials: number, z: number): Interval {
  const failures = trials - successes
  const centre = successes + (z * z) / 2
  const spread = z * Math.sqrt((successes * failures) / trials + (z * z) / 4)
  // The limits at 0 and 1 are exact, and rounding must not move them.
  return [
    successes === 0 ? 0 : (centre - spread) / (trials + z * z),
    failures === 0 ? 1 : (centre + spread) / (trials + z * z),
  ]
}

/**
 * Exact one-sided limits of a rate, each with that confidence: Clopper & Pearson 1934, Biometrika 26:404. For weighted
 * trials, pass the effective numbers, which need not be whole: Korn & Graubard 1998, Surv. Methodol. 24:193.
 */
export function exactLimits(rate: number, trials: number, confidence: number): Interval {
  share('a rate', rate)
  finite('trials', trials, Number.MIN_VALUE)
  share('a confidence', confidence)
  const [successes, failures] = [rate * trials, (1 - rate) * trials]
  return [
    rate === 0 ? 0 : betaQuantile(1 - confidence, successes, failures + 1),
    rate === 1 ? 1 : betaQuantile(confidence, successes + 1, failures),
  ]
}

/** pass@k: at least one of k succeeds; unbiased: Chen et al. 2021, arXiv:2107.03374. null: fewer than k trials. */
export function passAtK(trials: number, successes: number, k: number): number | null {
  rateOf(successes, trials)
  return count('attempts', k) > trials ? null : 1 - drawn(trials, trials - successes, k)
}

/** pass^k: all of k succeed; unbiased: Yao et al. 2024, arXiv:2406.12045. null: fewer than k trials. */
export function passHatK(trials: number, successes: number, k: number): number | null {
  rateOf(successes, trials)
  return count('attempts', k) > trials ? null : drawn(trials, successes, k)
}

/** The probability that k of n, drawn without replacement, are all among `good`: C(good, k) / C(n, k). */
function drawn(n: number, good: number, k: number): number {
  let chance = 1
  for (let i = 0; i < k; i++) chance *= Math.max(0, good - i) / (n - i)
  return chance
}
