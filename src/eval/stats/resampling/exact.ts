import { count, rateOf, share } from '../check.ts'
import { logChoose } from '../distributions.ts'

/**
 * McNemar's exact test (1947), two-sided: a binomial test of the pairs in which only one of the two succeeded.
 */
export function mcnemar(onlyA: number, onlyB: number): number {
  const pairs = count('pairs', onlyA) + count('pairs', onlyB)
  let tail = 0
  for (let k = 0; k <= Math.min(onlyA, onlyB); k++) tail += Math.exp(logChoose(pairs, k) - pairs * Math.LN2)
  return Math.min(1, 2 * tail)
}

/** Successes and trials of both sides. */
export interface TwoByTwo {
  a: { successes: number; trials: number }
  b: { successes: number; trials: number }
}

/**
 * Fisher's exact test, two-sided: the probability of all tables that are at most as likely as this one, like R's `fisher.test`.
 * With several strata, the exact conditional test, like R's `mantelhaen.test(exact = TRUE)`.
 */
export function fisher(strata: readonly TwoByTwo[]): number {
  let total: Distribution = { from: 0, chances: Float64Array.of(1) }
  for (const table of strata) total = convolve(total, hypergeometric(table))
  const seen = strata.reduce((sum, { a }) => sum + a.successes, 0)
  // Like R: probabilities that differ only by rounding count as equal.
  const limit = (total.chances[seen - total.from] ?? 0) * (1 + 1e-7)
  const p = total.chances.reduce((sum, chance) => (chance <= limit ? sum + chance : sum), 0)
  return Math.min(1, p)
}

interface Distribution {
  /** The number of successes that the first probability belongs to. */
  from: number
  chances: Float64Array
}

/** Distribution of the successes of side a, given all margins (hypergeometric). */
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

/** Drops the tails, whose products underflow to 0 in a double and only cost time. */
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

/** Holm 1979, Scand. J. Stat. 6:65: corrects the p values of several tests, so that at most 5 % of all families have a false alarm. */
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
