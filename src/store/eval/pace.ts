import { sql } from 'kysely'
import type { Phase } from '../../core/work/outcome.ts'
import type { EvalDb } from './trials.ts'

export interface Pace {
  /** Trials that ended without being interrupted. */
  trials: number
  /** From the start of the first to the end of the last, ms. */
  spanMs: number
  /** Time in each phase, over all of them, ms. */
  phases: Partial<Record<Phase, number>>
}

/** The speed of a campaign, and the time that its trials spent in each phase. */
export async function paceOf(db: EvalDb, campaignId: number): Promise<Pace> {
  const ended = db
    .selectFrom('trials')
    .where('campaign_id', '=', campaignId)
    .where('state', '=', 'done')
    .where('interrupted', '=', 0)
  const span = await ended
    .select([
      sql<number>`count(*)`.as('trials'),
      sql<number>`coalesce(max(ended_at) - min(started_at), 0)`.as('span'),
    ])
    .executeTakeFirstOrThrow()
  const rows = await db
    .selectFrom('phases')
    .where('trial_id', 'in', ended.select('id'))
    .where('ended_at', 'is not', null)
    .groupBy('phase')
    .select(['phase', sql<number>`sum(ended_at - started_at)`.as('ms')])
    .execute()
  return {
    trials: span.trials,
    spanMs: span.span,
    phases: Object.fromEntries(rows.map(({ phase, ms }) => [phase, ms])),
  }
}
