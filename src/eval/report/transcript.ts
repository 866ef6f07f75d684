import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { entriesAfter } from '../../store/audit/audit.ts'
import type { EvalDb } from '../../store/eval/trials.ts'
import { keepTranscript } from '../../store/eval/trials.ts'
import { openOperatorDb } from '../../store/operator/open.ts'
import { listSessions } from '../../store/operator/sessions.ts'
import { listTickets } from '../../store/operator/tickets.ts'
import { firstOf } from '../judge/score.ts'
import type { TrialRecord } from '../record.ts'
import { callsIn } from './calls.ts'

/** The operator's own database in a trial's folder. */
export const operatorDbIn = (folder: string): string => join(folder, 'operator.db')

/**
 * Takes what the operator of a trial did over from its own database: into the record, and the transcript into eval.db.
 * Once its processes have ended, so that nothing is written after it was taken; also when the trial broke.
 */
export async function keepOperatorHistory(
  db: EvalDb,
  trialId: number,
  record: TrialRecord,
  folder: string,
): Promise<void> {
  const path = operatorDbIn(folder)
  if (!existsSync(path)) return
  await using operatorDb = openOperatorDb(path)
  const entries = await entriesAfter(operatorDb, 0)
  await keepTranscript(db, trialId, entries)
  const injectedAt = record.injectedAt ?? 0
  record.tickets = (await listTickets(operatorDb)).filter((ticket) => ticket.openedAt >= injectedAt)
  record.sessions = await listSessions(operatorDb)
  record.calls = callsIn(entries)
  record.firstCommandAt = firstOf(record.calls.map((call) => call.at))
}
