import type { Outcome } from '../../core/work/outcome.ts'
import type { TrialRow } from './schema.ts'
import type { EvalDb } from './trials.ts'

/** Filter for trials; all conditions have to hold. */
export interface SummaryFilter {
  campaignId?: number
  subject?: string
  /** The trial's faults by type, joined with `+`. */
  chaos?: string
}

export interface StoredSummary<Summary> {
  trialId: number
  campaignId: number
  /** Version of the program that decided the outcome. */
  scorerVersion: number | null
  summary: Summary
}

/** The next `limit` summaries after a trial, oldest first. Reads no record. */
export async function summaryPage<Summary>(
  db: EvalDb,
  filter: SummaryFilter,
  { after, limit }: { after: number; limit: number },
): Promise<StoredSummary<Summary>[]> {
  let query = db
    .selectFrom('trials')
    .select(['id', 'campaign_id', 'scorer_version', 'summary'])
    .where('id', '>', after)
    // A trial without a summary only has its id.
    .where('summary', 'not in', ['null'])
    .orderBy('id')
    .limit(limit)
  if (filter.campaignId !== undefined) query = query.where('campaign_id', '=', filter.campaignId)
  if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject)
  if (filter.chaos !== undefined) query = query.where('chaos', '=', filter.chaos)
  return (await query.execute()).map((row) => ({
    trialId: row.id,
    campaignId: row.campaign_id,
    scorerVersion: row.scorer_version,
    summary: JSON.parse(row.summary ?? 'null'),
  }))
}

/** Trials after this one that ended before the program had summaries, oldest first. */
export async function trialsToSummarize(
  db: EvalDb,
  { campaignId, limit }: { campaignId: number | null; limit: number },
): Promise<number[]> {
  let query = db
    .selectFrom('trials')
    .select('id')
    .where('summary', 'is', null)
    .where('record', 'is not', null)
    .orderBy('id')
    .limit(limit)
  if (campaignId !== null) query = query.where('campaign_id', '=', campaignId)
  return (await query.execute()).map(({ id }) => id)
}

/** Stores a summary only where there is none: a later one is derived from an older record. null: none can be derived. */
export async function setSummary(db: EvalDb, id: number, summary: unknown): Promise<void> {
  await db
    .updateTable('trials')
    .set({ summary: JSON.stringify(summary) })
    .where('id', '=', id)
    .where('summary', 'is', null)
    .execute()
}

/** Replaces the judgement; the record stays. */
export async function setJudged(
  db: EvalDb,
  id: number,
  judged: { outcome: Outcome; summary: unknown; scorerVersion: number },
): Promise<void> {
  await db
    .updateTable('trials')
    .set({
      outcome: JSON.stringify(judged.outcome),
      summary: JSON.stringify(judged.summary),
      scorer_version: judged.scorerVersion,
    })
    .where('id', '=', id)
    .where('state', '=', 'done')
    .execute()
}

export interface OutcomeCount {
  kind: Outcome['kind'] | TrialRow['state']
  trials: number
}

/** Number of trials of each campaign by outcome, or by state where they have none. */
export async function outcomeCounts(
  db: EvalDb,
  campaignIds: readonly number[],
): Promise<Map<number, OutcomeCount[]>> {
  const rows = await db
    .selectFrom('trials')
    .select(['campaign_id', 'state', 'outcome_kind', (e) => e.fn.countAll<number>().as('trials')])
    .where('campaign_id', 'in', campaignIds)
    .groupBy(['campaign_id', 'state', 'outcome_kind'])
    .execute()
  const counts = new Map<number, OutcomeCount[]>(campaignIds.map((id) => [id, []]))
  for (const { campaign_id, state, outcome_kind, trials } of rows)
    counts.get(campaign_id)?.push({ kind: (outcome_kind as Outcome['kind'] | null) ?? state, trials })
  return counts
}

/** A trial as lists show it. */
export interface TrialLine<Spec, Summary> {
  id: number
  campaignId: number
  spec: Spec
  state: TrialRow['state']
  startedAt: number | null
  endedAt: number | null
  outcome: Outcome | null
  scorerVersion: number | null
  summary: Summary | null
}

/** The next `limit` trials after one, in any state, oldest first, without their records. */
export async function linePage<Spec, Summary>(
  db: EvalDb,
  which: { campaign: number } | { trial: number } | 'all',
  { after, limit }: { after: number; limit: number },
): Promise<TrialLine<Spec, Summary>[]> {
  let query = db
    .selectFrom('trials')
    .select(['id', 'campaign_id', 'spec', 'state', 'started_at', 'ended_at'])
    .select(['outcome', 'scorer_version', 'summary'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
  if (which !== 'all')
    query =
      'trial' in which ? query.where('id', '=', which.trial) : query.where('campaign_id', '=', which.campaign)
  return (await query.execute()).map((row) => ({
    id: row.id,
    campaignId: row.campaign_id,
    spec: JSON.parse(row.spec),
    state: row.state,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: JSON.parse(row.outcome ?? 'null'),
    scorerVersion: row.scorer_version,
    summary: JSON.parse(row.summary ?? 'null'),
  }))
}
