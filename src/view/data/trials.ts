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

/** Everything that is known of a trial; of one that runs, what is known by now. */
export interface TrialFacts {
  trial: Trial
  campaignName: string
  phases: readonly { phase: string; startedAt: number; endedAt: number | null }[]
  /** What was injected, or is about to be. */
  faults: readonly Fault[]
  /** What the oracle saw. */
  seen: Seen
  entries: readonly EntryHead[]
  tickets: readonly Ticket[]
  sessions: readonly Session[]
  /** It should run, and no process of this machine runs it: it died, or it is one of another machine. */
  isLost: boolean
  /** Of a lost trial: when the last thing was heard of it. */
  now: number
}

interface Wanted {
  /** Where trials that run keep their own files; null: what they have not told the database yet does not matter. */
  evalDbPath: string | null
  now: number
  /** Of each text, at most. */
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

/** Its clock stopped with it. */
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

/** What a trial that runs has noted in its own folder. */
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

/** The database of a trial's operator. It comes some time after the trial has begun, and goes with its end; null: not now. */
export const operatorDbOf = (folder: string): Promise<OperatorDb | null> =>
  whileThere(operatorDbIn(folder), async () => readOperatorDb(operatorDbIn(folder)).db)

/** A file that goes while somebody reads it is none. */
async function whileThere<T>(path: string, read: () => Promise<T>): Promise<T | null> {
  if (!existsSync(path)) return null
  try {
    return await read()
  } catch (error) {
    if (existsSync(path)) throw error
    return null
  }
}
