import type { Kysely, Transaction } from 'kysely'
import type { OperatorSchema } from './schema.ts'

/** A violation that is followed between observations. It is stored, so that grace and keep-firing survive a restart. */
export interface Tracked {
  /** `pending`: within its grace. `firing`: has a ticket. `clearing`: seen clear, but not long enough yet. */
  phase: 'pending' | 'firing' | 'clearing'
  violatedAt: number
  /** Start of the time in which it was always seen clear; null: the last observation did not see it. */
  clearAt: number | null
  lastSeenAt: number
}

type Db = Kysely<OperatorSchema> | Transaction<OperatorSchema>

export async function trackedViolations(db: Db, cluster: string): Promise<Map<string, Tracked>> {
  const rows = await db.selectFrom('violations').selectAll().where('cluster', '=', cluster).execute()
  return new Map(
    rows.map((row) => [
      row.key,
      { phase: row.phase, violatedAt: row.violated_at, clearAt: row.clear_at, lastSeenAt: row.last_seen_at },
    ]),
  )
}

/** Stores the state of what is followed; null: no longer followed. */
export async function track(db: Db, cluster: string, key: string, next: Tracked | null): Promise<void> {
  if (next === null) {
    await db.deleteFrom('violations').where('cluster', '=', cluster).where('key', '=', key).execute()
    return
  }
  const row = {
    phase: next.phase,
    violated_at: next.violatedAt,
    clear_at: next.clearAt,
    last_seen_at: next.lastSeenAt,
  }
  await db
    .insertInto('violations')
    .values({ cluster, key, ...row })
    .onConflict((conflict) => conflict.columns(['cluster', 'key']).doUpdateSet(row))
    .execute()
}

/** A claim that waits for the monitor's confirmation. */
export interface ClaimUnderWay {
  /** Id of the ticket. */
  id: number
  invariant: string
  verifyUntil: number | null
  /** Start of the time in which its violation was always seen clear. */
  clearAt: number | null
}

export async function claimsUnderWay(db: Db, cluster: string): Promise<ClaimUnderWay[]> {
  return db
    .selectFrom('tickets')
    .leftJoin('violations', (join) =>
      join.onRef('violations.cluster', '=', 'tickets.cluster').onRef('violations.key', '=', 'tickets.key'),
    )
    .where('tickets.cluster', '=', cluster)
    .where('tickets.state', '=', 'verifying')
    .where('tickets.held', '=', 0)
    .select(['tickets.id', 'tickets.invariant', 'tickets.verify_until as verifyUntil', 'clear_at as clearAt'])
    .execute()
}
