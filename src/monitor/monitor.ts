import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { WakeUp } from '../core/wake-up.ts'
import type { Access } from '../core/watch/access.ts'
import { type AlertId, alertOf } from '../core/watch/alert.ts'
import { notApplicable, unknown, type Verdict, violationKey } from '../core/watch/invariant.ts'
import type { Connection, Observation, Subject } from '../core/watch/subject.ts'
import type { Endpoints } from '../core/watch/topology.ts'
import type { Ticket } from '../core/work/ticket.ts'
import type { Variant } from '../core/work/variant.ts'
import { moveWithClock } from '../store/operator/clocks.ts'
import type { Db } from '../store/operator/db.ts'
import { lastBeat, monitorBeat, monitorEnded, registerMonitor } from '../store/operator/monitors.ts'
import type { OperatorDb } from '../store/operator/open.ts'
import { expireLeases } from '../store/operator/sessions.ts'
import {
  openTicket,
  resolveTicket,
  returnTicket,
  ticketSeen,
  unresolvedTickets,
} from '../store/operator/tickets.ts'
import { type Tracked, track, trackedViolations } from '../store/operator/violations.ts'
import { isUnavailable } from '../store/sqlite.ts'
import { type Check, type CheckSettings, checkAll, isInhibited, unobservable } from './check.ts'
import { claimWatch } from './claims.ts'
import { intermittence } from './intermittent.ts'
import { advance, afterGap } from './lifecycle.ts'
import { settle } from './verify.ts'

/** Events of one observation, for logs and terminals. */
export type MonitorEvent =
  /** `recurred`: the violation began anew while its ticket was unresolved. `returned`: a claim was not confirmed. */
  | { kind: 'opened' | 'recurred' | 'resolved' | 'returned'; ticket: Ticket }
  | { kind: 'trouble'; message: string }

export interface ObserveOptions<O extends Observation> {
  subject: Subject<O>
  endpoints: Endpoints
  /** Credentials of the cluster; they are used for the connection only. */
  access?: Access
  settings: CheckSettings
  clock: Clock
  signal: AbortSignal
}

export interface MonitorOptions<O extends Observation> extends ObserveOptions<O> {
  id: string
  db: OperatorDb
  /** The cluster's name in tickets. */
  cluster: string
  intervalMs: number
  /** Stamped on every ticket: which configuration of the agent works on it. */
  variant: Variant
  maxAttempts: number
  /** Wakes the monitor when anything may have been written to the database, so that a new claim is checked at once. */
  wakeUp?: WakeUp
  onEvent(event: MonitorEvent): void
  /** Called after each observation. */
  onObservation?(checks: readonly Check[]): void
}

/** Result of one observation. */
interface Observed {
  /** Time by the monotonic clock. */
  takenAt: number
  checks: readonly Check[]
  /** Keys of violations whose grace is skipped. */
  due: ReadonlySet<string>
}

/**
 * Observations that could not be stored wait for the database, so that no violation is missed; the oldest are dropped first.
 */
const longestBacklog = 600

/** Observes the cluster every interval until the signal aborts. Reports and retries an observation or a write that fails. */
export async function runMonitor<O extends Observation>(options: MonitorOptions<O>): Promise<void> {
  const { clock, signal, intervalMs } = options
  const trouble = (error: unknown) => options.onEvent({ kind: 'trouble', message: messageOf(error) })
  await using connection = options.subject.connect(options.endpoints, {
    ...options.access,
    ...(options.settings.watch && { watch: options.settings.watch }),
  })
  const store = storeOf(options)
  const backlog: Observed[] = []
  const remember = memoryOf()
  const claims = claimWatch(options)
  // The last known list of followed alerts: while the database is away, observing continues.
  let open: readonly AlertId[] = []
  let next = clock.monotonic()
  let isRegular = true
  while (!signal.aborted) {
    try {
      if (options.subject.alerts) open = await store.open().catch(keepFor(isUnavailable, open))
      const seen = remember(await observeAndCheck(options, connection, open))
      backlog.splice(0, backlog.length + 1 - longestBacklog)
      backlog.push(seen)
      for (const event of await store.apply(backlog)) options.onEvent(event)
      backlog.length = 0
      options.onObservation?.(seen.checks)
    } catch (error) {
      if (signal.aborted) break
      trouble(error)
      // An error of another kind would come again, and hold up all later observations.
      if (!isUnavailable(error)) backlog.length = 0
    }
    // A fixed rate, not a fixed pause: a slow observation does not delay detection. Missed ones are skipped.
    const now = clock.monotonic()
    if (isRegular) next = Math.max(next + intervalMs, now)
    isRegular = await claims.pause(next - now).catch(untilAborted(signal))
  }
  await store.end().catch(trouble)
}

