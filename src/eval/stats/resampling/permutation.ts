import type { Rng } from '../../../core/rng.ts'

/** How many values two samples of one stratum have. */
export interface Sizes {
  a: number
  b: number
}

/** Values of two samples that belong together: what is compared is compared within the stratum. */
export interface Stratum<T> {
  a: readonly T[]
  b: readonly T[]
}

/**
 * How far apart the sides are when values are labelled so: 1 for side b, 0 for side a; stratum by stratum, in true order
 * side a before side b. Never negative, never NaN; Infinity where there is a difference and no spread.
 */
export type Distance = (labels: Uint8Array) => number

/** So many relabellings or fewer are all tried, which makes the p exact. */
const mostExact = 5_000

/** Enough for the digits that are printed; fewer of many units, of which chance makes less. */
export const replicatesOf = (units: number): number =>
  Math.max(599, Math.min(4_999, Math.floor(8e6 / Math.max(1, units))))

/**
 * p of a permutation test: the share of relabellings within strata that set the sides as far apart as the true labels do.
 * It is exact, whatever the distance, when the sides are exchangeable: Fisher 1935, The Design of Experiments, 21. All
 * relabellings are tried where these are few. Otherwise they are drawn, and the true one counts as a draw: Phipson & Smyth
 * 2010, Stat. Appl. Genet. Mol. Biol. 9:39. A pair is a stratum of 1 and 1.
 */
export function permutationTest(strata: readonly Sizes[], distance: Distance, rng: Rng): number {
  const units = strata.reduce((sum, { a, b }) => sum + a + b, 0)
  const labels = new Uint8Array(units)
  let start = 0
  for (const { a, b } of strata) {
    labels.fill(1, start + a, start + a + b)
    start += a + b
  }
  const seen = distance(labels)
  if (!(seen >= 0)) throw new RangeError(`a distance has to be at least 0, not ${seen}`)
  if (seen === 0) return 1
  // Distances that differ by rounding only are the same.
  const limit = seen - 1e-9 * seen
  const isAsFar = () =>
    seen === Number.POSITIVE_INFINITY ? distance(labels) === seen : distance(labels) >= limit
  let reached = 0
  if (relabellings(strata) <= mostExact) {
    let all = 0
    eachRelabelling(strata, labels, () => {
      all++
      if (isAsFar()) reached++
    })
    return reached / all
  }
  const replicates = replicatesOf(units)
  const order = Uint32Array.from({ length: units }, (_, i) => i)
  for (let r = 0; r < replicates; r++) {
    relabel(strata, labels, order, rng)
    if (isAsFar()) reached++
  }
  return (reached + 1) / (replicates + 1)
}

/** In how many ways labels can be dealt out; more than are ever tried is Infinity at last. */
function relabellings(strata: readonly Sizes[]): number {
  let ways = 1
  for (const { a, b } of strata) for (let i = 1; i <= b; i++) ways *= (a + i) / i
  return Math.round(ways)
}

/** Sets every relabelling in turn: stratum after stratum, value after value. */
function eachRelabelling(strata: readonly Sizes[], labels: Uint8Array, visit: () => void): void {
  const place = (stratum: number, at: number, leftA: number, leftB: number): void => {
    if (leftA + leftB === 0) {
      const next = strata[stratum + 1]
      if (next) place(stratum + 1, at, next.a, next.b)
      else visit()
      return
    }
    if (leftA > 0) {
      labels[at] = 0
      place(stratum, at + 1, leftA - 1, leftB)
    }
    if (leftB > 0) {
      labels[at] = 1
      place(stratum, at + 1, leftA, leftB - 1)
    }
  }
  const [first] = strata
  if (first) place(0, 0, first.a, first.b)
}

/** The smaller side of each stratum is drawn: the first steps of Fisher and Yates' shuffle, Knuth, TAOCP 2, 3.4.2. */
function relabel(strata: readonly Sizes[], labels: Uint8Array, order: Uint32Array, rng: Rng): void {
  let start = 0
  for (const { a, b } of strata) {
    const size = a + b
    if (a === 1 && b === 1) {
      // The same, only faster: there may be thousands of pairs.
      const isSwapped = rng.next() < 0.5
      labels[start] = isSwapped ? 1 : 0
      labels[start + 1] = isSwapped ? 0 : 1
      start += 2
      continue
    }
    const drawsB = b <= a
    const drawn = drawsB ? b : a
    labels.fill(drawsB ? 0 : 1, start, start + size)
    for (let i = 0; i < drawn; i++) {
      const other = start + i + rng.int(size - i)
      const unit = order[other] as number
      order[other] = order[start + i] as number
      order[start + i] = unit
      labels[unit] = drawsB ? 1 : 0
    }
    start += size
  }
}
