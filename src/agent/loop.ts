import { randomUUID } from 'node:crypto'
import { messageOf } from '../core/errors.ts'
import { type WakeUp, wakeUpSignal } from '../core/wake-up.ts'
import type { Limits } from '../core/work/limits.ts'
import type { Ticket } from '../core/work/ticket.ts'
import { defaultVariant, type Variant } from '../core/work/variant.ts'
import { appendEntry } from '../store/audit/audit.ts'
import {
  claimTickets,
  endSession,
  hasClaimable,
  heartbeat,
  type Session,
  type SessionEnd,
} from '../store/operator/sessions.ts'
import {
  type Budget,
  escalateSpent,
  type Spent,
  spentOnTicket,
  spentSince,
  usedUp,
} from '../store/operator/spending.ts'
import { runSession, type SessionOptions } from './session.ts'

/** Settings of a session that come from the cluster, the subject and the variant. They go before the agent's own. */
export type Workplace = Pick<SessionOptions, 'kind' | 'sandbox' | 'briefing'> &
  Partial<Pick<SessionOptions, 'limits' | 'summarize'>> & {
    /** Whether its consumption counts against the budgets. */
    isPaid?: boolean
    /** What all sessions on this cluster may consume within any 24 hours, where it has a budget of its own. */
    day?: Budget
  }

/** Limits for all sessions together: on one ticket, and within any 24 hours. */
export interface Budgets {
  ticket: Budget
  day: Budget
}

export interface Job {
  cluster: string
  subject: string
  variant: Variant
}

export interface AgentOptions
  extends Omit<SessionOptions, 'kind' | 'sandbox' | 'briefing' | 'signal' | 'onTrouble'> {
  /** The kind's name and its model, for the record, where a ticket's variant leaves that open. */
  agent: string
  model: string | null
  owner: string
  /** Take only these clusters' tickets; null: any. */
  clusters: readonly string[] | null
  /**
   * Where and how to work; rejects when the cluster cannot be entered or the variant cannot be worked by. What goes wrong
   * later without ending the session is told to `trouble`, which puts it into the audit.
   */
  workplace(job: Job, trouble: (message: string) => Promise<void>): Promise<Workplace>
  budgets?: Budgets
  pollMs: number
  /** Rings when anything may have been written to the database: what is open then is taken at once. */
  wakeUp?: WakeUp
  /** How long a silent agent keeps its tickets. */
  leaseMs: number
  signal: AbortSignal
  onEvent(event: AgentEvent): void
}

export type AgentEvent =
  | { kind: 'claimed'; session: Session; tickets: Ticket[] }
  | { kind: 'ended'; session: Session; end: SessionEnd }
  | { kind: 'trouble'; message: string }

/**
 * After a session that broke for a reason of its own, e.g. no model to be reached, the agent rests. A cluster that is gone, or
 * a variant that nobody can work by here, holds up no other cluster's tickets: only its own rest. Doubles while that goes on.
 */
const restMs = { first: 5_000, most: 120_000 }

/** Looks for tickets at every poll and every notification, until the signal aborts; works on one cluster at a time. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { clock, signal, pollMs } = options
  let brokenInARow = 0
  const refusals: Refusals = new Map()
  while (!signal.aborted) {
    try {
      const did = await workOnce(options, refusals)
      if (did !== 'nothing') brokenInARow = did === 'broke' ? brokenInARow + 1 : 0
    } catch (error) {
      const message = `cannot do my work, trying again: ${options.redact(messageOf(error))}`
      options.onEvent({ kind: 'trouble', message })
    }
    if (signal.aborted) break
    const pause =
      brokenInARow === 0 ? untilWork(options) : clock.sleep(Math.max(pollMs, backoffMs(brokenInARow)), signal)
    await pause.catch((error) => {
      if (!signal.aborted) throw error
    })
  }
}

/**
 * A poll's length, or less when a ticket is open. A notification costs one read: the attempt to claim takes the database's one write
 * lock, which ten agents must not do whenever one of them writes.
 */
async function untilWork({
  db,
  clock,
  signal,
  pollMs,
  clusters,
  wakeUp = wakeUpSignal(clock),
}: AgentOptions): Promise<void> {
  const end = clock.monotonic() + pollMs
  for (let leftMs = pollMs; leftMs > 0; leftMs = end - clock.monotonic()) {
    if (!(await wakeUp.wait(leftMs, signal))) return
    // Where it cannot be read, the next poll says what is wrong.
    if (await hasClaimable(db, clusters, clock.now()).catch(() => true)) return
  }
}

/** How often in a row a cluster could not be worked on. */
type Refusals = Map<string, number>

const backoffMs = (times: number): number => Math.min(restMs.most, restMs.first * 2 ** (times - 1))