/** Returns the fallback value for an error that will pass. */
const keepFor =
  <T>(isPassing: (error: unknown) => boolean, value: T) =>
  (error: unknown): T => {
    if (isPassing(error)) return value
    throw error
  }

const untilAborted = (signal: AbortSignal) => (error: unknown) => {
  if (!signal.aborted) throw error
  return true
}

/** Observes and checks once. If the observation fails, everything is unknown. */
export async function observeAndCheck<O extends Observation>(
  { subject, endpoints, settings, clock, signal }: ObserveOptions<O>,
  connection: Connection<O>,
  open: readonly AlertId[] = [],
): Promise<Omit<Observed, 'due'> & { observation: O | null }> {
  let observation: O | null = null
  let reason = ''
  try {
    observation = await connection.observe(signal, open)
  } catch (error) {
    reason = messageOf(error)
  }
  // An observation that our own end cut off proves nothing about the cluster.
  signal.throwIfAborted()
  const checks = checkAll(subject, Object.keys(endpoints), observation, reason, settings, open)
  return { takenAt: clock.monotonic(), checks, observation }
}

/** Adds knowledge of earlier observations: violations that come and go too fast for their grace. */
function memoryOf(): (observeAndCheck: Omit<Observed, 'due'>) => Observed {
  const memory = new Map<string, ReturnType<typeof intermittence>>()
  return ({ checks, takenAt }) => {
    const due = new Set<string>()
    const judged = checks.map((check) => {
      // Most checks are never violated and need no memory.
      if (!memory.has(check.key) && check.verdict.kind === 'violated') memory.set(check.key, intermittence())
      const seen = memory.get(check.key)?.add(check.verdict, check.graceMs, takenAt)
      if (seen?.isDue) due.add(check.key)
      const isLull = seen?.isLull && check.verdict.kind === 'ok'
      return isLull ? { ...check, verdict: unknown('it comes and goes, and this may be a lull') } : check
    })
    const seen = new Set(checks.map(({ key }) => key))
    for (const key of memory.keys()) if (!seen.has(key)) memory.delete(key)
    return { takenAt, checks: judged, due }
  }
}

/** Updates violations and tickets by the verdicts: all waiting observations in one transaction, or none. */
function storeOf<O extends Observation>(options: MonitorOptions<O>) {
  const { db, id, cluster, clock, intervalMs } = options
  const startedAt = clock.now()
  const nodes = Object.keys(options.endpoints)
  let registered = false

  const apply = async (backlog: readonly Observed[]): Promise<MonitorEvent[]> => {
    const events = await db.transaction().execute(async (tx) => {
      const all: MonitorEvent[] = []
      await moveWithClock(tx, clock)
      const offset = clock.now() - clock.monotonic()
      let watchedUntil = await lastBeat(tx, cluster)
      if (!registered) await registerMonitor(tx, infoOf(options, startedAt))
      await expireLeases(tx, clock.now())
      for (const observeAndCheck of backlog) {
        const at = observeAndCheck.takenAt + offset
        const unwatched = watchedUntil !== null && at - watchedUntil > Math.max(gapMs, 3 * intervalMs)
        all.push(...(await applyVerdicts(tx, options, nodes, observeAndCheck, unwatched, at)))
        await monitorBeat(tx, id, at, observeAndCheck.checks.some(sees))
        watchedUntil = at
      }
      return all
    })
    registered = true
    return events
  }
  /** Alerts with a violation or a ticket that is not resolved. */
  const open = async (): Promise<AlertId[]> => {
    const keys = new Set([
      ...(await trackedViolations(db, cluster)).keys(),
      ...(await unresolvedTickets(db, cluster)).map(({ key }) => key),
    ])
    return [...keys].flatMap((key) => alertOf(options.subject.name, key) ?? [])
  }
  const end = async () => {
    if (registered) await monitorEnded(db, id, clock.now())
  }
  return { apply, open, end }
}

/** Gap between observations that counts neither as violated nor as clear. A restart takes less. */
const gapMs = 10_000

const sees = ({ invariant, verdict }: Check): boolean =>
  invariant !== unobservable && (verdict.kind === 'ok' || verdict.kind === 'violated')

