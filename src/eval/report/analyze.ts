import { countsForRecovery, isRecovered, type Outcome } from '../../core/work/outcome.ts'
import type { StoredSummary } from '../../store/eval/summaries.ts'
import type { CommandFigures } from '../commands/figures.ts'
import type { Diagnosis } from '../judge/root-cause.ts'
import { passAtK, passHatK } from '../stats/rates.ts'
import { distribution, rate, times } from './describe.ts'
import { endedByClock, isKnown, lifetimeOf } from './lifetimes.ts'
import type { TrialSummary } from './summary.ts'

type Trial = StoredSummary<TrialSummary>

/** Every kind of outcome, in the order in which they are shown. */
export const outcomeKinds = [
  'resolved',
  'self_healed',
  'false_claim',
  'unresolved',
  'harmful',
  'unaffected',
  'false_alarm',
  'invalid',
] as const satisfies Outcome['kind'][]

/** Attempts at the same damage: pass@k asks whether one of k succeeds, pass^k whether all do. */
const attempts = [1, 3, 5, 10]

export type Analysis = ReturnType<typeof analyze>
export type Group = ReturnType<typeof groupOf>

/**
 * A campaign in figures, as a plain document. Pure: the same trials give the same bytes, in whatever order they come.
 * Invalid trials are counted, told apart with their reasons, and in no other figure.
 */
export function analyze(unordered: readonly Trial[]) {
  const trials = unordered.toSorted((a, b) => a.trialId - b.trialId)
  const byArm = grouped(trials, ({ summary }) => summary.arm)
  const byDamage = grouped(trials, ({ summary }) => JSON.stringify([summary.subject, summary.damage]))
  const scorers = new Set(trials.flatMap(({ scorerVersion }) => scorerVersion ?? []))
  return {
    trials: trials.length,
    scorer_versions: [...scorers].sort((a, b) => a - b),
    /** Each arm over all damages. Arms are never mixed: a mean of an agent and of none says nothing. */
    arms: byArm.map((own) => ({ arm: first(own).arm, ...groupOf(own, horizonOf(trials)) })),
    /** Each damage with each arm. Arms of one damage have the same horizon, and can be compared. */
    groups: byDamage.flatMap((same) =>
      grouped(same, ({ summary }) => summary.arm).map((own) => {
        const { subject, chaos, damage, arm } = first(own)
        return { subject, chaos, damage, arm, ...groupOf(own, horizonOf(same)) }
      }),
    ),
    invalid: invalidIn(trials),
  }
}

const first = (trials: readonly Trial[]): TrialSummary => (trials[0] as Trial).summary

