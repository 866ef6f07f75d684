import type { TrialSummary } from '../report/summary.ts'
import { mantelHaenszel } from '../stats/differences.ts'
import type { Datum } from '../stats/resampling/resample.ts'
import type { Matched } from './match.ts'

interface Member {
  trial: TrialSummary
  /** The unit of resampling and permutation: a pair, or a trial. */
  unit: number
  /** A pair is a stratum of its own. */
  stratum: number
}

/** Matched trials, with their unit, stratum and cell for resampling. */
export interface Frame {
  paired: boolean
  units: number
  a: Member[]
  b: Member[]
  /** Units that may be drawn for each other in a bootstrap. */
  cells: Int32Array[]
}

export function frameOf(matched: Matched): Frame {
  switch (matched.kind) {
    case 'paired': {
      const side = (k: 0 | 1) => matched.pairs.map((pair, unit) => ({ trial: pair[k], unit, stratum: unit }))
      const cells = matched.pairs.length > 0 ? [Int32Array.from(matched.pairs.keys())] : []
      return { paired: true, units: matched.pairs.length, cells, a: side(0), b: side(1) }
    }
    case 'unpaired':
      return unpaired(matched.strata)
    default:
      return matched satisfies never
  }
}

function unpaired(strata: { a: TrialSummary[]; b: TrialSummary[] }[]): Frame {
  const members: Record<'a' | 'b', Member[]> = { a: [], b: [] }
  const cells: Int32Array[] = []
  // A damage with one trial shows no spread. All such trials of a side form one cell, which overstates the spread.
  const alone: Record<'a' | 'b', number[]> = { a: [], b: [] }
  let unit = 0
  for (const [stratum, trials] of strata.entries())
    for (const side of ['a', 'b'] as const) {
      const first = unit
      for (const trial of trials[side]) members[side].push({ trial, unit: unit++, stratum })
      if (unit - first > 1) cells.push(Int32Array.from({ length: unit - first }, (_, i) => first + i))
      else if (unit - first === 1) alone[side].push(first)
    }
  for (const side of [alone.a, alone.b]) if (side.length > 0) cells.push(Int32Array.from(side))
  return { paired: false, units: unit, ...members, cells }
}

export interface Known<T> extends Datum<T> {
  stratum: number
}

/** The values of one metric. The weights of each side add up to 1. With pairs, a[i] and b[i] belong together. */
export interface Sample<T> {
  a: Known<T>[]
  b: Known<T>[]
}

/** Leaves out trials without a value, with their partners, and strata in which one side has no value. */
export function sampleOf<T>(frame: Frame, of: (trial: TrialSummary) => T | null): Sample<T> {
  const says = (members: readonly Member[]) =>
    new Set(members.filter(({ trial }) => of(trial) !== null).map(({ stratum }) => stratum))
  const [inA, inB] = [says(frame.a), says(frame.b)]
  const known = (members: readonly Member[], others: ReadonlySet<number>): Known<T>[] => {
    const data: Known<T>[] = []
    for (const member of members) {
      const value = others.has(member.stratum) ? of(member.trial) : null
      if (value !== null) data.push({ value, unit: member.unit, stratum: member.stratum, weight: 0 })
    }
    return data
  }
  return weighted({ a: known(frame.a, inB), b: known(frame.b, inA) })
}

/** Weights each side as if it had met every stratum as often as the other side. */
function weighted<T>(sample: Sample<T>): Sample<T> {
  const sizes = new Map<number, { a: number; b: number }>()
  for (const side of ['a', 'b'] as const)
    for (const { stratum } of sample[side]) {
      const size = sizes.get(stratum) ?? { a: 0, b: 0 }
      size[side]++
      sizes.set(stratum, size)
    }
  const shares = mantelHaenszel([...sizes.values()].map(({ a, b }) => [a, b]))
  const shareOf = new Map([...sizes.keys()].map((stratum, i) => [stratum, shares[i] ?? 0]))
  for (const side of ['a', 'b'] as const)
    for (const datum of sample[side])
      datum.weight = (shareOf.get(datum.stratum) ?? 0) / (sizes.get(datum.stratum)?.[side] ?? 1)
  return sample
}

/** The data of one stratum after the other. */
export function strataOf<T>({ a, b }: Sample<T>): { a: T[]; b: T[] }[] {
  const [inA, inB] = [a, b].map((data) => Map.groupBy(data, ({ stratum }) => stratum)) as [
    Map<number, Known<T>[]>,
    Map<number, Known<T>[]>,
  ]
  const values = (data: readonly Known<T>[] | undefined) => (data ?? []).map(({ value }) => value)
  return [...inA].map(([stratum, data]) => ({ a: values(data), b: values(inB.get(stratum)) }))
}

/** Degrees of freedom: units of a side less one mean for each cell, for the side that has fewer. */
export function degreesOf<T>({ cells, paired }: Frame, { a, b }: Sample<T>): number {
  const degrees = (data: readonly Known<T>[]) => {
    const units = new Set(data.map(({ unit }) => unit))
    return cells.reduce(
      (sum, cell) => sum + Math.max(0, cell.filter((unit) => units.has(unit)).length - 1),
      0,
    )
  }
  return paired ? Math.max(0, a.length - 1) : Math.min(degrees(a), degrees(b))
}