/** One poll: claims and works on what there is. `broke`: a session ended for a reason of its own. */
async function workOnce(options: AgentOptions, refusals: Refusals): Promise<'nothing' | 'worked' | 'broke'> {
  const { db, clock, leaseMs, signal, budgets } = options
  if (budgets) await escalateSpent(db, budgets.ticket, clock.now())
  const work = await claimTickets(
    db,
    {
      sessionId: randomUUID(),
      agent: options.agent,
      model: options.model,
      owner: options.owner,
      clusters: options.clusters,
      leaseMs,
    },
    clock.now(),
  )
  if (!work) return 'nothing'
  const { session, tickets } = work
  options.onEvent({ kind: 'claimed', session, tickets })
  await using lease = keepLease(options, session.id)
  const end = await attend(options, refusals, session, tickets, AbortSignal.any([signal, lease.lost]))
  options.onEvent({ kind: 'ended', session, end })
  if (end.kind === 'interrupted' && end.retryMs !== undefined) return 'nothing'
  return end.kind === 'claimed' || signal.aborted ? 'worked' : 'broke'
}

/** Works on claimed tickets. If that is not possible, they are returned at once and tried again later. */
async function attend(
  options: AgentOptions,
  refusals: Refusals,
  session: Session,
  tickets: Ticket[],
  signal: AbortSignal,
): Promise<SessionEnd> {
  const { db, clock, redact } = options
  const onTrouble = (message: string) => options.onEvent({ kind: 'trouble', message: redact(message) })
  const trouble = async (message: string) => {
    onTrouble(message)
    const meta = { goesOn: true }
    await appendEntry(db, {
      sessionId: session.id,
      at: clock.now(),
      kind: 'error',
      body: redact(message),
      meta,
    })
  }
  let workplace: Workplace
  try {
    const [{ subject = '', variant = defaultVariant } = {}] = tickets
    workplace = await options.workplace({ cluster: session.cluster, subject, variant }, trouble)
    refusals.delete(session.cluster)
  } catch (error) {
    const times = (refusals.get(session.cluster) ?? 0) + 1
    refusals.set(session.cluster, times)
    const reason = redact(`cannot work on ${session.cluster}: ${messageOf(error)}`)
    const end: SessionEnd = { kind: 'interrupted', reason, retryMs: backoffMs(times) }
    await endSession(db, session.id, end, clock.now())
    return end
  }
  const limits = workplace.limits ?? options.limits
  const left = workplace.isPaid ? await leftOf(options, limits, tickets, workplace.day) : limits
  if (typeof left === 'string') {
    const end: SessionEnd = { kind: 'interrupted', reason: left, retryMs: budgetRestMs }
    await endSession(db, session.id, end, clock.now())
    return end
  }
  try {
    return await runSession(session, tickets, { ...options, ...workplace, limits: left, signal, onTrouble })
  } finally {
    await workplace.sandbox.end?.().catch((error) => onTrouble(messageOf(error)))
  }
}

const dayMs = 24 * 3_600_000
/** How soon tickets are tried again for which there was no money: a person may have raised the budget meanwhile. */
const budgetRestMs = 15 * 60_000

/** A session's limits within what is left of the budgets; a text says why nothing is left of the day's. */
async function leftOf(
  { db, clock, budgets }: AgentOptions,
  limits: Limits,
  tickets: readonly Ticket[],
  ofCluster?: Budget,
): Promise<Limits | string> {
  if (!budgets) return limits
  const since = clock.now() - dayMs
  const spent = [[await spentSince(db, since), budgets.day] as const]
  const [{ cluster } = {}] = tickets
  if (ofCluster) spent.push([await spentSince(db, since, cluster), ofCluster])
  for (const [day, budget] of spent) {
    const why = usedUp(day, budget)
    const whose = budget === ofCluster ? `the budget of a day on ${cluster}` : 'the budget of a day'
    if (why)
      return `${whose} is used up: ${why} within 24 hours; --cost-per-day and --tokens-per-day, or these keys of its file, set it`
  }
  for (const { id } of tickets) spent.push([await spentOnTicket(db, id), budgets.ticket])
  const least = (own: number | null, of: (spent: Spent, budget: Budget) => number | null) =>
    spent
      .map(([spent, budget]) => of(spent, budget))
      .reduce((a, b) => (a === null || b === null ? (a ?? b) : Math.min(a, b)), own)
  return {
    ...limits,
    costUsd: least(limits.costUsd, (spent, { costUsd }) => costUsd && costUsd - spent.costUsd),
    tokens: least(limits.tokens, (spent, { tokens }) => tokens && tokens - spent.tokens),
  }
}

/** Renews the lease three times within its length; `lost` aborts when it is another's. */
function keepLease(
  { db, clock, leaseMs }: AgentOptions,
  sessionId: string,
): AsyncDisposable & { lost: AbortSignal } {
  const lost = new AbortController()
  const done = new AbortController()
  const renew = async () => {
    let heldUntil = clock.now() + leaseMs
    while (!done.signal.aborted) {
      await clock.sleep(leaseMs / 3, done.signal)
      const now = clock.now()
      try {
        if (!(await heartbeat(db, sessionId, now + leaseMs, now))) throw new Error('the lease was lost')
        heldUntil = now + leaseMs
      } catch (error) {
        // A database that is locked for a moment is no loss yet; a lease that has run out is.
        if (messageOf(error) === 'the lease was lost' || clock.now() >= heldUntil) return lost.abort(error)
      }
    }
  }
  const renewing = renew().catch((error) => {
    if (!done.signal.aborted) lost.abort(error)
  })
  return {
    lost: lost.signal,
    [Symbol.asyncDispose]: async () => {
      done.abort()
      await renewing
    },
  }
}
