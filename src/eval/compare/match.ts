import { rngFrom } from '../../core/rng.ts'
import { plus } from '../../core/work/agent.ts'
import type { TrialSummary } from '../report/summary.ts'

/** One side of a comparison. */
export interface Side {
  name: string
  trials: readonly TrialSummary[]
  /** Versions of the scorer that judged them. */
  scorers?: readonly number[]
  /** Trials that are planned or running. */
  unfinished?: number
}

/** Valid trials that the comparison does not use. */
export interface LeftOut {
  side: string
  trials: number
  why: string
}

/** The trials that can be compared. Each has its like on the other side. */
export type Matched = {
  leftOut: LeftOut[]
  /** Whether a side mixes variants that the other does not have. */
  mixesArms: boolean
} & (
  | {
      kind: 'paired'
      /** The two suffered the same fault on the same node, drawn by the same seed. */
      pairs: [a: TrialSummary, b: TrialSummary][]
    }
  | {
      kind: 'unpaired'
      /** Trials of one stratum suffered the same damage. */
      strata: { a: TrialSummary[]; b: TrialSummary[] }[]
    }
)

/**
 * Matches by subject and damage, by arm too where the sides share arms, and in pairs by seed where that keeps at least
 * half of either side. Looks at no outcome but `invalid`, so that no result decides how it is tested.
 */
export function match(a: Side, b: Side): Matched {
  const leftOut: LeftOut[] = []
  const [validA, validB] = [valid(a), valid(b)]
  const armsB = new Set(validB.map(({ arm }) => arm))
  const shared = new Set(validA.map(({ arm }) => arm).filter((arm) => armsB.has(arm)))
  const byArm = (side: Side, trials: readonly TrialSummary[]) =>
    shared.size === 0
      ? trials
      : keep(
          side,
          trials,
          ({ arm }) => shared.has(arm),
          ({ arm }) => `variant ${arm}`,
        )
  const [ofA, ofB] = [byArm(a, validA), byArm(b, validB)]
  const keyOf = ({ subject, damage, arm }: TrialSummary) =>
    JSON.stringify(shared.size === 0 ? [subject, damage] : [subject, damage, arm])
  const [strataA, strataB] = [grouped(ofA, keyOf), grouped(ofB, keyOf)]
  const damage = ({ subject, damage: words }: TrialSummary) => `${subject}, ${words}`
  const [inA, inB] = [
    keep(a, ofA, (trial) => strataB.has(keyOf(trial)), damage),
    keep(b, ofB, (trial) => strataA.has(keyOf(trial)), damage),
  ]
  const keys = [...strataA.keys()].filter((key) => strataB.has(key)).sort()
  const mixesArms =
    shared.size === 0 && [inA, inB].some((side) => new Set(side.map(({ arm }) => arm)).size > 1)

  const strata = keys.map((key) => ({ a: strataA.get(key) ?? [], b: strataB.get(key) ?? [] }))
  const pairs = strata.flatMap(pairsOf)
  if (pairs.length === 0 || 2 * pairs.length < Math.max(inA.length, inB.length))
    return { kind: 'unpaired', strata, leftOut, mixesArms }
  for (const [{ name }, trials] of [
    [a, inA],
    [b, inB],
  ] as const)
    if (trials.length > pairs.length)
      leftOut.push({ side: name, trials: trials.length - pairs.length, why: 'no partner with the same seed' })
  return { kind: 'paired', pairs, leftOut, mixesArms }

  function keep(
    side: Side,
    trials: readonly TrialSummary[],
    stays: (trial: TrialSummary) => boolean,
    kindOf: (trial: TrialSummary) => string,
  ): TrialSummary[] {
    const other = side === a ? b : a
    for (const [kind, gone] of grouped(
      trials.filter((trial) => !stays(trial)),
      kindOf,
    ))
      leftOut.push({ side: side.name, trials: gone.length, why: `${kind}: not in ${other.name}` })
    return trials.filter(stays)
  }
}

/** In an order that does not depend on that in which they came: what is drawn by chance must be the same every time. */
function valid({ trials }: Side): TrialSummary[] {
  return trials
    .filter(({ outcome }) => outcome.kind !== 'invalid')
    .map((trial) => ({ trial, key: orderKey(trial) }))
    .sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0))
    .map(({ trial }) => trial)
}

/** All that a comparison reads: of trials with the same key either may stand for the other. */
function orderKey(trial: TrialSummary): string {
  const { subject, damage, arm, seed, outcome, commands } = trial
  const { detectMs, recoverMs, watchedMs, unavailableMs, ops, failed, lostWrites, falseTickets } = trial
  const why = outcome.kind === 'unresolved' ? outcome.reason : ''
  return JSON.stringify([
    subject,
    damage,
    arm,
    seed,
    outcome.kind,
    why,
    detectMs,
    recoverMs,
    watchedMs,
    unavailableMs,
    ops,
    failed,
    lostWrites,
    falseTickets,
    commands?.total,
    commands?.destructive,
    plus(trial.tokensIn, trial.tokensOut),
    trial.costUsd,
  ])
}

function grouped<K>(
  trials: readonly TrialSummary[],
  keyOf: (trial: TrialSummary) => K,
): Map<K, TrialSummary[]> {
  return Map.groupBy(trials, keyOf)
}

/**
 * Pairs of one stratum. Where a seed was tried more than once on a side, who goes with whom is drawn: any order that
 * knows the outcomes would make the two sides agree more than they do.
 */
function pairsOf({ a, b }: { a: TrialSummary[]; b: TrialSummary[] }): [TrialSummary, TrialSummary][] {
  const bySeed = grouped(b, ({ seed }) => seed)
  return [...grouped(a, ({ seed }) => seed)].flatMap(([seed, sameA]) => {
    const sameB = bySeed.get(seed) ?? []
    const rng = rngFrom(seed)
    const drawn = (trials: readonly TrialSummary[]) => (trials.length > 1 ? rng.shuffle(trials) : trials)
    const [left, right] = [drawn(sameA), drawn(sameB)]
    return left
      .slice(0, right.length)
      .map((trial, i): [TrialSummary, TrialSummary] => [trial, right[i] ?? trial])
  })
}
