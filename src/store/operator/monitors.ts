import type { Selectable } from 'kysely'
import { atomically, enter } from '../audit/ledger.ts'
import type { Db } from './db.ts'
import type { MonitorRow } from './schema.ts'

/** A monitor daemon as its heartbeat shows it. */
export interface MonitorInfo {
  id: string
  cluster: string
  subject: string
  pid: number
  intervalMs: number
  startedAt: number
  beatAt: number
  /** The last observation that saw at least one node. */
  observedAt: number | null
  endedAt: number | null
}

/** Silent: it should observe, and its heartbeat is older than one observation may take. */
export const monitorState = (
  { endedAt, beatAt, intervalMs }: Pick<MonitorInfo, 'endedAt' | 'beatAt' | 'intervalMs'>,
  now: number,
): 'running' | 'ended' | 'silent' =>
  endedAt !== null ? 'ended' : now - beatAt > 3 * intervalMs + 2_000 ? 'silent' : 'running'

export async function registerMonitor(db: Db, monitor: MonitorInfo): Promise<void> {
  await atomically(db, async (tx) => {
    await tx
      .insertInto('monitors')
      .values({
        id: monitor.id,
        cluster: monitor.cluster,
        subject: monitor.subject,
        pid: monitor.pid,
        interval_ms: monitor.intervalMs,
        started_at: monitor.startedAt,
        beat_at: monitor.beatAt,
        observed_at: monitor.observedAt,
        ended_at: monitor.endedAt,
      })
      .execute()
    await enter(tx, 'monitors', monitor.id)
  })
}

export async function monitorBeat(db: Db, id: string, now: number, observed: boolean): Promise<void> {
  await db
    .updateTable('monitors')
    .set({ beat_at: now, ...(observed ? { observed_at: now } : {}) })
    .where('id', '=', id)
    .execute()
}

/** Time of the last observation of a cluster by any monitor. */
export async function lastBeat(db: Db, cluster: string): Promise<number | null> {
  const row = await db
    .selectFrom('monitors')
    .select((eb) => eb.fn.max<number | null>('beat_at').as('at'))
    .where('cluster', '=', cluster)
    .executeTakeFirst()
  return row?.at ?? null
}

export async function monitorEnded(db: Db, id: string, now: number): Promise<void> {
  await atomically(db, async (tx) => {
    await tx.updateTable('monitors').set({ ended_at: now }).where('id', '=', id).execute()
    await enter(tx, 'monitors', id)
  })
}

export async function listMonitors(db: Db): Promise<MonitorInfo[]> {
  const rows = await db.selectFrom('monitors').selectAll().orderBy('started_at').execute()
  return rows.map(infoOf)
}

const infoOf = (row: Selectable<MonitorRow>): MonitorInfo => ({
  id: row.id,
  cluster: row.cluster,
  subject: row.subject,
  pid: row.pid,
  intervalMs: row.interval_ms,
  startedAt: row.started_at,
  beatAt: row.beat_at,
  observedAt: row.observed_at,
  endedAt: row.ended_at,
})
