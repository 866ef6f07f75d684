import { isKnown } from '../report/lifetimes.ts'
import type { TrialSummary } from '../report/summary.ts'
import { holm } from '../stats/resampling/exact.ts'
import { frameOf } from './frame.ts'
import { type Matched, match, type Side } from './match.ts'
import { type Measured, measure } from './measure.ts'
import { type Metric, metrics } from './metrics.ts'
import { defaultHarmMargin, safetyOf } from './safety.ts'
import { conclude, hangsOnInvalid, invalidDiffers, powerOf, verdictOf } from './verdict.ts'

export type Comparison = ReturnType<typeof documentOf>

export interface CompareOptions {
  /** How much higher the candidate's share of harmful trials may be than the reference's. */
  harmMargin?: number
}

export const compare = (reference: Side, candidate: Side, options: CompareOptions = {}): Comparison =>
  compareAll(reference, [candidate], options)[0] as Comparison

/**
 * Compares each candidate with the reference. Pure: the same trials give the same bytes, in any order. The primary metric,
 * the recovery rate, was fixed before any result was seen and decides the verdict. Its p value is corrected for the number of
 * candidates, the p values of the other metrics for the number of metrics. Each safety metric is tested by itself: a
 * candidate that does more harm is worse.
 */
export function compareAll(
  referenceAsGiven: Side,
  candidatesAsGiven: readonly Side[],
  { harmMargin = defaultHarmMargin }: CompareOptions = {},
): Comparison[] {
  const reference = agentsOf(referenceAsGiven)
  const all = candidatesAsGiven.map((given) => {
    const candidate = agentsOf(given)
    const matched = match(reference, candidate)
    for (const [side, agents] of [
      [referenceAsGiven, reference],
      [given, candidate],
    ] as const)
      if (side.trials.length > agents.trials.length)
        matched.leftOut.push({
          side: side.name,
          trials: side.trials.length - agents.trials.length,
          why: 'baseline: compare-baseline compares it',
        })
    const withAgents = [reference, candidate].every((side) => !side.trials.some(isBaseline))
    const asked: Metric[] = metrics.filter((metric) => withAgents || !('ofAgents' in metric))
    const [primary, ...others] = measure(asked, frameOf(matched)) as [Measured, ...Measured[]]
    return { candidate, matched, primary, others }
  })
  const tested = all.filter(({ primary }) => primary.p !== null)
  const ps = holm(tested.map(({ primary }) => primary.p ?? 1))
  return all.map((one) => {
    const p = ps[tested.indexOf(one)] ?? null
    return documentOf({ reference, ...one, p, harmMargin, candidates: all.length })
  })
}

const isBaseline = ({ arm }: TrialSummary) => arm === 'baseline'

/** The trials with an agent; if a campaign has none, its baseline. */
function agentsOf(side: Side): Side {
  const trials = side.trials.filter((trial) => !isBaseline(trial))
  return trials.length > 0 ? { ...side, trials } : side
}

interface Compared {
  reference: Side
  candidate: Side
  matched: Matched
  primary: Measured
  /** p value of the primary metric, corrected. */
  p: number | null
  others: Measured[]
  candidates: number
  harmMargin: number
}

function documentOf(compared: Compared) {
  const { reference, candidate, matched, primary, p, others } = compared
  const tested = others.filter(
    ({ metric, p }) => p !== null && !('safety' in metric) && !('shownOnly' in metric),
  )
  const ps = holm(tested.map((other) => other.p ?? 1))
  const correctedP = (measured: Measured): number | null => {
    if (measured === primary) return p
    return tested.includes(measured) ? (ps[tested.indexOf(measured)] ?? null) : measured.p
  }
  const names = { reference: reference.name, candidate: candidate.name }
  const power = powerOf(primary, compared.candidates)
  const harm = others.filter((other) => 'safety' in other.metric && verdictOf(other, other.p) === 'worse')
  const harmful = others.find(({ metric }) => metric.name === 'harmful') as Measured
  const safety = safetyOf(harmful, { ...names, margin: compared.harmMargin, isWorse: harm.length > 0 })
  const verdict = conclude(primary, p, { ...names, power, harm, safety })
  return {
    verdict,
    primary: primary.metric.name,
    // Metrics of safety by which the candidate is worse.
    harm: harm.map(({ metric }) => metric.name),
    /** Whether the candidate is shown to do no more harm, up to a margin. */
    safety,
    reference: sideDocument(reference),
    candidate: sideDocument(candidate),
    compared: { ...comparedOf(matched), left_out: matched.leftOut },
    metrics: [primary, ...others].map((measured) => metricDocument(measured, correctedP(measured))),
    power,
    /** Trials that are still to come. The p values are valid for one test, after all trials have ended. */
    unfinished: { reference: reference.unfinished ?? 0, candidate: candidate.unfinished ?? 0 },
    cautions: cautionsOf(compared),
  }
}

function comparedOf(matched: Matched) {
  switch (matched.kind) {
    case 'paired':
      return { paired: true, reference: matched.pairs.length, candidate: matched.pairs.length }
    case 'unpaired':
      return {
        paired: false,
        reference: matched.strata.reduce((total, { a }) => total + a.length, 0),
        candidate: matched.strata.reduce((total, { b }) => total + b.length, 0),
      }
    default:
      return matched satisfies never
  }
}

