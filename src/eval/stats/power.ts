import { count, finite, share } from './check.ts'
import { normalQuantile, z80 } from './distributions.ts'

/*
 * All for a two-sided test at the design's level and a power of 80 %. The continuity correction stands in for the exactness
 * of the tests that are used: without it small samples would be promised more than those tests give.
 */

/**
 * Trials that side a needs, b having `ratio` times as many, to tell the rates apart: Fleiss, Levin & Paik 2003, Statistical
 * Methods for Rates and Proportions, 4.2; the correction is that of Casagrande, Pike & Smith 1978.
 */
function trialsFor({ z, rateA, rateB, ratio }: Record<'z' | 'rateA' | 'rateB' | 'ratio', number>): number {
  const difference = Math.abs(rateB - rateA)
  const mean = (rateA + ratio * rateB) / (ratio + 1)
  const none = z * Math.sqrt((ratio + 1) * mean * (1 - mean))
  const some = z80 * Math.sqrt(ratio * rateA * (1 - rateA) + rateB * (1 - rateB))
  return corrected((none + some) ** 2 / (ratio * difference ** 2), (2 * (ratio + 1)) / (ratio * difference))
}

/**
 * Pairs that are needed, of which `discordant` is the share in which one side only succeeds: Connor 1987, Biometrics 43:207,
 * with McNemar's own correction.
 */
function pairsFor(z: number, difference: number, discordant: number): number {
  const differing = Math.max(discordant, difference)
  const spread = z * Math.sqrt(differing) + z80 * Math.sqrt(differing - difference ** 2)
  return corrected((spread / difference) ** 2, 4 / difference)
}

const corrected = (n: number, correction: number): number =>
  (n / 4) * (1 + Math.sqrt(1 + correction / n)) ** 2

interface Tested {
  /** Significance level: 0.05, or less when several candidates are compared. */
  level: number
}

/** Two sides with so many trials each; the rate of side a is taken as what it is without the difference. */
export interface Unpaired extends Tested {
  kind: 'unpaired'
  a: number
  b: number
  rateA: number
}

/** So many pairs, and the share in which one side only succeeded, which is taken to stay so. */
export interface Paired extends Tested {
  kind: 'paired'
  pairs: number
  rateA: number
  discordant: number
}

/**
 * The smallest rise, or fall, of side a's rate that would be shown with a power of 80 %. null: not even the largest one
 * there is room for.
 */
export function smallestDifference(design: Unpaired | Paired, towards: 'rise' | 'fall'): number | null {
  check(design)
  const room = towards === 'rise' ? 1 - design.rateA : design.rateA
  if (room <= 0 || !isShown(design, towards, room)) return null
  let [low, high] = [0, room]
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2
    if (isShown(design, towards, middle)) high = middle
    else low = middle
  }
  return high
}

function isShown(design: Unpaired | Paired, towards: 'rise' | 'fall', difference: number): boolean {
  switch (design.kind) {
    case 'unpaired': {
      const { a, b, rateA } = design
      if (a === 0 || b === 0) return false
      const rateB = towards === 'rise' ? rateA + difference : rateA - difference
      return trialsFor({ z: zOf(design), rateA, rateB, ratio: b / a }) <= a
    }
    case 'paired':
      return pairsFor(zOf(design), difference, design.discordant) <= design.pairs
    default:
      return design satisfies never
  }
}

/** Trials on each side (or pairs) in all that would show this difference, b less a, with a power of 80 %. null: no room for it. */
export function trialsToShow(design: Unpaired | Paired, difference: number): number | null {
  check(design)
  const rateB = design.rateA + finite('a difference', difference)
  if (difference === 0 || rateB < 0 || rateB > 1) return null
  switch (design.kind) {
    case 'unpaired':
      return Math.ceil(trialsFor({ z: zOf(design), rateA: design.rateA, rateB, ratio: 1 }))
    case 'paired':
      return Math.ceil(pairsFor(zOf(design), Math.abs(difference), design.discordant))
    default:
      return design satisfies never
  }
}

const zOf = ({ level }: Tested): number => normalQuantile(level / 2)

function check(design: Unpaired | Paired): void {
  share('a rate', design.rateA)
  if (share('a level', design.level) === 0) throw new RangeError('at a level of 0 nothing is ever shown')
  switch (design.kind) {
    case 'unpaired':
      count('trials', design.a)
      count('trials', design.b)
      return
    case 'paired':
      count('pairs', design.pairs)
      share('the share of pairs that disagree', design.discordant)
      return
    default:
      design satisfies never
  }
}
