import type { Rng } from '../../core/rng.ts'
import { type Distance, permutationTest, type Stratum } from './resampling/permutation.ts'
import { checked, eventTimes, type Lifetime } from './survival.ts'

/**
 * The log-rank test, stratified: Mantel 1966, as R's `survdiff` with `strata`. Its p is that of permutations, since that of
 * the normal distribution is too small where few trials are compared. The statistic is studentized: it holds its level
 * also where one side is censored earlier: Neuhaus 1993, Ann. Stat. 21:1760. p is 1 where nothing can be told.
 */
export function logRank(strata: readonly Stratum<Lifetime>[], rng: Rng): { chiSquare: number; p: number } {
  const distance = logRankDistance(strata)
  const labels = strata.flatMap(({ a, b }) => [...a.map(() => 0), ...b.map(() => 1)])
  const sizes = strata.map(({ a, b }) => ({ a: a.length, b: b.length }))
  return { chiSquare: distance(Uint8Array.from(labels)), p: permutationTest(sizes, distance, rng) }
}

/** The chi-square of a log-rank test as a function of who is on side b. */
function logRankDistance(strata: readonly Stratum<Lifetime>[]): Distance {
  const lifetimes = strata.flatMap(({ a, b }) => [...a, ...b])
  // Stratum by stratum, the latest first; of the same time what was censored before what happened.
  const order = new Uint32Array(lifetimes.length)
  const happened = Uint8Array.from(lifetimes, (one) => Number(checked(one).happened))
  /** At the last one of a time at which something happened: how many were at risk then, and to how many it happened. */
  const atRisk = new Float64Array(lifetimes.length)
  const events = new Float64Array(lifetimes.length)
  const isFirst = new Uint8Array(lifetimes.length)
  let start = 0
  for (const { a, b } of strata) {
    const both = [...a, ...b]
    if (both.length === 0) continue
    const sorted = both
      .map((_, i) => i)
      .sort(
        (i, j) =>
          at(both, j).ms - at(both, i).ms || Number(at(both, i).happened) - Number(at(both, j).happened),
      )
    isFirst[start] = 1
    const steps = eventTimes(both)
    let [next, left] = [start, 0]
    for (const i of sorted) {
      order[next] = start + i
      const step = steps.at(-1)
      if (step && at(both, i).happened && ++left === step.events) {
        atRisk[next] = step.atRisk
        events[next] = step.events
        left = 0
        steps.pop()
      }
      next++
    }
    start = next
  }
  return (labels) => {
    let excess = 0
    let variance = 0
    let atRiskB = 0
    let eventsB = 0
    for (let i = 0; i < order.length; i++) {
      if (isFirst[i] === 1) atRiskB = 0
      const unit = order[i] as number
      const isB = labels[unit] as number
      atRiskB += isB
      eventsB += isB & (happened[unit] as number)
      const all = atRisk[i] as number
      if (all === 0) continue
      const dead = events[i] as number
      const share = atRiskB / all
      excess += eventsB - dead * share
      if (all > 1) variance += (dead * share * (1 - share) * (all - dead)) / (all - 1)
      eventsB = 0
    }
    return variance > 0 ? excess ** 2 / variance : 0
  }
}

/**
 * The log-rank test of pairs: in each, either could have been on side b. What is permuted are the differences of scores:
 * O'Brien & Fleming 1987, Biometrics 43:169.
 */
export function pairedLogRank(pairs: readonly (readonly [a: Lifetime, b: Lifetime])[], rng: Rng): number {
  const scores = logRankScores([...pairs.map(([a]) => a), ...pairs.map(([, b]) => b)])
  const differences = Float64Array.from(pairs, (_, i) => (scores[pairs.length + i] ?? 0) - (scores[i] ?? 0))
  const rounding = 1e-12 * differences.reduce((sum, difference) => sum + Math.abs(difference), 0)
  const distance: Distance = (labels) => {
    let sum = 0
    for (let i = 0; i < differences.length; i++)
      sum += labels[2 * i + 1] === 1 ? (differences[i] as number) : -(differences[i] as number)
    return Math.abs(sum) <= rounding ? 0 : Math.abs(sum)
  }
  const strata = pairs.map(() => ({ a: 1, b: 1 }))
  return permutationTest(strata, distance, rng)
}

const at = (lifetimes: readonly Lifetime[], i: number): Lifetime => lifetimes[i] as Lifetime

/**
 * Log-rank score of each lifetime, in the order given: 1 for an event, less the Nelson-Aalen hazard up to
 * there.
 */
export function logRankScores(lifetimes: readonly Lifetime[]): number[] {
  const times = eventTimes(lifetimes)
  const order = lifetimes.map((_, i) => i).sort((i, j) => at(lifetimes, i).ms - at(lifetimes, j).ms)
  const scores = lifetimes.map(() => 0)
  let [hazard, next] = [0, 0]
  for (const i of order) {
    for (; (times[next]?.ms ?? Infinity) <= at(lifetimes, i).ms; next++)
      hazard += (times[next]?.events ?? 0) / (times[next]?.atRisk ?? 1)
    scores[i] = Number(at(lifetimes, i).happened) - hazard
  }
  return scores
}
