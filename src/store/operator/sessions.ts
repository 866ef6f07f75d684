import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import { wellFormedJson } from '../../core/text.ts'
import { severities } from '../../core/watch/invariant.ts'
import type { Usage } from '../../core/work/agent.ts'
import type { Claim } from '../../core/work/claim.ts'
import type { Ticket } from '../../core/work/ticket.ts'
import { type Variant, type Worker, workerBy } from '../../core/work/variant.ts'
import { atomically, enter } from '../audit/ledger.ts'
import type { Db } from './db.ts'
import type { OperatorSchema, SessionRow } from './schema.ts'
import { record, returnTicket, ticketOf } from './tickets.ts'

/** One agent's attempt at all tickets of a cluster. */
export interface Session {
  id: string
  cluster: string
  agent: string
  model: string | null
  /** Name of the variant. */
  variant: string
  state: SessionRow['state']
  leaseUntil: number
  startedAt: number
  endedAt: number | null
  turns: number
  commands: number
  /** null: unknown, because some turn's tokens were not counted. */
  tokensIn: number | null
  tokensOut: number | null
  /** null: unknown, because a price or the tokens are unknown. */
  costUsd: number | null
  claim: Claim | null
  /** Reason of an end without a claim of the agent. */
  reason: string | null
}

/** `agent` and `model` are used where a ticket's variant names none. */
export interface Claimant extends Worker {
  /** A fresh id for the session, used if there is work. */
  sessionId: string
  /** Owner of the lease: host and process, for people. */
  owner: string
  /** Claim only tickets of these clusters; null: of any. */
  clusters: readonly string[] | null
  leaseMs: number
}

/**
 * Claims the tickets of one cluster that has no running session: the cluster of the ticket that has waited longest. A session
 * has one variant, so it gets only tickets with the variant of that ticket, the most severe first. Returns null when there is
 * nothing to do. Atomic across processes.
 */
