import type { WorkloadSample } from '../../core/watch/subject.ts'
import type { Ticket } from '../../core/work/ticket.ts'
import { classify, shownClass } from '../../eval/commands/classify.ts'
import type { Probe } from '../../eval/record.ts'
import { timesOf } from '../../eval/report/document.ts'
import type { Session } from '../../store/operator/sessions.ts'
import type { EntryHead } from '../../store/reading.ts'
import { callKey } from './call-key.ts'
import { lastClaim } from './story.ts'
import type { TrialFacts } from './trials.ts'

/** A stretch of a lane, in epoch ms. `look` is its appearance: a class of the stylesheet. */
export interface Span {
  from: number
  to: number
  style: string
  says: string
}

export interface Lane {
  name: string
  /** Describes the whole lane. */
  says?: string
  spans: Span[]
}

/** A command of the agent, or its claim. */
export interface Mark {
  seq: number
  at: number
  /** When it ended; null: it never did, or that is not known. */
  until: number | null
  style: string
  says: string
}

/** A moment that has a name. */
export interface Moment {
  name: string
  at: number
}

export interface Timeline {
  from: number
  to: number
  /** The injection, if there was one: the origin of all times. */
  zero: number
  lanes: Lane[]
  marks: Mark[]
  moments: Moment[]
  samples: readonly WorkloadSample[]
}

/** Events of a trial with their times, for a chart; for a running trial up to now. Pure. */
export function timelineOf(facts: TrialFacts): Timeline {
  const { trial, phases, seen, entries, tickets, sessions } = facts
  const { record } = trial
  const until = trial.endedAt ?? Math.max(facts.now, phases.at(-1)?.startedAt ?? 0)
  const from = trial.startedAt ?? phases[0]?.startedAt ?? until
  const inject = phases.find(({ phase }) => phase === 'inject')
  const injected = record ? record.injectedAt : (inject?.startedAt ?? null)
  const times = record ? timesOf(trial, record) : null
  const moments = Object.entries({
    injected,
    detected: times?.detected ?? earliest(tickets.map(({ openedAt }) => openedAt)),
    claim: lastClaim(sessions)?.at ?? entries.findLast(({ kind }) => kind === 'claim')?.at ?? null,
    recovered: times?.recovered ?? null,
    resolved: times?.resolved ?? null,
  }).flatMap(([name, at]) => (at === null ? [] : [{ name, at }]))
  return {
    from,
    to: Math.max(until, from + 1_000),
    zero: injected ?? from,
    lanes: [
      ...(phases.length > 0 ? [{ name: 'phase', spans: phases.map((one) => phaseSpan(one, until)) }] : []),
      ...faultLane(facts, injected, until),
      ...nodeLanes(seen.probes),
      ...ticketLanes(tickets, sessions, until),
    ],
    marks: marksOf(entries),
    moments,
    samples: seen.samples,
  }
}

const earliest = (times: readonly number[]): number | null => (times.length > 0 ? Math.min(...times) : null)

const phaseSpan = ({ phase, startedAt, endedAt }: TrialFacts['phases'][number], now: number): Span => ({
  from: startedAt,
  to: endedAt ?? now,
  style: `phase-${phase}`,
  says: phase,
})

/** From the injection until a check found the fault gone, or it was reverted. */
function faultLane({ trial, faults, phases }: TrialFacts, injected: number | null, until: number): Lane[] {
  const { record } = trial
  if (injected === null || faults.length === 0 || record?.harmless) return []
  const revert = phases.find(({ phase }) => phase === 'revert')
  const to = record?.faultGoneAt ?? revert?.startedAt ?? until
  const says = faults.map(({ chaosType, target }) => `${chaosType} on ${target}`).join(' + ')
  return [{ name: 'fault', spans: [{ from: injected, to, style: 'fault', says }] }]
}

/** Per node: well, not well or unknown, from observation to observation; the text says who led. */
function nodeLanes(probes: readonly Probe[]): Lane[] {
  const names = [...new Set(probes.flatMap(({ healthy }) => Object.keys(healthy)))].sort()
  return names.map((name) => {
    const spans: Span[] = []
    for (const [i, probe] of probes.entries()) {
      const to = probes[i + 1]?.at ?? probe.at
      const well = probe.healthy[name] ?? null
      const role = probe.roles[name] ?? null
      const style = well === null ? 'unknown' : well ? (role === 'leader' ? 'leader' : 'well') : 'down'
      const last = spans.at(-1)
      if (last?.style === style) last.to = to
      else spans.push({ from: probe.at, to, style, says: `${name}: ${nodeWords[style]}` })
    }
    return { name, spans }
  })
}

const nodeWords: Record<string, string> = {
  unknown: 'nothing is known of it',
  well: 'well',
  leader: 'well, and leads',
  down: 'not well',
}

const maxTickets = 8

/** Open, then in the work of one session after the other, each of whose claims the monitor tries to confirm. */
function ticketLanes(tickets: readonly Ticket[], sessions: readonly Session[], until: number): Lane[] {
  const inOrder = sessions.toSorted((a, b) => a.startedAt - b.startedAt)
  return tickets.slice(0, maxTickets).map(({ id, key, openedAt, resolvedAt, sessionId, state: now }) => {
    const end = resolvedAt ?? until
    const steps = [{ at: openedAt, state: 'open' }]
    for (const session of inOrder) {
      const { startedAt, endedAt, claim } = session
      // A session that had begun before does not have this ticket.
      if (startedAt < openedAt) continue
      steps.push({ at: startedAt, state: 'claimed' })
      if (endedAt !== null)
        steps.push({ at: endedAt, state: claim?.status === 'fixed' ? 'verifying' : 'open' })
      // This session has kept the ticket: later ones work on other tickets.
      if (session.id === sessionId) break
    }
    const last = steps.at(-1)
    if (now === 'escalated' && last) last.state = 'escalated'
    const spans = steps.flatMap(({ at, state }, i): Span[] => {
      const to = Math.min(steps[i + 1]?.at ?? end, end)
      return at < to ? [{ from: at, to, style: `ticket-${state}`, says: `${key}: ${state}` }] : []
    })
    return { name: `ticket ${id}`, says: key, spans }
  })
}

/** Calls with their results, as the audit pairs them, and what was claimed in the end. */
function marksOf(entries: readonly EntryHead[]): Mark[] {
  const results = new Map<string, EntryHead>()
  for (const entry of entries) if (entry.kind === 'tool_result') results.set(callKey(entry), entry)
  return entries.flatMap((entry): Mark[] => {
    const { seq, at, kind, body } = entry
    if (kind === 'claim') return [{ seq, at, until: at, style: 'claim', says: body }]
    if (kind !== 'tool_call') return []
    const until = results.get(callKey(entry))?.at ?? null
    return [{ seq, at, until, style: shownClass(classify(body)), says: body }]
  })
}