const infoOf = <O extends Observation>(options: MonitorOptions<O>, startedAt: number) => ({
  id: options.id,
  cluster: options.cluster,
  subject: options.subject.name,
  pid: process.pid,
  intervalMs: options.intervalMs,
  startedAt,
  beatAt: startedAt,
  observedAt: null,
  endedAt: null,
})

async function applyVerdicts<O extends Observation>(
  tx: Db,
  options: MonitorOptions<O>,
  nodes: readonly string[],
  { checks, due }: Observed,
  unwatched: boolean,
  now: number,
): Promise<MonitorEvent[]> {
  const { cluster, subject } = options
  const events: MonitorEvent[] = []
  const tracked = await trackedViolations(tx, cluster)
  const unresolved = new Map((await unresolvedTickets(tx, cluster)).map((ticket) => [ticket.key, ticket]))
  const batch = `${options.id}-${now}`
  // A cause that is still clearing or unknown continues to explain its symptoms; one that is not checked does not.
  const explains = new Set(
    checks
      .filter(
        ({ key, verdict: { kind } }) =>
          kind === 'violated' || (kind !== 'not_applicable' && tracked.has(key)),
      )
      .map((check) => check.key),
  )
  const isViolated = (invariant: string, node: string) =>
    explains.has(violationKey(subject.name, invariant, node))

  for (const check of checks) {
    const prev = tracked.get(check.key) ?? null
    const ticket = unresolved.get(check.key)
    // When a person ended a ticket while its check was off, the violation is left behind: it starts anew, with a new ticket.
    const open = ticket || prev?.phase === 'pending' ? prev : null
    const known = unwatched ? afterGap(open) : open
    const inhibited = isInhibited(check, isViolated, nodes)
    const step = advance(known, check.verdict, check, inhibited, now, due.has(check.key))
    if (!same(prev, step.next)) await track(tx, cluster, check.key, step.next)
    if (step.next) tracked.set(check.key, step.next)
    else tracked.delete(check.key)

    if (step.opens) {
      const opened = await openTicket(tx, newTicket(options, check, batch, step.next, now), now)
      events.push({ kind: ticket ? 'recurred' : 'opened', ticket: opened })
    } else if (ticket && check.verdict.kind === 'violated') {
      const { message, values = {} } = check.verdict
      await ticketSeen(tx, ticket.id, { message, values, recurred: step.recurred }, now)
    }
    if (ticket) events.push(...(await decide(tx, ticket, check.verdict, tracked.has(check.key), now)))
  }
  const checked = new Set(checks.map(({ key }) => key))
  for (const ticket of unresolved.values())
    if (!checked.has(ticket.key)) events.push(...(await decide(tx, ticket, notChecked, false, now)))
  return events
}

/** For a node that was removed from the endpoints, or an invariant that the subject no longer has. */
const notChecked = notApplicable('nothing checks it any more')

/** Resolves the ticket or returns it, if this observation decides so. */
async function decide(
  tx: Db,
  ticket: Ticket,
  verdict: Verdict,
  stillTracked: boolean,
  now: number,
): Promise<MonitorEvent[]> {
  const fate = settle(ticket, verdict, stillTracked, now)
  if (fate === 'wait') return []
  const why =
    verdict.kind === 'violated'
      ? 'the claim was not confirmed: it is still violated'
      : 'the claim cannot be confirmed: nothing checks it any more'
  const moved =
    fate === 'resolve' ? await resolveTicket(tx, ticket.id, now) : await returnTicket(tx, ticket.id, why, now)
  return moved ? [{ kind: fate === 'resolve' ? 'resolved' : 'returned', ticket: moved }] : []
}

function same(a: Tracked | null, b: Tracked | null): boolean {
  return (
    a === b ||
    (a !== null &&
      b !== null &&
      a.phase === b.phase &&
      a.clearAt === b.clearAt &&
      a.lastSeenAt === b.lastSeenAt)
  )
}

function newTicket<O extends Observation>(
  options: MonitorOptions<O>,
  check: Check,
  batch: string,
  tracked: Tracked | null,
  now: number,
) {
  const seen = check.verdict.kind === 'violated' ? check.verdict : { message: '', values: {} }
  return {
    cluster: options.cluster,
    subject: options.subject.name,
    key: check.key,
    invariant: check.invariant,
    node: check.node,
    severity: check.severity,
    message: seen.message,
    values: seen.values ?? {},
    batch,
    variant: options.variant,
    maxAttempts: options.maxAttempts,
    violatedAt: tracked?.violatedAt ?? now,
  }
}
