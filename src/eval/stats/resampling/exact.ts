import { count, rateOf, share } from '../check.ts'
import { logChoose } from '../distributions.ts'

/**
 * Pairs in which one of the two succeeded, by which: the exact test of McNemar 1947, the binomial one, two-sided.
 */
export function mcnemar(onlyA: number, onlyB: number): number {
  const pairs = count('pairs', onlyA) + count('pairs', onlyB)
  let tail = 0
  for (let k = 0; k <= Math.min(onlyA, onlyB); k++) tail += Math.exp(logChoose(pairs, k) - pairs * Math.LN2)
  return Math.min(1, 2 * tail)
}

/** Successes of trials, on two sides. */
export interface TwoByTwo {
  a: { successes: number; trials: number }
  b: { successes: number; trials: number }
}

/**
 * Fisher's exact test, two-sided: the tables that are no likelier than this one, as R's `fisher.test`. Of many strata the
 * exact conditional test, as R's `mantelhaen.test(exact = TRUE)`.
 */
export function fisher(strata: readonly TwoByTwo[]): number {
  let total: Distribution = { from: 0, chances: Float64Array.of(1) }
  for (const table of strata) total = convolve(total, hypergeometric(table))
  const seen = strata.reduce((sum, { a }) => sum + a.successes, 0)
  // As R: likelinesses that differ by rounding only are the same.
  const limit = (total.chances[seen - total.from] ?? 0) * (1 + 1e-7)
  const p = total.chances.reduce((sum, chance) => (chance <= limit ? sum + chance : sum), 0)
  return Math.min(1, p)
}

interface Distribution {
  /** The first chance is that of this number. */
  from: number
  chances: Float64Array
}

/** Of the successes of side a, all margins given. */
function hypergeometric({ a, b }: TwoByTwo): Distribution {
  rateOf(a.successes, a.trials)
  rateOf(b.successes, b.trials)
  const successes = a.successes + b.successes
  const from = Math.max(0, successes - b.trials)
  const all = logChoose(a.trials + b.trials, successes)
  const most = Math.min(a.trials, successes)
  const chances = Float64Array.from({ length: most - from + 1 }, (_, i) =>
    Math.exp(logChoose(a.trials, from + i) + logChoose(b.trials, successes - from - i) - all),
  )
  return trimmed({ from, chances })
}

/** Without the tails that no double can hold once multiplied: they only cost time. */
function trimmed({ from, chances }: Distribution): Distribution {
  const first = chances.findIndex((chance) => chance > 1e-150)
  const last = chances.findLastIndex((chance) => chance > 1e-150)
  return { from: from + first, chances: chances.slice(first, last + 1) }
}

function convolve(
  { from, chances: x }: Distribution,
  { from: start, chances: y }: Distribution,
): Distribution {
  const chances = new Float64Array(x.length + y.length - 1)
  for (let i = 0; i < x.length; i++)
    for (let j = 0; j < y.length; j++)
      chances[i + j] = (chances[i + j] as number) + (x[i] as number) * (y[j] as number)
  return trimmed({ from: from + start, chances })
}

/** Holm 1979, Scand. J. Stat. 6:65: p values of many tests, so that 5 % of all families have any false alarm. */
export function holm(ps: readonly number[]): number[] {
  for (const p of ps) share('p', p)
  const order = ps.map((_, i) => i).sort((i, j) => (ps[i] ?? 0) - (ps[j] ?? 0))
  const adjusted = [...ps]
  let largest = 0
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * (ps[i] ?? 0)))
    adjusted[i] = largest
  }
  return adjusted
}