export async function claimTickets(
  db: Kysely<OperatorSchema>,
  who: Claimant,
  now: number,
): Promise<{ session: Session; tickets: Ticket[] } | null> {
  return db.transaction().execute(async (tx) => {
    await expireLeases(tx, now)
    const longest = claimable(tx, who.clusters, now)
      .select(['cluster', 'variant'])
      .orderBy('retry_at')
      .orderBy('id')
    const work = await longest.limit(1).executeTakeFirst()
    if (!work) return null

    const variant = JSON.parse(work.variant) as Variant
    const session = await tx
      .insertInto('sessions')
      .values({
        id: who.sessionId,
        cluster: work.cluster,
        ...workerBy(variant, who),
        variant: variant.name,
        state: 'running',
        owner: who.owner,
        lease_until: now + who.leaseMs,
        started_at: now,
        turns: 0,
        commands: 0,
        tokens_in: 0,
        tokens_out: 0,
        cost_usd: 0,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    await enter(tx, 'sessions', session.id)
    const rows = await tx
      .updateTable('tickets')
      .set({ state: 'claimed', session_id: session.id, claimed_at: now, claim: null, claim_by: null })
      .where('cluster', '=', work.cluster)
      .where('variant', '=', work.variant)
      .where('state', '=', 'open')
      .where('held', '=', 0)
      .where('retry_at', '<=', now)
      .returningAll()
      .execute()
    for (const row of rows) {
      await tx.insertInto('session_tickets').values({ session_id: session.id, ticket_id: row.id }).execute()
      await enter(tx, 'session_tickets', session.id, row.id)
      await record(tx, row.id, now, 'claimed', 'agent', `session ${session.id}`)
    }
    return { session: sessionOf(session), tickets: rows.map(ticketOf).sort(mostSevereFirst) }
  })
}

/** Whether `claimTickets` would take anything, leaving expired leases aside. Only reads, and locks nothing. */
export async function hasClaimable(
  db: Db,
  clusters: readonly string[] | null,
  now: number,
): Promise<boolean> {
  return (await claimable(db, clusters, now).select('id').limit(1).executeTakeFirst()) !== undefined
}

/** Open tickets that may be worked on now, in clusters without a running session. */
function claimable(db: Db, clusters: readonly string[] | null, now: number) {
  const busy = db.selectFrom('sessions').select('cluster').where('state', '=', 'running')
  const due = db
    .selectFrom('tickets')
    .where('state', '=', 'open')
    .where('held', '=', 0)
    .where('retry_at', '<=', now)
    .where('cluster', 'not in', busy)
  return clusters === null ? due : due.where('cluster', 'in', clusters)
}

const mostSevereFirst = (a: Ticket, b: Ticket) =>
  severities.indexOf(b.severity) - severities.indexOf(a.severity) || a.id - b.id

/** False: the lease is lost and the tickets may belong to another session, so stop at once. */
export async function heartbeat(db: Db, id: string, leaseUntil: number, now: number): Promise<boolean> {
  const row = await db
    .updateTable('sessions')
    .set({ lease_until: leaseUntil })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where('lease_until', '>', now)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

export async function addUsage(db: Db, id: string, usage: Usage): Promise<void> {
  await atomically(db, async (tx) => {
    await tx
      .updateTable('sessions')
      .set((eb) => ({
        turns: eb('turns', '+', 1),
        tokens_in: added('tokens_in', usage.tokensIn),
        tokens_out: added('tokens_out', usage.tokensIn === null ? null : usage.tokensOut),
        // After an unknown price the sum stays unknown: null plus anything is null.
        cost_usd: usage.costUsd === null ? null : eb('cost_usd', '+', usage.costUsd),
      }))
      .where('id', '=', id)
      .execute()
    await enter(tx, 'sessions', id)
  })
}

/**
 * These columns cannot be null, so a value that no turn can have stands for unknown: nothing read. Later turns do not change
 * it.
 */
const added = (column: 'tokens_in' | 'tokens_out', tokens: number | null) =>
  tokens === null
    ? sql<number>`0`
    : sql<number>`case when turns > 0 and tokens_in = 0 then 0 else ${sql.ref(column)} + ${tokens} end`

export async function addCommand(db: Db, id: string): Promise<void> {
  await atomically(db, async (tx) => {
    await tx
      .updateTable('sessions')
      .set((eb) => ({ commands: eb('commands', '+', 1) }))
      .where('id', '=', id)
      .execute()
    await enter(tx, 'sessions', id)
  })
}

/**
 * How a session ended. `verifyMs`: how long the monitor has to confirm a claim of `fixed`. `retryMs`: the session could not
 * work, and its tickets wait this long; without it they are free at once, behind those that wait already. `trouble`: the
 * session itself failed. A lasting failure counts as an attempt; a passing one counts after too many in a row.
 */
export type SessionEnd =
  | { kind: 'claimed'; claim: Claim; verifyMs: number; reason?: string }
  | { kind: 'interrupted'; reason: string; retryMs?: number; trouble?: 'lasting' | 'passing' }

/**
 * This many failures in a row, between two attempts, count as an attempt, so that a ticket is not worked on, and paid for,
 * without end.
 */
const troublesPerAttempt = 5

/** Returns false when the session was already over because its lease had expired; then nothing is changed. */
export async function endSession(
  db: Kysely<OperatorSchema>,
  id: string,
  end: SessionEnd,
  now: number,
): Promise<boolean> {
  return db.transaction().execute((tx) => end_(tx, id, end, now))
}

async function end_(tx: Transaction<OperatorSchema>, id: string, end: SessionEnd, now: number) {
  const claim = end.kind === 'claimed' ? wellFormedJson(end.claim) : null
  const ended = await tx
    .updateTable('sessions')
    .set({
      state: end.kind === 'claimed' ? 'done' : 'interrupted',
      ended_at: now,
      claim,
      reason: end.reason ?? null,
    })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .returning('id')
    .executeTakeFirst()
  if (!ended) return false
  await enter(tx, 'sessions', id)

  const fixed = end.kind === 'claimed' && end.claim.status === 'fixed'
  const rows = await tx
    .updateTable('tickets')
    .set({
      session_id: id,
      // A claim of `not_fixed` stays claimed until returnTicket below has counted the attempt.
      ...(fixed ? { state: 'verifying', verify_until: now + end.verifyMs } : {}),
      ...(end.kind === 'claimed' ? { claim, claim_by: 'agent' } : {}),
    })
    .where('session_id', '=', id)
    .where('state', '=', 'claimed')
    .returning('id')
    .execute()
  for (const row of rows) {
    if (end.kind === 'interrupted') await free(tx, row.id, end, now)
    else {
      await record(tx, row.id, now, `claimed ${end.claim.status}`, 'agent', end.claim.rootCause)
      if (!fixed) await returnTicket(tx, row.id, `session ${id} could not fix it`, now)
    }
  }
  return true
}

/** Opens a ticket of an interrupted session again. The attempt is counted only if the failure counts as one. */
async function free(
  tx: Transaction<OperatorSchema>,
  ticketId: number,
  { reason, retryMs = 0, trouble }: Extract<SessionEnd, { kind: 'interrupted' }>,
  now: number,
): Promise<void> {
  if (
    trouble === 'lasting' ||
    (trouble === 'passing' && (await troublesOf(tx, ticketId)) + 1 >= troublesPerAttempt)
  ) {
    await returnTicket(tx, ticketId, reason, now)
    return
  }
  await tx
    .updateTable('tickets')
    .set({ state: 'open', session_id: null, claimed_at: null, retry_at: now + retryMs })
    .where('id', '=', ticketId)
    .execute()
  await record(tx, ticketId, now, trouble ? 'troubled' : 'freed', 'agent', reason)
}

/** Number of failures since the ticket was opened, or last returned. */
async function troublesOf(tx: Transaction<OperatorSchema>, ticketId: number): Promise<number> {
  const returned = tx
    .selectFrom('ticket_events')
    .select((eb) => eb.fn.coalesce(eb.fn.max('id'), eb.val(0)).as('id'))
    .where('ticket_id', '=', ticketId)
    .where('event', 'in', ['reopened', 'escalated'])
  const { troubles } = await tx
    .selectFrom('ticket_events')
    .select((eb) => eb.fn.countAll<number>().as('troubles'))
    .where('ticket_id', '=', ticketId)
    .where('event', '=', 'troubled')
    .where('id', '>', returned)
    .executeTakeFirstOrThrow()
  return troubles
}

/** Interrupts sessions whose agent has not renewed the lease, and frees their tickets. */
export async function expireLeases(tx: Transaction<OperatorSchema>, now: number): Promise<void> {
  const dead = await tx
    .selectFrom('sessions')
    .select('id')
    .where('state', '=', 'running')
    .where('lease_until', '<=', now)
    .execute()
  for (const { id } of dead) await end_(tx, id, { kind: 'interrupted', reason: 'lease expired' }, now)
}

export async function session(db: Db, id: string): Promise<Session | null> {
  const row = await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? sessionOf(row) : null
}

/** Sessions, oldest first. With `newest`: only that many, newest first. */
export async function listSessions(
  db: Db,
  filter: { ticketId?: number; newest?: number } = {},
): Promise<Session[]> {
  const direction = filter.newest === undefined ? 'asc' : 'desc'
  let query = db.selectFrom('sessions').selectAll().orderBy('started_at', direction).orderBy('id', direction)
  if (filter.newest !== undefined) query = query.limit(filter.newest)
  if (filter.ticketId !== undefined) {
    const ids = db.selectFrom('session_tickets').select('session_id').where('ticket_id', '=', filter.ticketId)
    query = query.where('id', 'in', ids)
  }
  return (await query.execute()).map(sessionOf)
}

function sessionOf(row: Selectable<SessionRow>): Session {
  return {
    id: row.id,
    cluster: row.cluster,
    agent: row.agent,
    model: row.model,
    variant: row.variant,
    state: row.state,
    leaseUntil: row.lease_until,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    turns: row.turns,
    commands: row.commands,
    tokensIn: row.turns > 0 && row.tokens_in === 0 ? null : row.tokens_in,
    tokensOut: row.turns > 0 && row.tokens_in === 0 ? null : row.tokens_out,
    costUsd: row.cost_usd,
    claim: row.claim === null ? null : JSON.parse(row.claim),
    reason: row.reason,
  }
}
