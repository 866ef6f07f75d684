import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import { type AgentKind, ModelRefused, sumOf, type Usage } from '../core/work/agent.ts'
import type { Claim } from '../core/work/claim.ts'
import { LimitReached, type Limits } from '../core/work/limits.ts'
import type { Ticket } from '../core/work/ticket.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { appendEntry, type EntryKind, summarizeEntry } from '../store/audit/audit.ts'
import type { OperatorDb } from '../store/operator/open.ts'
import {
  addCommand,
  addUsage,
  endSession,
  listSessions,
  type Session,
  type SessionEnd,
} from '../store/operator/sessions.ts'
import { meter } from './model/limits.ts'
import { auditedShell, type Journal } from './shell.ts'
import type { Summarize } from './summarize.ts'

export interface SessionOptions {
  db: OperatorDb
  kind: AgentKind
  sandbox: Sandbox
  /** Knowledge about the subject, for the agent. */
  briefing: string
  limits: Limits
  verifyMs: number
  redact(text: string): string
  summarize: Summarize
  clock: Clock
  /** Aborts when the daemon stops or the lease is lost. */
  signal: AbortSignal
  /** Called with a problem that does not end the session. */
  onTrouble?(message: string): void
}

/** One attempt: the agent works, says what it did, and the claim goes to the monitor for confirmation. */
export async function runSession(
  session: Session,
  tickets: readonly Ticket[],
  options: SessionOptions,
): Promise<SessionEnd> {
  const { db, clock } = options
  const summaries: Promise<void>[] = []
  const bill = openBill()
  const journal: Journal = async (kind, body, meta) => {
    // The cost of a turn is stored with its first entry.
    const usage = kind === 'tool_result' ? null : bill.settle()
    const seq = await appendEntry(db, {
      sessionId: session.id,
      at: clock.now(),
      kind,
      body,
      meta: { ...meta, ...(usage && { usage }) },
    })
    summaries.push(summarizeLater(options, seq, kind, body, meta))
    if (kind === 'tool_call') await addCommand(db, session.id)
  }

  const end = await attempt(session, tickets, options, journal, bill)
  if (end.kind === 'claimed') await journal('claim', JSON.stringify(end.claim))
  else await journal('error', end.reason)
  const inTime = await endSession(db, session.id, end, clock.now())
  // The claim is passed on before its summary is ready.
  await Promise.all(summaries)
  if (inTime || end.kind === 'interrupted') return end
  return { kind: 'interrupted', reason: 'its lease was over before it could claim anything' }
}

async function attempt(
  session: Session,
  tickets: readonly Ticket[],
  options: SessionOptions,
  journal: Journal,
  bill: Bill,
): Promise<SessionEnd> {
  const { db, clock, limits, redact, verifyMs } = options
  using used = meter(limits, clock)
  const signal = AbortSignal.any([options.signal, used.signal])
  try {
    const claim = await options.kind({
      tickets: tickets.map((ticket) => withoutSecrets(ticket, redact)),
      briefing: options.briefing,
      history: await earlierAttempts(db, session.id, tickets),
      shell: auditedShell({ sandbox: options.sandbox, journal, redact, limits, signal }),
      note: (reasoning) => journal('reasoning', redact(reasoning)),
      spend: async (usage) => {
        await addUsage(db, session.id, usage)
        bill.add(usage)
        used.spend(usage)
      },
      limits,
      signal,
    })
    return { kind: 'claimed', claim: redacted(claim, redact), verifyMs }
  } catch (error) {
    const limit = limitBehind(error) ?? limitBehind(signal.reason)
    if (limit) return { kind: 'claimed', claim: outOf(limit), verifyMs, reason: limit.message }
    if (options.signal.aborted)
      return { kind: 'interrupted', reason: redact(messageOf(options.signal.reason)) }
    const trouble = error instanceof ModelRefused ? 'lasting' : 'passing'
    return { kind: 'interrupted', reason: redact(messageOf(error)), trouble }
  }
}

/** Consumption that is in no entry yet. */
interface Bill {
  add(usage: Usage): void
  /** All of it, once; null: nothing that a model counted. */
  settle(): Usage | null
}

function openBill(): Bill {
  let open: Usage | null = null
  return {
    add: (usage) => {
      if (usage.tokensIn !== 0 || usage.tokensOut !== 0) open = open ? sumOf(open, usage) : usage
    },
    settle: () => {
      const settled = open
      open = null
      return settled
    },
  }
}

const limitBehind = (error: unknown): LimitReached | null => (error instanceof LimitReached ? error : null)

/** A session that ran into a limit has an honest claim, too: it did not fix it. */
const outOf = (limit: LimitReached): Claim => ({
  status: 'not_fixed',
  rootCause: `ended by a limit: ${limit.message}`,
  actions: [],
  unclaimed: true,
})

const redacted = (claim: Claim, redact: (text: string) => string): Claim => ({
  ...claim,
  rootCause: redact(claim.rootCause),
  actions: claim.actions.map(redact),
  ...(claim.component === undefined ? {} : { component: redact(claim.component) }),
})

/** Masks secrets in a ticket: the values that the monitor saw come from the subject, like outputs. */
const withoutSecrets = (ticket: Ticket, redact: (text: string) => string): Ticket => ({
  ...ticket,
  message: redact(ticket.message),
  values: Object.fromEntries(
    Object.entries(ticket.values).map(([name, value]) => [
      name,
      typeof value === 'string' ? redact(value) : value,
    ]),
  ),
})

/** Never rejects: an entry without a summary is shown by its text. */
async function summarizeLater(
  options: SessionOptions,
  seq: number,
  kind: EntryKind,
  body: string,
  meta: Record<string, unknown> | undefined,
) {
  const why = typeof meta?.reasoning === 'string' && meta.reasoning !== '' ? meta.reasoning : body
  try {
    const summary = await options.summarize(kind === 'tool_call' ? why : body)
    await summarizeEntry(options.db, seq, summary.text, summary.by)
  } catch (error) {
    options.onTrouble?.(`entry ${seq} has no summary: ${messageOf(error)}`)
  }
}

/**
 * Claims of earlier sessions on these tickets, oldest first, so that the next attempt can build on them. Sessions that ran no
 * command because their model could not be reached are left out.
 */
async function earlierAttempts(
  db: OperatorDb,
  sessionId: string,
  tickets: readonly Ticket[],
): Promise<string[]> {
  const sessions = new Map<string, Session>()
  for (const ticket of tickets) {
    for (const past of await listSessions(db, { ticketId: ticket.id })) sessions.set(past.id, past)
  }
  sessions.delete(sessionId)
  return [...sessions.values()]
    .filter(({ claim, commands }) => claim !== null || commands > 0)
    .map(attemptWords)
}

function attemptWords({ id, state, claim, reason, commands }: Session): string {
  const ran = `It ran ${commands} commands.`
  if (claim === null) return `session ${id} was ${state}: ${reason ?? 'no reason recorded'}. ${ran}`
  if (claim.unclaimed) return `session ${id} ended without a claim: ${claim.rootCause}. ${ran}`
  return `session ${id} claimed ${claim.status}, which was not confirmed. Root cause as it saw it: ${claim.rootCause}. It did: ${claim.actions.join('; ') || 'nothing'}`
}
