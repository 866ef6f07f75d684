import type { Outcome } from '../../core/work/outcome.ts'
import {
  linePage,
  outcomeCounts,
  type StoredSummary,
  type SummaryFilter,
  setSummary,
  summaryPage,
  type TrialLine,
  trialsToSummarize,
} from '../../store/eval/summaries.ts'
import * as store from '../../store/eval/trials.ts'
import { score, scorerVersion } from '../judge/score.ts'
import type { TrialRecord, TrialSpec } from '../record.ts'
import type { Trial } from './document.ts'
import { summaryOf, type TrialSummary } from './summary.ts'

const pageSize = 1_000
const recordsAtATime = 50

/** Scores a trial that has ended, and stores record, outcome and summary at once. The transcript is stored before. */
export async function keepTrial(
  db: store.EvalDb,
  id: number,
  { record, interrupted }: { record: TrialRecord; interrupted: boolean },
  now: number,
): Promise<Outcome> {
  const outcome = score(record)
  const summary = await derive(db, { id, spec: record.spec, record, outcome })
  await store.endTrial(db, id, { record, outcome, scorerVersion, interrupted, summary }, now)
  return outcome
}

type Judged = Pick<Trial, 'id' | 'spec' | 'record' | 'outcome'>

/** null: the record is not one that this program understands. What was measured is worth more than its figures. */
async function derive(db: store.EvalDb, { id, spec, record, outcome }: Judged): Promise<TrialSummary | null> {
  if (!record || !outcome) return null
  const transcript = await store.transcript(db, id)
  try {
    return summaryOf(spec, record, outcome, transcript)
  } catch {
    return null
  }
}

/** Adds summaries to trials that older programs stored. `rescore` says what is wrong with a record that gets none. */
export async function summarizeMissing(db: store.EvalDb, campaignId: number | null): Promise<void> {
  for (;;) {
    const ids = await trialsToSummarize(db, { campaignId, limit: recordsAtATime })
    for (const id of ids) {
      const trial = await store.trial<TrialSpec, TrialRecord>(db, id)
      if (trial) await setSummary(db, id, await derive(db, trial))
    }
    if (ids.length < recordsAtATime) return
  }
}

/** Trials in figures, oldest first, without opening a record; those of an older program get theirs now. */
async function* eachSummary(
  db: store.EvalDb,
  filter: SummaryFilter = {},
): AsyncGenerator<StoredSummary<TrialSummary>> {
  await summarizeMissing(db, filter.campaignId ?? null)
  yield* pages(
    (after) => summaryPage<TrialSummary>(db, filter, { after, limit: pageSize }),
    ({ trialId }) => trialId,
  )
}

/** Page after page until one is not full. No query is open while somebody works on a page. */
async function* pages<Row>(
  pageAfter: (id: number) => Promise<Row[]>,
  idOf: (row: Row) => number,
): AsyncGenerator<Row> {
  for (let after = 0; ; ) {
    const rows = await pageAfter(after)
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < pageSize) return
    after = idOf(last)
  }
}

/** The same as a list. */
export const summariesOf = (
  db: store.EvalDb,
  filter: SummaryFilter = {},
): Promise<StoredSummary<TrialSummary>[]> => Array.fromAsync(eachSummary(db, filter))

/** How many trials of these campaigns are planned or running. */
export async function unfinishedIn(db: store.EvalDb, campaigns: readonly number[]): Promise<number> {
  const counts = await outcomeCounts(db, campaigns)
  return [...counts.values()]
    .flat()
    .reduce((sum, { kind, trials }) => (kind === 'planned' || kind === 'running' ? sum + trials : sum), 0)
}

/** The trials that a verb works on. */
export type Selection = { trial: number } | { campaign: number } | 'all'

export type Line = TrialLine<TrialSpec, TrialSummary>

/** Trials as lists show them, also those that are still to run, oldest first. */
export async function* eachLine(db: store.EvalDb, which: Selection): AsyncGenerator<Line> {
  await summarizeMissing(db, which !== 'all' && 'campaign' in which ? which.campaign : null)
  yield* pages(
    (after) => linePage<TrialSpec, TrialSummary>(db, which, { after, limit: pageSize }),
    ({ id }) => id,
  )
}

/** All trials of a campaign, as a list. */
export const linesOf = (db: store.EvalDb, campaign: number): Promise<Line[]> =>
  Array.fromAsync(eachLine(db, { campaign }))

/** The stored figures of a trial; null: it has none yet, or its record is not one that figures can be derived from. */
export const figuresIn = (trial: Trial): TrialSummary | null => trial.summary as TrialSummary | null

/** One trial, those of a campaign, or all, oldest first, with their records: few of them are in memory at a time. */
export async function* trialsIn(db: store.EvalDb, which: Selection): AsyncGenerator<Trial> {
  if (which === 'all') yield* store.eachTrial<TrialSpec, TrialRecord>(db, null)
  else if ('campaign' in which) yield* store.eachTrial<TrialSpec, TrialRecord>(db, which.campaign)
  else {
    const trial = await store.trial<TrialSpec, TrialRecord>(db, which.trial)
    if (trial) yield trial
  }
}