function grouped(trials: readonly Trial[], keyOf: (trial: Trial) => string): Trial[][] {
  return [...Map.groupBy(trials, keyOf)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

/** As long as any of them was watched. */
const horizonOf = (trials: readonly Trial[]): number =>
  counted(trials).reduce((most, { watchedMs }) => (isKnown(watchedMs) ? Math.max(most, watchedMs) : most), 0)

/** Something was wrong with the system, and nothing with the trial. */
const counted = (trials: readonly Trial[]): TrialSummary[] =>
  trials.map(({ summary }) => summary).filter(({ outcome }) => countsForRecovery(outcome))

function groupOf(trials: readonly Trial[], horizonMs: number) {
  const valid = trials.map(({ summary }) => summary).filter(({ outcome }) => outcome.kind !== 'invalid')
  const broken = counted(trials)
  const worked = valid.filter(({ sessions }) => sessions > 0)
  const count = (kind: Outcome['kind']) =>
    trials.filter(({ summary }) => summary.outcome.kind === kind).length
  const waited = (trial: TrialSummary, time: 'detect' | 'resolve' | 'recover') => {
    const lifetime = lifetimeOf(trial, time)
    if (lifetime === null) return []
    const isForGood = !lifetime.happened && time !== 'detect' && !endedByClock(trial.outcome)
    return [isForGood ? { ms: horizonMs, happened: false } : lifetime]
  }
  const timesTo = (time: Parameters<typeof waited>[1]) =>
    times(
      broken.flatMap((trial) => waited(trial, time)),
      horizonMs,
    )
  return {
    trials: trials.length,
    outcomes: Object.fromEntries(outcomeKinds.map((kind) => [kind, count(kind)])) as Record<
      Outcome['kind'],
      number
    >,
    /** Only trials in which something was wrong. */
    rates: {
      resolved: rate(count('resolved'), broken.length),
      recovered: rate(broken.filter(({ outcome }) => isRecovered(outcome)).length, broken.length),
      detected: rate(broken.filter(({ detectMs }) => isKnown(detectMs)).length, broken.length),
      false_claim: rate(count('false_claim'), broken.length),
      harmful: rate(count('harmful'), broken.length),
    },
    pass: attempts.map((k) => passOf(trials, k)),
    times: { detect: timesTo('detect'), resolve: timesTo('resolve'), recover: timesTo('recover') },
    workload: {
      unavailable_ms: distribution(broken.map(({ unavailableMs }) => unavailableMs)),
      failed_ops: distribution(broken.map(({ failed }) => failed)),
      /** Trials without operations have no share. */
      failed_share: distribution(broken.flatMap(({ ops, failed }) => (ops > 0 ? failed / ops : []))),
      lost_writes: distribution(broken.map(({ lostWrites }) => lostWrites)),
      phantom_reads: distribution(broken.map(({ phantomReads }) => phantomReads)),
      /** Data or topology are not as they were. */
      changed: rate(broken.filter(({ changes }) => changes.length > 0).length, broken.length),
    },
    tickets: {
      /** Share of the trials without a problem in which a ticket opened. */
      false_alarm: rate(count('false_alarm'), count('false_alarm') + count('unaffected')),
      /** Opened when nothing was wrong, or was any more. */
      false_tickets: distribution(valid.map(({ falseTickets }) => falseTickets)),
    },
    root_cause: {
      component: diagnoses(broken, ({ component }) => component),
      cause: diagnoses(broken, ({ cause }) => cause),
    },
    commands: commandsOf(worked),
    cost: {
      sessions: distribution(worked.map(({ sessions }) => sessions)),
      turns: distribution(worked.map(({ turns }) => turns)),
      tokens_in: distribution(worked.flatMap(({ tokensIn }) => tokensIn ?? [])),
      tokens_out: distribution(worked.flatMap(({ tokensOut }) => tokensOut ?? [])),
      usd: distribution(worked.flatMap(({ costUsd }) => costUsd ?? [])),
      /** Trials of which no price is known; they are in none of the figures above it. */
      usd_unknown: worked.filter(({ costUsd }) => !isKnown(costUsd)).length,
    },
  }
}

/** The mean over the damages that were tried k times or more; success is to be well in the end, as in a comparison. */
function passOf(trials: readonly Trial[], k: number) {
  const tasks = grouped(trials, ({ summary }) => JSON.stringify([summary.subject, summary.damage]))
    .map(counted)
    .filter((same) => same.length >= k)
    .map((same) => ({
      n: same.length,
      won: same.filter(({ outcome }) => isRecovered(outcome)).length,
    }))
  const mean = (of: (task: { n: number; won: number }) => number | null) =>
    tasks.length === 0 ? null : tasks.reduce((sum, task) => sum + (of(task) ?? 0), 0) / tasks.length
  return {
    k,
    damages: tasks.length,
    any: mean(({ n, won }) => passAtK(n, won, k)),
    all: mean(({ n, won }) => passHatK(n, won, k)),
  }
}

/** Only trials in which an agent worked. */
function diagnoses(trials: readonly TrialSummary[], of: (trial: TrialSummary) => Diagnosis | null) {
  const all = trials.flatMap((trial) => of(trial) ?? [])
  const count = (diagnosis: Diagnosis) => all.filter((one) => one === diagnosis).length
  return { right: rate(count('right'), all.length), wrong: count('wrong'), unclaimed: count('unclaimed') }
}

function commandsOf(worked: readonly TrialSummary[]) {
  const figures = worked.flatMap(({ commands }) => commands ?? [])
  // Summaries of before this was counted have no `unknown`.
  const of = (name: keyof CommandFigures) => distribution(figures.flatMap((one) => one[name] ?? []))
  return {
    total: of('total'),
    unique: of('unique'),
    thrashing: of('thrashing'),
    diagnostic: of('diagnostic'),
    remediation: of('remediation'),
    destructive: of('destructive'),
    other: of('other'),
    unknown: of('unknown'),
    trials_with_destructive: rate(figures.filter((one) => one.destructive > 0).length, figures.length),
    trials_with_thrashing: rate(figures.filter((one) => one.thrashing > 0).length, figures.length),
  }
}

const examples = 5

/** Invalid trials by phase and reason. Reasons that differ only in numbers and details count as one. */
function invalidIn(trials: readonly Trial[]) {
  const broken = trials.flatMap(({ trialId, summary: { outcome, arm } }) =>
    outcome.kind === 'invalid' ? [{ trialId, arm, phase: outcome.phase, reason: outcome.reason }] : [],
  )
  const kindOf = (reason: string) => (reason.split(': ')[0] ?? '').replace(/\d+/g, '#')
  const reasons = [...Map.groupBy(broken, ({ phase, reason }) => JSON.stringify([phase, kindOf(reason)]))]
    .sort(([a, as], [b, bs]) => bs.length - as.length || (a < b ? -1 : 1))
    .map(([, same]) => {
      const [{ phase, reason } = { phase: '', reason: '' }] = same
      const named = same.slice(0, examples).map(({ trialId }) => `t${trialId}`)
      return { phase, reason, trials: same.length, examples: named }
    })
  return { trials: broken.length, reasons }
}
