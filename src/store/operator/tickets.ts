import { type Selectable, sql, type Transaction } from 'kysely'
import { wellFormedJson } from '../../core/text.ts'
import { type Severity, severities } from '../../core/watch/invariant.ts'
import type { Claim } from '../../core/work/claim.ts'
import type { Ticket, TicketState } from '../../core/work/ticket.ts'
import type { Variant } from '../../core/work/variant.ts'
import { atomically, enter } from '../audit/ledger.ts'
import type { Db } from './db.ts'
import type { OperatorSchema, TicketEventRow, TicketRow } from './schema.ts'

/** A key that opens this often within the window is flapping; its tickets are one severity higher. */
const flapping = { opens: 3, windowMs: 60 * 60_000 }

/** Description of a violation that has outlasted its grace. */
export interface NewTicket {
  cluster: string
  subject: string
  key: string
  invariant: string
  node: string
  severity: Severity
  message: string
  values: Record<string, number | string>
  batch: string
  variant: Variant
  maxAttempts: number
  violatedAt: number
}

export interface TicketEvent {
  at: number
  event: string
  by: string
  detail: string | null
}

/** Opens the ticket of a violation, or counts one more occurrence when an unresolved one is there. One statement. */
export function openTicket(db: Db, ticket: NewTicket, now: number): Promise<Ticket> {
  return atomically(db, async (tx) => {
    const earlier = await tx
      .selectFrom('tickets')
      .select((eb) => eb.fn.countAll<number>().as('opens'))
      .where('cluster', '=', ticket.cluster)
      .where('key', '=', ticket.key)
      .where('opened_at', '>', now - flapping.windowMs)
      .executeTakeFirstOrThrow()
    const isFlapping = earlier.opens + 1 >= flapping.opens
    const { violatedAt, values, maxAttempts, variant, ...same } = ticket
    const row = await tx
      .insertInto('tickets')
      .values({
        ...same,
        severity: isFlapping ? raised(ticket.severity) : ticket.severity,
        state: 'open',
        metrics: wellFormedJson(values),
        variant: wellFormedJson(variant),
        occurrences: 1,
        flapping: Number(isFlapping),
        held: 0,
        attempts: 0,
        max_attempts: maxAttempts,
        violated_at: violatedAt,
        opened_at: now,
        last_seen_at: now,
        retry_at: now,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['cluster', 'key'])
          // Spelled exactly as in the index: SQLite does not recognise it with a bound value.
          .where(sql<boolean>`state <> 'resolved'`)
          .doUpdateSet((eb) => ({
            occurrences: eb('tickets.occurrences', '+', 1),
            last_seen_at: eb.ref('excluded.last_seen_at'),
            message: eb.ref('excluded.message'),
            metrics: eb.ref('excluded.metrics'),
          })),
      )
      .returningAll()
      .executeTakeFirstOrThrow()
    await record(tx, row.id, now, row.occurrences === 1 ? 'opened' : 'recurred', 'monitor', ticket.message)
    return ticketOf(row)
  })
}

const raised = (severity: Severity): Severity =>
  severities[Math.min(severities.indexOf(severity) + 1, severities.length - 1)] ?? severity

/** The violation is still there: updates its values. */
export function ticketSeen(
  db: Db,
  id: number,
  seen: { message: string; values: Record<string, number | string>; recurred: boolean },
  now: number,
): Promise<void> {
  return atomically(db, async (tx) => {
    await tx
      .updateTable('tickets')
      .set((eb) => ({
        last_seen_at: now,
        message: seen.message,
        metrics: wellFormedJson(seen.values),
        occurrences: eb('occurrences', '+', seen.recurred ? 1 : 0),
      }))
      .where('id', '=', id)
      .where('state', '<>', 'resolved')
      .execute()
    if (seen.recurred) await record(tx, id, now, 'recurred', 'monitor', seen.message)
  })
}

/** The monitor has seen the violation gone. Guarded: a ticket that is held or in work stays unchanged. */
export function resolveTicket(db: Db, id: number, now: number): Promise<Ticket | null> {
  return atomically(db, async (tx) => {
    const row = await tx
      .updateTable('tickets')
      .set((eb) => ({
        state: 'resolved',
        resolved_at: now,
        resolved_by: eb
          .case()
          .when('state', '=', 'verifying')
          .then(eb.ref('claim_by'))
          .else('self')
          .end() as never,
        verify_until: null,
      }))
      .where('id', '=', id)
      .where('state', 'in', ['open', 'verifying', 'escalated'])
      .where('held', '=', 0)
      .returningAll()
      .executeTakeFirst()
    if (!row) return null
    await record(tx, id, now, 'resolved', row.resolved_by ?? 'self', null)
    return ticketOf(row)
  })
}

/** For a claim that the monitor could not confirm, or of `not_fixed`: opens the ticket again, or hands it to a person. */
export function returnTicket(db: Db, id: number, why: string, now: number): Promise<Ticket | null> {
  return atomically(db, async (tx) => {
    const row = await tx
      .updateTable('tickets')
      .set((eb) => ({
        state: eb
          .case()
          .when(eb('attempts', '+', 1), '>=', eb.ref('max_attempts'))
          .then('escalated')
          .else('open')
          .end() as never,
        attempts: eb('attempts', '+', 1),
        // Each further attempt waits longer: if one session could not repair it, another one a second later rarely can.
        retry_at: sql<number>`${now} + 2000 * (1 << min(attempts, 8))`,
        session_id: null,
        claimed_at: null,
        verify_until: null,
      }))
      .where('id', '=', id)
      .where('state', 'in', ['claimed', 'verifying'])
      .returningAll()
      .executeTakeFirst()
    if (!row) return null
    await record(tx, id, now, row.state === 'escalated' ? 'escalated' : 'reopened', 'monitor', why)
    return ticketOf(row)
  })
}

