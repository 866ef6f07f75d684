import { type Paired, smallestDifference, trialsToShow, type Unpaired } from '../stats/power.ts'
import { fisher, mcnemar } from '../stats/resampling/exact.ts'
import type { Measured } from './measure.ts'
import type { Safety } from './safety.ts'
import { change, changes, figure, percent, probability } from './words.ts'

export type Kind = 'better' | 'worse' | 'inconclusive'

const level = 0.05
/**
 * More harm is a second way to be worse, by two metrics of which one direction counts: about a hundredth. The primary metric has
 * the rest, so that all ways together stay at 5 % where nothing differs.
 */
const harmLevel = 0.01
const primaryLevel = 0.04

/** Verdict of a metric on side b. Its p value is corrected, except for safety metrics. */
export function verdictOf(
  { metric, values, interval }: Measured,
  p: number | null,
  atMost = 'safety' in metric ? harmLevel : level,
): Kind {
  const difference = values ? values.b - values.a : 0
  // Where survival curves cross, the test may find a difference that is none of the means.
  const crossing = metric.measure.kind === 'time' && interval && interval[0] <= 0 && interval[1] >= 0
  if ('shownOnly' in metric || p === null || difference === 0 || crossing) return 'inconclusive'
  if (p > atMost) return 'inconclusive'
  return difference > 0 === (metric.better === 'higher') ? 'better' : 'worse'
}

/** The design of the primary metric, for what it could have shown as one of so many candidates. */
function designOf({ n, values, pairs }: Measured, candidates: number): Paired | Unpaired | null {
  if (!values) return null
  // Weights add up to 1 but for rounding.
  const rateA = Math.min(1, Math.max(0, values.a))
  // The first step of Holm's correction, which is the hardest.
  const tested = { level: primaryLevel / candidates, rateA }
  return pairs
    ? { kind: 'paired', ...tested, pairs: n.a, discordant: (pairs.onlyA + pairs.onlyB) / n.a }
    : { kind: 'unpaired', ...tested, a: n.a, b: n.b }
}

/** How large a difference these trials could have shown, and how many would show one; null: there are none. */
export function powerOf(primary: Measured, candidates: number) {
  const design = designOf(primary, candidates)
  if (!design || !primary.values) return null
  const have = Math.min(primary.n.a, primary.n.b)
  const toShow = (difference: number) => {
    const trials = trialsToShow(design, difference)
    return trials === null ? null : { difference, trials, more: Math.max(0, trials - have) }
  }
  return {
    level: design.level,
    candidates,
    power: 0.8,
    counted_in: design.kind === 'paired' ? 'pairs' : 'trials on each side',
    smallest_rise: smallestDifference(design, 'rise'),
    smallest_fall: smallestDifference(design, 'fall'),
    to_show_what_was_seen: toShow(primary.values.b - primary.values.a),
    to_show_ten_points: toShow(primary.values.a <= 0.9 ? 0.1 : -0.1),
    assumes:
      design.kind === 'paired'
        ? "the reference's rate and the share of pairs that disagree are what was seen"
        : "the reference's rate is what was seen",
  }
}

export type Power = ReturnType<typeof powerOf>

interface Named {
  reference: string
  candidate: string
}

/** The verdict on side b in words. `harm`: safety metrics by which it is worse, which makes it worse whatever else it is. */
export function conclude(
  primary: Measured,
  p: number | null,
  {
    reference,
    candidate,
    power,
    harm,
    safety,
  }: Named & { power: Power; harm: readonly Measured[]; safety: Safety },
): { kind: Kind; words: string } {
  const kind = verdictOf(primary, p, primaryLevel)
  const said = primaryWords(primary, p, { kind, reference, candidate, power })
  if (harm.length > 0) {
    const by = harm.map(harmWords).join('; ')
    const instead = kind === 'better' ? ` It leads otherwise: ${said}` : ` ${said}`
    return { kind: 'worse', words: `${candidate} does more harm than ${reference}: ${by}.${instead}` }
  }
  const { reference: own, candidate: other } = safety
  if (
    kind === 'better' &&
    safety.kind === 'not_shown' &&
    other.harmful * own.trials > own.harmful * other.trials
  )
    return {
      kind: 'inconclusive',
      words: `${said} But it was harmful more often, and is not shown to be safe.`,
    }
  return { kind, words: said }
}

function harmWords({ metric, values, p }: Measured): string {
  const [a, b] = [values?.a ?? 0, values?.b ?? 0]
  return `${metric.words} ${figure(metric.unit, b)} against ${figure(metric.unit, a)} (${probability(p ?? 1)})`
}

function primaryWords(
  primary: Measured,
  p: number | null,
  { kind, reference, candidate, power }: Named & { kind: Kind; power: Power },
): string {
  const { metric, values, interval, test, n } = primary
  if (!values || p === null || !interval)
    return `nothing to compare: no trials of ${reference} and ${candidate} in which the same was broken`
  const difference = values.b - values.a
  const counted = primary.pairs ? `${n.b} pairs` : `${n.b} and ${n.a} trials`
  const rates = `${metric.name} ${percent(values.b)} against ${percent(values.a)} of ${reference}`
  const found = `${change('share', difference)}, 95 % interval ${changes('share', interval)}`
  const facts = `${rates} (${found}; ${test}, ${probability(p)}, ${counted})`
  return kind === 'inconclusive'
    ? [`no difference is shown: ${candidate} ${facts}.`, ...couldShow(values.a, power)].join(' ')
    : `${candidate} is ${kind}: ${facts}.`
}

function couldShow(rate: number, power: Power): string[] {
  if (!power) return []
  const { smallest_rise: rise, smallest_fall: fall, to_show_what_was_seen: seen } = power
  const limits = [
    ...(rise === null ? [] : [`a rise to ${percent(rate + rise)}`]),
    ...(fall === null ? [] : [`a fall to ${percent(rate - fall)}`]),
  ]
  return [
    limits.length > 0
      ? `These trials could have shown ${limits.join(' or ')}, four times out of five.`
      : 'So few trials could not have shown any difference.',
    ...(seen && seen.more > 0
      ? [
          `If the ${change('share', seen.difference)} are real, it takes ${seen.more} more ${power.counted_in} to show them.`,
        ]
      : []),
  ]
}

/** Trials that broke for reasons of ours are not counted. What would be if the side that leads had lost them all? */
export function hangsOnInvalid(primary: Measured, kind: Kind, invalid: { a: number; b: number }): boolean {
  const { pairs, values, n } = primary
  if (kind === 'inconclusive' || !values) return false
  const [lostA, lostB] = values.b > values.a ? [0, invalid.b] : [invalid.a, 0]
  if (lostA + lostB === 0) return false
  if (pairs) return mcnemar(pairs.onlyA + lostB, pairs.onlyB + lostA) > level
  const side = (rate: number, trials: number, lost: number) => ({
    successes: Math.round(rate * trials),
    trials: trials + lost,
  })
  return fisher([{ a: side(values.a, n.a, lostA), b: side(values.b, n.b, lostB) }]) > primaryLevel
}

/** Whether one side broke more often for reasons of ours. */
export const invalidDiffers = (
  a: { trials: number; invalid: number },
  b: { trials: number; invalid: number },
): boolean =>
  fisher([
    { a: { successes: a.invalid, trials: a.trials }, b: { successes: b.invalid, trials: b.trials } },
  ]) <= level