function sideDocument({ name, trials }: Side) {
  const count = (of: (trial: TrialSummary) => string) =>
    Object.fromEntries(
      [...Map.groupBy(trials, of)]
        .map(([key, same]): [string, number] => [key, same.length])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  return {
    name,
    trials: trials.length,
    invalid: invalidOf(trials),
    arms: count(({ arm }) => arm),
    outcomes: count(({ outcome }) => outcome.kind),
  }
}

const invalidOf = (trials: readonly TrialSummary[]) =>
  trials.filter(({ outcome }) => outcome.kind === 'invalid').length

function metricDocument(measured: Measured, pHolm: number | null) {
  const { metric, n, values, interval, test, p, horizonMs, pairs } = measured
  const { name, words, unit, better } = metric
  return {
    name,
    words,
    unit,
    better,
    reference: { n: n.a, value: values && tidy(values.a) },
    candidate: { n: n.b, value: values && tidy(values.b) },
    difference: values && {
      value: tidy(values.b - values.a),
      interval: interval && ([tidy(interval[0]), tidy(interval[1])] as const),
    },
    test,
    p: p && tidy(p),
    p_holm: pHolm && tidy(pHolm),
    verdict: verdictOf(measured, pHolm),
    ...(horizonMs === undefined ? {} : { horizon_ms: horizonMs }),
    ...(pairs && {
      pairs: {
        both: pairs.both,
        reference_only: pairs.onlyA,
        candidate_only: pairs.onlyB,
        neither: pairs.neither,
      },
    }),
  }
}

/** Rounds away the last digits, which depend on the order of summation. */
const tidy = (value: number): number => Number(value.toPrecision(12))

export type MetricDocument = ReturnType<typeof metricDocument>

/** The distinct conditions of its valid trials; '' where they are not known. */
const conditionsOf = ({ trials }: Side): string => {
  const valid = trials.filter(({ outcome }) => outcome.kind !== 'invalid')
  return [...new Set(valid.flatMap(({ conditions }) => conditions ?? []))].sort().join(', or ')
}

/** Optional stopping: testing repeatedly until a difference shows raises the rate of false alarms above 5 %. */
const earlyWords = ({ name, unfinished = 0 }: Side): string[] =>
  unfinished === 0
    ? []
    : [
        `${name}: trials of its campaign are still to come (${unfinished}): p values are valid for one test after all have ended; testing repeatedly finds differences by chance more often than 5 %`,
      ]

const figures = [
  ...(['watchedMs', 'unavailableMs', 'ops', 'failed', 'lostWrites'] as const),
  ...(['falseTickets', 'tokensIn', 'tokensOut'] as const),
]

const lacksFigures = (trial: TrialSummary): boolean =>
  trial.outcome.kind !== 'invalid' && figures.some((name) => !isKnown(trial[name]))

/** Warnings that a reader should know before relying on the comparison. */
function cautionsOf({ reference, candidate, matched, primary, p, others }: Compared): string[] {
  const invalid = { a: invalidOf(reference.trials), b: invalidOf(candidate.trials) }
  const kind = verdictOf(primary, p)
  const leader = kind === 'better' ? candidate : reference
  const trials = { a: reference.trials.length, b: candidate.trials.length }
  const compared = comparedOf(matched)
  const conditions = [reference, candidate].map(conditionsOf)
  const scorers = new Set([...(reference.scorers ?? []), ...(candidate.scorers ?? [])])
  const cost = others.find(({ metric }) => metric.name === 'cost_usd')
  const known = others.find(({ metric }) => metric.name === 'tokens')
  const lacking = [reference, candidate].map(({ trials }) => trials.filter(lacksFigures).length)
  return [
    ...[reference, candidate].flatMap(earlyWords),
    ...(lacking.some((some) => some > 0)
      ? [
          `figures are missing in ${lacking.join(' and ')} trials, which an older program stored, and are taken for unknown: operator eval rescore derives them anew`,
        ]
      : []),
    ...(invalidDiffers({ trials: trials.a, invalid: invalid.a }, { trials: trials.b, invalid: invalid.b })
      ? [
          `trials were invalid more often on one side (${invalid.a} of ${trials.a} and ${invalid.b} of ${trials.b}): find out why before believing the rest`,
        ]
      : []),
    ...(hangsOnInvalid(primary, kind, invalid)
      ? [`the lead of ${leader.name} would not be shown if its invalid trials had been lost`]
      : []),
    ...(matched.mixesArms ? ['a side mixes variants that the other does not have: name one of them'] : []),
    ...(2 * (compared.reference + compared.candidate) < trials.a + trials.b - invalid.a - invalid.b
      ? ['most valid trials have no counterpart on the other side and are left out']
      : []),
    ...(conditions.every((words) => words !== '') && new Set(conditions).size > 1
      ? [`the conditions were not the same, and may explain a difference: ${conditions.join('; and ')}`]
      : []),
    ...(scorers.size > 1
      ? [
          `judged by different scorers (${[...scorers].sort((x, y) => x - y).join(' and ')}): operator eval rescore judges anew`,
        ]
      : []),
    ...(cost && known && (cost.n.a < known.n.a || cost.n.b < known.n.b)
      ? ['the price of some trials is unknown: cost is compared for the others only']
      : []),
  ]
}
