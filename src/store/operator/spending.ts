import { type Kysely, sql } from 'kysely'
import type { Db } from './db.ts'
import type { OperatorSchema } from './schema.ts'
import { record } from './tickets.ts'

/** Consumption of sessions with a model, as far as it was counted. */
export interface Spent {
  sessions: number
  tokens: number
  costUsd: number
  /** Sessions with turns of unknown cost, which is missing in all sums. */
  unknown: number
}

/** Budget; null: no limit. */
export interface Budget {
  costUsd: number | null
  tokens: number | null
}

const sums = {
  sessions: sql<number>`count(*)`,
  tokens: sql<number>`coalesce(sum(tokens_in + tokens_out), 0)`,
  cost_usd: sql<number>`coalesce(sum(cost_usd), 0)`,
  unknown: sql<number>`coalesce(sum(cost_usd is null), 0)`,
}

const spent = (row: { sessions: number; tokens: number; cost_usd: number; unknown: number }): Spent => ({
  sessions: row.sessions,
  tokens: row.tokens,
  costUsd: row.cost_usd,
  unknown: row.unknown,
})

const sessionsOfModels = (db: Db) =>
  db
    .selectFrom('sessions')
    .where('model', 'is not', null)
    .select([
      sums.sessions.as('sessions'),
      sums.tokens.as('tokens'),
      sums.cost_usd.as('cost_usd'),
      sums.unknown.as('unknown'),
    ])

/** Consumption of all sessions, or of those on one cluster, that began since then. */
export async function spentSince(db: Db, at: number, cluster?: string): Promise<Spent> {
  const all = sessionsOfModels(db).where('started_at', '>=', at)
  const wanted = cluster === undefined ? all : all.where('cluster', '=', cluster)
  return spent(await wanted.executeTakeFirstOrThrow())
}

/**
 * Consumption of all sessions that worked on a ticket, since a person last gave it back to the agents. A session that worked
 * on several tickets counts in full for each, because its share for one is unknown.
 */
export async function spentOnTicket(db: Db, ticketId: number): Promise<Spent> {
  const returned = await db
    .selectFrom('ticket_events')
    .select((eb) => eb.fn.max('at').as('at'))
    .where('ticket_id', '=', ticketId)
    .where('event', '=', 'reopened')
    .where('by', '=', 'person')
    .executeTakeFirst()
  const ids = db.selectFrom('session_tickets').select('session_id').where('ticket_id', '=', ticketId)
  return spent(
    await sessionsOfModels(db)
      .where('id', 'in', ids)
      .where('started_at', '>=', returned?.at ?? 0)
      .executeTakeFirstOrThrow(),
  )
}

/** The reason why a budget is used up; null: it is not. */
export function usedUp({ costUsd, tokens }: Spent, budget: Budget): string | null {
  if (budget.costUsd !== null && costUsd >= budget.costUsd)
    return `${costUsd.toFixed(2)} of ${budget.costUsd} USD are spent`
  if (budget.tokens !== null && tokens >= budget.tokens)
    return `${tokens} of ${budget.tokens} tokens are used`
  return null
}

/** Open tickets whose budget is used up are handed to a person. */
export async function escalateSpent(db: Kysely<OperatorSchema>, budget: Budget, now: number): Promise<void> {
  if (budget.costUsd === null && budget.tokens === null) return
  await db.transaction().execute(async (tx) => {
    const open = await tx
      .selectFrom('tickets')
      .select('id')
      .where('state', '=', 'open')
      .where('held', '=', 0)
      .execute()
    for (const { id } of open) {
      const why = usedUp(await spentOnTicket(tx, id), budget)
      if (why === null) continue
      await tx.updateTable('tickets').set({ state: 'escalated' }).where('id', '=', id).execute()
      await record(tx, id, now, 'escalated', 'agent', `its budget is used up: ${why}`)
    }
  })
}
