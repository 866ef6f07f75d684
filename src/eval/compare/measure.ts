import { rngFrom } from '../../core/rng.ts'
import { isKnown } from '../report/lifetimes.ts'
import { type PairCounts, pairedRateDifference, rateDifference } from '../stats/differences.ts'
import { logRank, pairedLogRank } from '../stats/log-rank.ts'
import { compareMeans } from '../stats/means.ts'
import type { Interval } from '../stats/rates.ts'
import { fewest } from '../stats/resampling/bootstrap-t.ts'
import { fisher, mcnemar } from '../stats/resampling/exact.ts'
import { bootstrap, restrictedMeanOf, type Statistic } from '../stats/resampling/resample.ts'
import type { Lifetime } from '../stats/survival.ts'
import { degreesOf, type Frame, type Sample, sampleOf, strataOf } from './frame.ts'
import type { Metric, Waited } from './metrics.ts'

/** Fixed seed: reruns give the same p and the same interval. */
const seed = 1

/** One metric on both sides. Values are weighted as if both sides had met every damage equally often. */
export interface Measured {
  metric: Metric
  /** Trials of which it is known. */
  n: { a: number; b: number }
  /** null: of none. */
  values: { a: number; b: number } | null
  /** b less a. null: it cannot be told. */
  interval: Interval | null
  test: string
  /** null: of none. */
  p: number | null
  /** For times: the horizon up to which they are compared. */
  horizonMs?: number
  /** For paired rates. */
  pairs?: PairCounts
  /** For rates: the effective number of unweighted trials. */
  effective?: { a: number; b: number }
}

export function measure(metrics: readonly Metric[], frame: Frame): Measured[] {
  const times: [Measured, Statistic][] = []
  const all = metrics.map((metric) => {
    const { measure: how } = metric
    switch (how.kind) {
      case 'rate':
        return ofRate(metric, frame.paired, sampleOf(frame, how.of))
      case 'time': {
        const [measured, statistic] = ofTime(metric, frame, sampleOf(frame, how.of))
        if (statistic) times.push([measured, statistic])
        return measured
      }
      case 'mean': {
        const known = (value: number | null | undefined) => (isKnown(value) ? value : null)
        return ofMean(
          metric,
          frame.paired,
          sampleOf(frame, (trial) => known(how.of(trial))),
        )
      }
      default:
        return how satisfies never
    }
  })
  const statistics = times.map(([, statistic]) => statistic)
  const intervals = bootstrap(frame.cells, statistics, rngFrom(seed))
  for (const [i, [measured]] of times.entries()) measured.interval = intervals[i] ?? null
  return all
}

const counted = <T>({ a, b }: Sample<T>) => ({ a: a.length, b: b.length })

function ofRate(metric: Metric, paired: boolean, sample: Sample<boolean>): Measured {
  const { a, b } = sample
  const count = (inA: boolean, inB: boolean) =>
    a.filter(({ value }, i) => value === inA && b[i]?.value === inB).length
  const pairs = {
    both: count(true, true),
    onlyA: count(true, false),
    onlyB: count(false, true),
    neither: count(false, false),
  }
  const side = (values: readonly boolean[]) => ({
    successes: values.filter(Boolean).length,
    trials: values.length,
  })
  const tables = strataOf(sample).map((stratum) => ({ a: side(stratum.a), b: side(stratum.b) }))
  const found = paired ? pairedRateDifference(pairs) : rateDifference(tables)
  return {
    metric,
    n: counted(sample),
    values: found && { a: found.a.value, b: found.b.value },
    interval: found?.difference.interval ?? null,
    test: paired ? "McNemar's exact test" : "Fisher's exact test, by damage",
    p: found && (paired ? mcnemar(pairs.onlyA, pairs.onlyB) : fisher(tables)),
    effective: { a: effectiveOf(a), b: effectiveOf(b) },
    ...(paired ? { pairs } : {}),
  }
}

/** Kish 1965, Survey Sampling, 11.7: weights add up to 1. */
const effectiveOf = (data: Sample<boolean>['a']): number =>
  data.length === 0 ? 0 : 1 / data.reduce((sum, { weight }) => sum + weight ** 2, 0)

function ofTime(metric: Metric, frame: Frame, waited: Sample<Waited>): [Measured, Statistic?] {
  const horizonMs = horizonOf(waited)
  const cut = (data: Sample<Waited>['a']) =>
    data.map((datum) => ({ ...datum, value: cutAt(horizonMs, datum.value) }))
  const sample = { a: cut(waited.a), b: cut(waited.b) }
  const test = frame.paired ? 'permuted log-rank test of pairs' : 'permuted log-rank test, by damage'
  if (sample.a.length === 0) return [{ ...nothing(metric, test), horizonMs }]
  const [meanA, meanB] = [restrictedMeanOf(sample.a, horizonMs), restrictedMeanOf(sample.b, horizonMs)]
  const once = new Float64Array(frame.units).fill(1)
  return [
    {
      metric,
      n: counted(sample),
      interval: null,
      test,
      horizonMs,
      values: { a: meanA(once), b: meanB(once) },
      p: frame.paired
        ? pairedLogRank(pairsOf(sample), rngFrom(seed))
        : logRank(strataOf(sample), rngFrom(seed)).p,
    },
    { of: (drawn) => meanB(drawn) - meanA(drawn), degrees: degreesOf(frame, sample) },
  ]
}

/** The horizon up to which both sides were watched. A side without censored times does not limit it. */
function horizonOf({ a, b }: Sample<Waited>): number {
  const longest = (data: Sample<Waited>['a']) =>
    data.reduce((most, { value }) => Math.max(most, value.ms, value.watchedMs), 0)
  const reach = (data: Sample<Waited>['a']) =>
    data.some(({ value }) => !value.happened && !value.forGood)
      ? data.reduce((most, { value }) => (value.forGood ? most : Math.max(most, value.ms)), 0)
      : Number.POSITIVE_INFINITY
  const end = Math.min(reach(a), reach(b))
  return Number.isFinite(end) ? end : Math.max(longest(a), longest(b))
}

function cutAt(horizonMs: number, { ms, happened, forGood }: Waited): Lifetime {
  if (forGood || ms > horizonMs) return { ms: horizonMs, happened: false }
  return { ms, happened }
}

const pairsOf = ({ a, b }: Sample<Lifetime>): [Lifetime, Lifetime][] =>
  a.map(({ value }, i) => [value, (b[i] as (typeof b)[number]).value])

function ofMean(metric: Metric, paired: boolean, sample: Sample<number>): Measured {
  const test = `studentized permutation and bootstrap${paired ? ' of pairs' : ', by damage'}`
  if (sample.a.length === 0) return nothing(metric, test)
  const mean = (data: Sample<number>['a']) => data.reduce((sum, { value, weight }) => sum + weight * value, 0)
  const measured = { metric, n: counted(sample), values: { a: mean(sample.a), b: mean(sample.b) } }
  const told = compareMeans(strataOf(sample), paired, rngFrom(seed))
  return told
    ? { ...measured, test, ...told }
    : { ...measured, test: `not tested: fewer than ${fewest} on a side`, p: null, interval: null }
}

const nothing = (metric: Metric, test: string): Measured => ({
  metric,
  n: { a: 0, b: 0 },
  values: null,
  interval: null,
  test,
  p: null,
})
