import { summarizeMissing } from '../../eval/report/summaries.ts'
import type { TrialSummary } from '../../eval/report/summary.ts'
import type { EvalSchema } from '../../store/eval/schema.ts'
import { type StoredSummary, summaryPage, trialsToSummarize } from '../../store/eval/summaries.ts'
import { type EvalDb, openEvalDb } from '../../store/eval/trials.ts'
import type { Opened } from './opened.ts'

const pageSize = 1_000

/** The figures of every trial of a campaign, oldest first, as they are stored. */
export async function storedSummaries(
  db: EvalDb,
  campaignId: number,
): Promise<StoredSummary<TrialSummary>[]> {
  const all: StoredSummary<TrialSummary>[] = []
  for (let after = 0; ; ) {
    const page = await summaryPage<TrialSummary>(db, { campaignId }, { after, limit: pageSize })
    all.push(...page)
    const last = page.at(-1)
    if (!last || page.length < pageSize) return all
    after = last.trialId
  }
}

/**
 * Derives figures for trials of an older program before the database is opened read-only; where it cannot be written they
 * have none.
 */
export async function summarizeOld({ db, file, path, isSnapshot }: Opened<EvalSchema>): Promise<void> {
  if (isSnapshot && file === path) return
  const missing = await trialsToSummarize(db, { campaignId: null, limit: 1 })
  if (missing.length === 0) return
  await using writable = openEvalDb(file)
  await summarizeMissing(writable, null)
}
