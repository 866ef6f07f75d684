import type { Rng } from '../../../core/rng.ts'
import { finite } from '../check.ts'
import { normalTail, quantile, tCritical } from '../distributions.ts'
import type { Interval } from '../rates.ts'
import { checked, type Lifetime } from '../survival.ts'
import { replicatesOf } from './permutation.ts'

/** Number of times that each unit was drawn. */
export type Counts = Float64Array

export interface Statistic {
  of(counts: Counts): number
  /** Degrees of freedom: number of units less the number of estimated parameters. */
  degrees: number
}

/**
 * Percentile intervals of statistics of the same units, from the same draws. Units are drawn within their cells, which hold
 * their numbers, 0 to `units` - 1. One of a cell is left out at random before it is drawn from (bootknife), and the
 * percentiles are those of Student's t, so that small samples do not look surer than they are: Hesterberg 2004, Proc. ASA,
 * and 2015, Am. Stat. 69:371. null: fewer than three degrees of freedom, or no spread to be seen.
 */
export function bootstrap(
  cells: readonly Int32Array[],
  statistics: readonly Statistic[],
  rng: Rng,
): (Interval | null)[] {
  const units = cells.reduce((sum, cell) => sum + cell.length, 0)
  const replicates = replicatesOf(units)
  const drawn = statistics.map(() => new Float64Array(replicates))
  const counts = new Float64Array(units)
  for (let r = 0; r < replicates; r++) {
    drawCells(cells, counts, rng)
    for (const [k, statistic] of statistics.entries())
      (drawn[k] as Float64Array)[r] = finite('a statistic', statistic.of(counts))
  }
  return statistics.map(({ degrees }, k) => percentiles((drawn[k] as Float64Array).sort(), degrees))
}

function drawCells(cells: readonly Int32Array[], counts: Counts, rng: Rng): void {
  counts.fill(0)
  for (const cell of cells) {
    const others = Math.max(1, cell.length - 1)
    const without = cell.length > 1 ? rng.int(cell.length) : 1
    for (let i = 0; i < cell.length; i++) {
      const other = rng.int(others)
      const unit = cell[other >= without ? other + 1 : other] as number
      counts[unit] = (counts[unit] as number) + 1
    }
  }
}

function percentiles(sorted: Float64Array, degrees: number): Interval | null {
  if (degrees < 3) return null
  const tail = normalTail(tCritical(degrees))
  const [low, high] = [quantile(sorted, tail), quantile(sorted, 1 - tail)]
  return low === null || high === null || high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high))
    ? null
    : [low, high]
}

/** Value of one unit and its weight. */
export interface Datum<T> {
  value: T
  unit: number
  weight: number
}

/** A weighted restricted mean as a function of how often each unit was drawn. */
export function restrictedMeanOf(
  data: readonly Datum<Lifetime>[],
  horizonMs: number,
): (counts: Counts) => number {
  finite('a horizon', horizonMs, 0)
  for (const { value, weight } of data) {
    finite('a weight', weight, 0)
    checked(value)
  }
  // Events before censoring at the same time, as a survival curve has it.
  const sorted = data.toSorted(
    ({ value: x }, { value: y }) => x.ms - y.ms || Number(y.happened) - Number(x.happened),
  )
  const unit = Int32Array.from(sorted, (datum) => datum.unit)
  const weight = Float64Array.from(sorted, (datum) => datum.weight)
  const ms = Float64Array.from(sorted, ({ value }) => value.ms)
  const happened = Uint8Array.from(sorted, ({ value }) => Number(value.happened))
  return (counts) => {
    let atRisk = 0
    let area = 0
    let survival = 1
    let before = 0
    for (let i = 0; i < unit.length; i++)
      atRisk += (weight[i] as number) * (counts[unit[i] as number] as number)
    for (let i = 0; i < unit.length; i++) {
      const leaving = (weight[i] as number) * (counts[unit[i] as number] as number)
      if (leaving === 0) continue
      const now = ms[i] as number
      if (now >= horizonMs) break
      area += survival * (now - before)
      before = now
      if (happened[i]) survival *= Math.max(0, 1 - leaving / atRisk)
      atRisk -= leaving
    }
    return area + survival * (horizonMs - before)
  }
}
