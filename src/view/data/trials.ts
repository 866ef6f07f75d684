import { existsSync } from 'node:fs'
import type { Fault } from '../../chaos/chaos-type.ts'
import type { Ticket } from '../../core/work/ticket.ts'
import { isAlive } from '../../eval/campaign/owner.ts'
import { folderOf } from '../../eval/campaign/reap.ts'
import type { TrialRecord, TrialSpec } from '../../eval/record.ts'
import type { Trial } from '../../eval/report/document.ts'
import { operatorDbIn } from '../../eval/report/transcript.ts'
import { type Seen, seenIn } from '../../eval/trial/seen.ts'
import * as store from '../../store/eval/trials.ts'
import { type OperatorDb, readOperatorDb } from '../../store/operator/open.ts'
import { listSessions, type Session } from '../../store/operator/sessions.ts'
import { listTickets } from '../../store/operator/tickets.ts'
import { type EntryHead, sessionEntryHeads, trialEntryHeads } from '../../store/reading.ts'
import { headBytes } from '../parts/transcript.ts'

/** Entries of one transcript on a page and in its picture. */
export const maxEntries = 5_000

/** All known facts of a trial; for a running one, those known by now. */
export interface TrialFacts {
  trial: Trial
  campaignName: string
  phases: readonly { phase: string; startedAt: number; endedAt: number | null }[]
  /** The fault that was injected, or is about to be. */
  faults: readonly Fault[]
  /** Observations of the oracle. */
  seen: Seen
  entries: readonly EntryHead[]
  tickets: readonly Ticket[]
  sessions: readonly Session[]
  /** The trial should run, but no process of this machine runs it: it died, or it belongs to another machine. */
  isLost: boolean
  /** For a lost trial: the time of its last sign of life. */
  now: number
}

interface Wanted {
  /** Folder in which running trials keep their own files; null: show only what is in the database. */
  evalDbPath: string | null
  now: number
  /** Limit per text. */
  bytes?: number
}

/** null: there is no such trial. */
export async function trialFacts(
  db: store.EvalDb,
  id: number,
  { evalDbPath, now, bytes = headBytes }: Wanted,
): Promise<TrialFacts | null> {
  const trial = await store.trial<TrialSpec, TrialRecord>(db, id)
  if (!trial) return null
  const { record } = trial
  const isRunning = trial.state === 'running' && evalDbPath !== null
  const live = isRunning ? await soFar(folderOfTrial(evalDbPath, id), bytes) : null
  const kept = await trialEntryHeads(db, id, { after: 0, limit: maxEntries, bytes })
  const isLost = trial.state === 'running' && (trial.owner === null || !isAlive(trial.owner))
  const known = {
    phases: await store.trialPhases(db, id),
    seen: record ?? live?.seen ?? { probes: [], samples: [] },
    entries: kept.length === 0 && live ? live.entries : kept,
  }
  return {
    ...known,
    trial,
    campaignName: (await store.campaign(db, trial.campaignId))?.name ?? '',
    faults: record?.faults ?? (await store.trialFaults<Fault>(db, id)),
    tickets: record?.tickets ?? live?.tickets ?? [],
    sessions: record?.sessions ?? live?.sessions ?? [],
    isLost,
    now: isLost ? lastHeard(trial, known) : now,
  }
}

/** Its clock stopped with its process. */
const lastHeard = (
  { startedAt }: Trial,
  { phases, seen, entries }: Pick<TrialFacts, 'phases' | 'seen' | 'entries'>,
): number =>
  Math.max(
    startedAt ?? 0,
    ...phases.map(({ startedAt, endedAt }) => endedAt ?? startedAt),
    seen.probes.at(-1)?.at ?? 0,
    entries.at(-1)?.at ?? 0,
  )

export const folderOfTrial = (evalDbPath: string, trialId: number): string =>
  folderOf(`${evalDbPath}.trials`, trialId)

/** Notes of a running trial in its own folder. */
async function soFar(folder: string, bytes: number) {
  const seen = await seenIn(folder)
  const path = operatorDbIn(folder)
  const nothing = { entries: [], tickets: [], sessions: [] }
  const operator = await whileThere(path, async () => {
    await using db = readOperatorDb(path).db
    return {
      entries: await sessionEntryHeads(db, null, { after: 0, limit: maxEntries, bytes }),
      tickets: await listTickets(db),
      sessions: await listSessions(db),
    }
  })
  return { seen, ...(operator ?? nothing) }
}

/**
 * The database of a trial's operator. It appears some time after the start, and is removed at the end; null: it is not
 * there.
 */
export const operatorDbOf = (folder: string): Promise<OperatorDb | null> =>
  whileThere(operatorDbIn(folder), async () => readOperatorDb(operatorDbIn(folder)).db)

/** A file that is removed while it is read counts as missing. */
async function whileThere<T>(path: string, read: () => Promise<T>): Promise<T | null> {
  if (!existsSync(path)) return null
  try {
    return await read()
  } catch (error) {
    if (existsSync(path)) throw error
    return null
  }
}
