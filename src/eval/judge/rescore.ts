import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '../../core/errors.ts'
import type { Outcome } from '../../core/work/outcome.ts'
import { setJudged } from '../../store/eval/summaries.ts'
import * as store from '../../store/eval/trials.ts'
import type { TrialRecord } from '../record.ts'
import type { Trial } from '../report/document.ts'
import { figuresIn } from '../report/summaries.ts'
import { summaryOf, type TrialSummary } from '../report/summary.ts'
import { score, scorerVersion } from './score.ts'

/** Result of scoring a trial again. */
export type Rescored = { trialId: number } & (
  | { kind: 'same' }
  /** `figures`: the names of those that are others now. */
  | { kind: 'changed'; from: Outcome | null; to: Outcome; figures: string[] }
  | { kind: 'left_alone'; why: string }
)

/**
 * Judges trials anew, from what was recorded of them, with the scorer of this program; stores the outcome and the figures
 * that follow from it unless `dryRun`. Trials that have not ended are passed over. Again, it changes nothing.
 */
export async function* rescore(
  db: store.EvalDb,
  trials: AsyncIterable<Trial>,
  { dryRun }: { dryRun: boolean },
): AsyncGenerator<Rescored> {
  for await (const trial of trials) {
    if (!trial.record) continue
    const { id: trialId, scorerVersion: by } = trial
    if (by !== null && by > scorerVersion) {
      yield { trialId, kind: 'left_alone', why: `scorer ${by} judged it, this program has ${scorerVersion}` }
      continue
    }
    const judged = judge(trial, trial.record, await store.transcript(db, trialId))
    if (!('summary' in judged)) {
      yield { trialId, kind: 'left_alone', why: judged.why }
      continue
    }
    const { outcome, summary } = judged
    const figures = changedFigures(figuresIn(trial), summary)
    const isSame = figures.length === 0 && isDeepStrictEqual(trial.outcome, outcome)
    if (!dryRun && !(isSame && by === scorerVersion))
      await setJudged(db, trialId, { outcome, summary, scorerVersion })
    yield isSame
      ? { trialId, kind: 'same' }
      : { trialId, kind: 'changed', from: trial.outcome, to: outcome, figures }
  }
}

type Transcript = Awaited<ReturnType<typeof store.transcript>>

function judge(
  { spec }: Trial,
  record: TrialRecord,
  transcript: Transcript,
): { outcome: Outcome; summary: TrialSummary } | { why: string } {
  try {
    const outcome = score(record)
    return { outcome, summary: asStored(summaryOf(spec, record, outcome, transcript)) }
  } catch (error) {
    return { why: `its record is not one that this program understands: ${messageOf(error)}` }
  }
}

const asStored = <T>(value: T): T => JSON.parse(JSON.stringify(value))

/** The outcome is told by itself. */
function changedFigures(before: TrialSummary | null, now: TrialSummary): string[] {
  const was: Partial<Record<string, unknown>> = { ...before }
  const names = new Set([...Object.keys(was), ...Object.keys(now)])
  names.delete('outcome')
  return [...names].filter((name) => !isDeepStrictEqual(was[name], now[name as keyof TrialSummary])).sort()
}
