import { finite, share } from './check.ts'
import type { PairCounts } from './differences.ts'
import { exactLimits } from './rates.ts'

/** Rates of the same event on two sides. */
export type Harm =
  /** Trials that count differently are given as so many that count the same. */
  | { kind: 'unpaired'; rateA: number; rateB: number; a: number; b: number }
  | { kind: 'paired'; pairs: PairCounts }

/** The confidence of the bound: a candidate whose harm is at the margin is taken for safe in 5 % at most. */
const confidence = 0.95

/**
 * How much higher side b's rate may be than side a's: a one-sided upper bound with 95 % confidence. The exact limits of two
 * rates are combined: Zou & Donner 2008, Stat. Med. 27:1693. With pairs these are the rates of the two ways to disagree, which
 * exclude each other. Where side a has no event it is the exact limit of side b, also for the fewest trials.
 */
export function upperBound(harm: Harm): number {
  switch (harm.kind) {
    case 'unpaired':
      return combined(harm.rateA, harm.a, harm.rateB, harm.b, 0)
    case 'paired': {
      const { both, onlyA, onlyB, neither } = harm.pairs
      const pairs = [both, onlyA, onlyB, neither].reduce((sum, of) => sum + finite('pairs', of, 0), 0)
      const [rateA, rateB] = [onlyA / pairs, onlyB / pairs]
      const odds = (rateA * rateB) / ((1 - rateA) * (1 - rateB))
      return combined(rateA, pairs, rateB, pairs, -Math.sqrt(odds || 0))
    }
    default:
      return harm satisfies never
  }
}

function combined(rateA: number, a: number, rateB: number, b: number, correlation: number): number {
  const below = rateA - exactLimits(rateA, a, confidence)[0]
  const above = exactLimits(rateB, b, confidence)[1] - rateB
  return Math.min(1, rateB - rateA + Math.sqrt(below ** 2 + above ** 2 - 2 * correlation * below * above))
}

/** More than anybody runs. */
const most = 1e6

/**
 * Trials on each side, or pairs, with which the bound would be below the margin if the rates stayed as they were seen. null:
 * the difference that was seen is above the margin already, or near it.
 */
export function trialsToShowSafe(harm: Harm, margin: number): number | null {
  finite('a margin', share('a margin', margin), Number.MIN_VALUE)
  const isSafe = (trials: number) => upperBound(scaled(harm, trials)) < margin
  let high = 1
  while (!isSafe(high)) {
    high *= 2
    if (high > most) return null
  }
  let low = high / 2
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (isSafe(middle)) high = middle
    else low = middle
  }
  return high
}

function scaled(harm: Harm, trials: number): Harm {
  if (harm.kind === 'unpaired') return { ...harm, a: trials, b: trials }
  const { both, onlyA, onlyB, neither } = harm.pairs
  const factor = trials / (both + onlyA + onlyB + neither)
  return {
    kind: 'paired',
    pairs: { both: both * factor, onlyA: onlyA * factor, onlyB: onlyB * factor, neither: neither * factor },
  }
}
