import type { Rng } from '../../../core/rng.ts'
import { allFinite, finite } from '../check.ts'
import { quantile } from '../distributions.ts'
import type { Interval } from '../rates.ts'

/** Fewer values do not show spread and skew: no method then keeps 5 % false alarms on costs and times. */
export const fewest = 12

/** Result of a test of a mean. */
export type Mean =
  | { kind: 'told'; p: number; interval: Interval | null }
  /** All values are the same. */
  | { kind: 'no spread' }
  | { kind: 'too few' }

/**
 * Tests whether an estimate is 0, and gives its 95 % interval. The estimate is a sum of means: `parts` holds a sample for
 * each, whose values are those that are averaged, up to a constant. Bootstrap-t with equal tails: Efron & Tibshirani 1993,
 * An Introduction to the Bootstrap, 12.5; Hall 1988, Ann. Stat. 16:927. The interval is null where its limits are not
 * finite: values that are nearly all the same tell no spread.
 *
 * On the side of the longer tail the limit is the wider one of two: as drawn, and with one more value in that tail. A
 * sample of skewed values has often missed the tail, its mean is too near the other end then, and its spread too small.
 * The value lies as far out as the farthest one, times twice the skewness and at most twice. That is a rule of ours, and
 * rests on the simulations of docs/comparing.md alone.
 */
export function bootstrapT(estimate: number, parts: readonly Float64Array[], rng: Rng): Mean {
  finite('an estimate', estimate)
  for (const values of parts) allFinite('a value', values)
  if (parts.length === 0 || parts.some(({ length }) => length < fewest)) return { kind: 'too few' }
  const centred = parts.map(centre)
  if (centred.every((values) => values.every((value) => value === 0))) return { kind: 'no spread' }
  const ends = [-1, 1].map((side) => {
    const longer = centred.map((values) => withTail(values, side))
    return longer.some((values, i) => values !== centred[i]) ? drawn(estimate, longer, rng) : null
  })
  const plain = drawn(estimate, centred, rng)
  const [low, high] = [-1, 1].map((side, i) => {
    const limits = [plain, ends[i] ?? plain].map((one) => limitOf(one, side))
    return side < 0 ? Math.min(estimate, ...limits) : Math.max(estimate, ...limits)
  }) as [number, number]
  const towards = estimate < 0 ? 1 : -1
  const tail = Math.max(...[plain, ends[towards < 0 ? 0 : 1] ?? plain].map((one) => tailOf(one, towards)))
  return {
    kind: 'told',
    p: Math.min(1, 2 * tail),
    interval: [low, high].every(Number.isFinite) ? [low, high] : null,
  }
}

/** Less the mean; what is left of equal values is rounding, and no spread. */
function centre(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const rounding = 1e-12 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return values.map((value) => (Math.abs(value - mean) > rounding ? value - mean : 0))
}

/** With one more value on that side, if that is where the longer tail is. */
function withTail(centred: Float64Array, side: number): Float64Array {
  let squares = 0
  let cubes = 0
  let farthest = 0
  for (const value of centred) {
    squares += value ** 2
    cubes += value ** 3
    farthest = Math.max(farthest, Math.abs(value))
  }
  const skewness = squares === 0 ? 0 : cubes / centred.length / (squares / centred.length) ** 1.5
  const added = Math.min(2, 2 * side * skewness) * farthest
  // If the correction moves the mean by less than a fiftieth of its standard error, it is skipped.
  if (added <= 0.02 * Math.sqrt(squares)) return centred
  const longer = new Float64Array(centred.length + 1)
  longer.set(centred)
  longer[centred.length] = side * added
  return longer
}

interface Drawn {
  estimate: number
  standardError: number
  /** Sorted: the estimate of each draw less that which is drawn from, in its own standard errors. */
  ts: Float64Array
}

/** Far from the last digit that is printed, where there are few values; less of many, so that they take no longer. */
const replicatesOf = (units: number) => Math.max(599, Math.min(1_999, Math.floor(4e6 / units)))

function drawn(estimate: number, parts: readonly Float64Array[], rng: Rng): Drawn {
  const units = parts.reduce((sum, { length }) => sum + length, 0)
  const means = parts.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length)
  const variance = parts.reduce((sum, values, i) => {
    const squares = values.reduce((all, value) => all + value * value, 0)
    return sum + varianceOf(values.length, means[i] as number, squares)
  }, 0)
  const shift = means.reduce((sum, mean) => sum + mean, 0)
  const ts = new Float64Array(replicatesOf(units))
  for (let r = 0; r < ts.length; r++) {
    let mean = -shift
    let spread = 0
    for (const values of parts) {
      const n = values.length
      let sum = 0
      let squares = 0
      for (let i = 0; i < n; i++) {
        const value = values[rng.int(n)] as number
        sum += value
        squares += value * value
      }
      mean += sum / n
      spread += varianceOf(n, sum / n, squares)
    }
    // A draw without spread is as far out as can be.
    ts[r] =
      spread > 1e-18 * variance
        ? mean / Math.sqrt(spread)
        : mean === 0
          ? 0
          : Math.sign(mean) * Number.POSITIVE_INFINITY
  }
  return { estimate: estimate + shift, standardError: Math.sqrt(variance), ts: ts.sort() }
}

const varianceOf = (n: number, mean: number, squares: number): number =>
  Math.max(0, squares - n * mean * mean) / (n - 1) / n

function limitOf({ estimate, standardError, ts }: Drawn, side: number): number {
  const t = quantile(ts, side < 0 ? 0.975 : 0.025) ?? Number.NaN
  return Number.isNaN(t) ? side * Number.POSITIVE_INFINITY : estimate - t * standardError
}

/** How often draws are as far to that side of what they are drawn from as 0 is. */
function tailOf({ estimate, standardError, ts }: Drawn, side: number): number {
  const t = estimate / standardError
  const beyond = ts.reduce((times, drawn_) => ((side < 0 ? drawn_ >= t : drawn_ <= t) ? times + 1 : times), 0)
  return (1 + beyond) / (ts.length + 1)
}