/** A person's claim: the monitor confirms it as it would an agent's. Also ends a hold. */
export function claimByPerson(db: Db, id: number, claim: Claim, verifyUntil: number, now: number) {
  return atomically(db, async (tx) => {
    const row = await tx
      .updateTable('tickets')
      .set({
        state: 'verifying',
        claim: wellFormedJson(claim),
        claim_by: 'person',
        verify_until: verifyUntil,
        held: 0,
      })
      .where('id', '=', id)
      .where('state', 'in', ['open', 'verifying', 'escalated'])
      .returningAll()
      .executeTakeFirst()
    if (row) await record(tx, id, now, 'claimed fixed', 'person', claim.rootCause)
    return row ? ticketOf(row) : null
  })
}

export function setHeld(db: Db, id: number, held: boolean, now: number): Promise<Ticket | null> {
  return atomically(db, async (tx) => {
    const row = await tx
      .updateTable('tickets')
      .set({ held: Number(held) })
      .where('id', '=', id)
      .where('state', '<>', 'resolved')
      .returningAll()
      .executeTakeFirst()
    if (row) await record(tx, id, now, held ? 'held' : 'unheld', 'person', null)
    return row ? ticketOf(row) : null
  })
}

/** Back to the agents with fresh attempts. Null: not in a state to reopen, or its key has a newer unresolved ticket. */
export function reopenTicket(db: Db, id: number, why: string, now: number): Promise<Ticket | null> {
  return atomically(db, async (tx) => {
    const row = await tx
      .updateTable('tickets')
      .set({
        state: 'open',
        attempts: 0,
        retry_at: now,
        verify_until: null,
        session_id: null,
        resolved_at: null,
        resolved_by: null,
      })
      .where('id', '=', id)
      .where('state', 'in', ['resolved', 'escalated', 'verifying'])
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('tickets as newer')
              .select('newer.id')
              .whereRef('newer.cluster', '=', 'tickets.cluster')
              .whereRef('newer.key', '=', 'tickets.key')
              .whereRef('newer.id', '<>', 'tickets.id')
              .where('newer.state', '<>', 'resolved'),
          ),
        ),
      )
      .returningAll()
      .executeTakeFirst()
    if (row) await record(tx, id, now, 'reopened', 'person', why)
    return row ? ticketOf(row) : null
  })
}

export async function unresolvedTickets(db: Db, cluster: string): Promise<Ticket[]> {
  return listTickets(db, { cluster, states: ['open', 'claimed', 'verifying', 'escalated'] })
}

export interface TicketFilter {
  cluster?: string
  states?: readonly TicketState[]
  limit?: number
  /** Only those older than this one. */
  before?: number
  /** Tickets that a session took. */
  sessionId?: string
}

/** Oldest first. */
export async function listTickets(db: Db, filter: TicketFilter = {}): Promise<Ticket[]> {
  let query = db.selectFrom('tickets').selectAll().orderBy('id', 'desc')
  if (filter.cluster !== undefined) query = query.where('cluster', '=', filter.cluster)
  if (filter.states) query = query.where('state', 'in', filter.states)
  if (filter.sessionId !== undefined) {
    const of = db.selectFrom('session_tickets').select('ticket_id').where('session_id', '=', filter.sessionId)
    query = query.where('id', 'in', of)
  }
  if (filter.before !== undefined) query = query.where('id', '<', filter.before)
  if (filter.limit !== undefined) query = query.limit(filter.limit)
  return (await query.execute()).map(ticketOf).reverse()
}

export async function ticket(db: Db, id: number): Promise<Ticket | null> {
  const row = await db.selectFrom('tickets').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? ticketOf(row) : null
}

export async function ticketEvents(db: Db, id: number): Promise<TicketEvent[]> {
  return db
    .selectFrom('ticket_events')
    .select(['at', 'event', 'by', 'detail'])
    .where('ticket_id', '=', id)
    .orderBy('id')
    .execute()
}

/** Stores what happened to a ticket, and its new state. Call it after the change, in its transaction. */
export async function record(
  tx: Transaction<OperatorSchema>,
  ticketId: number,
  at: number,
  event: string,
  by: TicketEventRow['by'],
  detail: string | null,
): Promise<void> {
  const row = await tx
    .insertInto('ticket_events')
    .values({ ticket_id: ticketId, at, event, by, detail })
    .returning('id')
    .executeTakeFirstOrThrow()
  await enter(tx, 'ticket_events', row.id)
  await enter(tx, 'tickets', ticketId)
}

export function ticketOf(row: Selectable<TicketRow>): Ticket {
  return {
    id: row.id,
    cluster: row.cluster,
    subject: row.subject,
    key: row.key,
    invariant: row.invariant,
    node: row.node,
    severity: row.severity,
    state: row.state,
    message: row.message,
    values: JSON.parse(row.metrics),
    batch: row.batch,
    occurrences: row.occurrences,
    flapping: row.flapping === 1,
    held: row.held === 1,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    variant: JSON.parse(row.variant),
    violatedAt: row.violated_at,
    openedAt: row.opened_at,
    lastSeenAt: row.last_seen_at,
    sessionId: row.session_id,
    claimedAt: row.claimed_at,
    claim: row.claim === null ? null : JSON.parse(row.claim),
    claimBy: row.claim_by,
    verifyUntil: row.verify_until,
    resolvedAt: row.resolved_at,
    resolvedBy: row.resolved_by,
  }
}
