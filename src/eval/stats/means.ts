import type { Rng } from '../../core/rng.ts'
import { allFinite } from './check.ts'
import { mantelHaenszel } from './differences.ts'
import type { Interval } from './rates.ts'
import { bootstrapT } from './resampling/bootstrap-t.ts'
import { type Distance, permutationTest, type Stratum } from './resampling/permutation.ts'

/**
 * Tests whether the mean of side b is that of side a, and gives the interval of their difference. p is the larger one of
 * two. That of permutations is exact where the sides are exchangeable. That of the bootstrap also holds where only the means
 * are the same, and one side is more skewed than the other. `paired`: each stratum is a pair. null: too few to tell.
 */
export function compareMeans(
  strata: readonly Stratum<number>[],
  paired: boolean,
  rng: Rng,
): { p: number; interval: Interval | null } | null {
  const parts = paired ? [differences(strata)] : influences(strata)
  const difference = strata.length === 0 ? 0 : weightedDifference(strata)
  const told = bootstrapT(difference, parts, rng)
  if (told.kind === 'too few') return null
  const sizes = strata.map(({ a, b }) => ({ a: a.length, b: b.length }))
  const p = permutationTest(sizes, studentized(strata), rng)
  switch (told.kind) {
    case 'no spread':
      return { p, interval: null }
    case 'told':
      return { p: Math.max(p, told.p), interval: told.interval }
    default:
      return told satisfies never
  }
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function weightedDifference(strata: readonly Stratum<number>[]): number {
  const weights = mantelHaenszel(strata.map(({ a, b }) => [a.length, b.length]))
  return strata.reduce((sum, { a, b }, k) => {
    const weight = weights[k] as number
    return weight === 0 ? sum : sum + weight * (meanOf(b) - meanOf(a))
  }, 0)
}

const differences = (strata: readonly Stratum<number>[]): Float64Array =>
  Float64Array.from(strata, ({ a: [a = 0], b: [b = 0] }) => b - a)

/**
 * The difference of two means in its standard errors, without its sign. The variance of each side is its own, so that
 * a test of permutations holds its level also where one side varies more: Janssen 1997, Stat. Probab. Lett. 36:9; Chung &
 * Romano 2013, Ann. Stat. 41:484. A value that is alone on its side of a stratum has the distance from the stratum's mean
 * for a spread; for pairs it is the t statistic of their differences, or moves with it.
 */
export function studentized(strata: readonly Stratum<number>[]): Distance {
  const weights = mantelHaenszel(strata.map(({ a, b }) => [a.length, b.length]))
  const units = strata.reduce((sum, { a, b }) => sum + a.length + b.length, 0)
  const values = new Float64Array(units)
  const ends = Uint32Array.from(strata, ({ a, b }) => a.length + b.length)
  let start = 0
  for (const [k, { a, b }] of strata.entries()) {
    const both = [...a, ...b]
    allFinite('a value', both)
    const mean = meanOf(both)
    for (const [i, value] of both.entries()) values[start + i] = value - mean
    start += both.length
    ends[k] = start
  }
  const rounding = 1e-12 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return (labels) => {
    let difference = 0
    let variance = 0
    let at = 0
    for (let k = 0; k < ends.length; k++) {
      const weight = weights[k] as number
      const first = at
      const end = ends[k] as number
      // Numbers that are declared by destructuring are boxed, and fill the heap in a loop this long.
      let nB = 0
      let sumB = 0
      let squaresB = 0
      let sum = 0
      let squares = 0
      for (; at < end; at++) {
        const value = values[at] as number
        const square = value * value
        sum += value
        squares += square
        if (labels[at] === 1) {
          nB++
          sumB += value
          squaresB += square
        }
      }
      const size = end - first
      const nA = size - nB
      if (nA === 0 || nB === 0) continue
      difference += weight * (sumB / nB - (sum - sumB) / nA)
      variance +=
        weight *
        weight *
        (spreadOf(nB, sumB, squaresB, size) + spreadOf(nA, sum - sumB, squares - squaresB, size))
    }
    if (Math.abs(difference) <= rounding) return 0
    return variance <= 1e-12 * difference * difference
      ? Number.POSITIVE_INFINITY
      : Math.abs(difference) / Math.sqrt(variance)
  }
}

/** The variance of a mean of n values that are centred on the mean of their stratum. */
const spreadOf = (n: number, sum: number, squares: number, stratum: number): number =>
  n === 1 ? (squares * stratum) / (stratum - 1) : Math.max(0, squares - (sum * sum) / n) / (n - 1) / n

/**
 * Contribution of each value to the difference of the means, with its sign, by side. Their mean is that of the side,
 * up to a constant. They are centred within strata, and widened where few values make a stratum look narrower than it is.
 */
function influences(strata: readonly Stratum<number>[]): [a: Float64Array, b: Float64Array] {
  const weights = mantelHaenszel(strata.map(({ a, b }) => [a.length, b.length]))
  const ofSide = (side: 'a' | 'b', sign: number) => {
    const size = strata.reduce((sum, stratum) => sum + stratum[side].length, 0)
    const added = strata.flatMap((stratum, k) => {
      const own = stratum[side]
      const alike = own.length > 1 ? own : [...stratum.a, ...stratum.b]
      const mean = meanOf(alike)
      const scale =
        (sign * size * (weights[k] as number) * Math.sqrt(alike.length / (alike.length - 1))) / own.length
      return own.map((value) => scale * (value - mean))
    })
    return Float64Array.from(added)
  }
  return [ofSide('a', -1), ofSide('b', 1)]
}
