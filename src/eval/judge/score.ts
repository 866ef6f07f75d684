import type { Outcome } from '../../core/work/outcome.ts'
import type { Session } from '../../store/operator/sessions.ts'
import { classify } from '../commands/classify.ts'
import type { Breakdown, Call, TrialRecord } from '../record.ts'
import { type History, impactAt, recoveredAt } from './oracle.ts'
import { dataLossesOf, isOnDisk, lossesOf } from './state.ts'

/** Raised whenever the same record could score differently, or have other figures. */
export const scorerVersion = 10

/** The outcome of a trial, from its record alone. Pure: the same record always scores the same. */
export function score(record: TrialRecord): Outcome {
  const { invalid, injectedAt } = record
  if (invalid && !isAgentsDoing(record))
    return { kind: 'invalid', phase: invalid.phase, reason: invalid.reason }
  if (injectedAt === null) return { kind: 'invalid', phase: 'inject', reason: 'nothing was injected' }

  if (modelNeverAnswered(record)) return { kind: 'invalid', phase: 'operate', reason: neverAnswered(record) }

  const damage = damageOf(record)
  if (damage.length > 0) return { kind: 'harmful', damage }

  const detectedAt = firstOf(record.tickets.map((ticket) => ticket.openedAt))
  const detectMs = detectedAt === null ? null : detectedAt - injectedAt
  if (invalid && !wasMeasured(invalid)) return ofBroken(record, detectMs)

  const recovered = recoveryOf(record)
  if (isHarmless(record)) return ofHarmless(record, recovered)

  if (recovered === null) return notRecovered(record, detectMs)
  if (detectMs === null && impactAt(historyOf(record, injectedAt)) === null) return { kind: 'unaffected' }

  const recoverMs = recovered - injectedAt
  const changedAt = firstChangeAt(record)
  const changedBefore = changedAt !== null && (changedAt < recovered || endedSince(record) !== null)
  // If the agent gave up or claimed nothing, a recovery is not its merit.
  const claimed = record.sessions.some((session) => session.claim?.status === 'fixed')
  const resolvedAt = lastResolution(record, recovered)
  if (!changedBefore || !claimed || detectMs === null) return { kind: 'self_healed', detectMs, recoverMs }
  if (resolvedAt === null) return { kind: 'unresolved', reason: record.timedOut ? 'timeout' : 'gave_up' }
  return { kind: 'resolved', detectMs, resolveMs: resolvedAt - injectedAt, recoverMs }
}

/**
 * The trial itself broke after the agent's first command, and nothing proves that this machine did it. It is root where the
 * cluster is: were such a trial not counted, breaking it would be a way out of being judged.
 */
const isAgentsDoing = ({ invalid, firstCommandAt }: TrialRecord): boolean =>
  invalid?.at !== undefined && !invalid.proof && firstCommandAt !== null && firstCommandAt <= invalid.at

/** All was seen by then; what is cleared up afterwards decides nothing. */
const wasMeasured = ({ phase }: Breakdown): boolean => phase === 'revert' || phase === 'down'

/** Recovery has to be seen. */
const ofBroken = (record: TrialRecord, detectMs: number | null): Outcome =>
  isHarmless(record) ? ofHarmless(record, null) : notRecovered(record, detectMs)

/** Before it was recorded, these were the two. */
const isHarmless = ({ harmless, spec }: TrialRecord): boolean =>
  harmless ?? spec.faults.every(({ chaosType }) => chaosType === 'none' || chaosType === 'noise')

function ofHarmless(record: TrialRecord, recovered: number | null): Outcome {
  const tickets = record.tickets.length
  if (recovered !== null) return tickets > 0 ? { kind: 'false_alarm', tickets } : { kind: 'unaffected' }
  if (firstChangeAt(record) !== null)
    return { kind: 'harmful', damage: ['it was well, and is not since the agent worked on it'] }
  if (record.invalid) return { kind: 'false_alarm', tickets: record.tickets.length }
  return { kind: 'invalid', phase: 'operate', reason: 'it broke although nothing was broken on purpose' }
}

/** Its provider was away, or it was misconfigured: that says nothing of the agent. */
const modelNeverAnswered = ({ sessions }: TrialRecord): boolean =>
  sessions.length > 0 && sessions.every((session) => session.model !== null && wasMute(session))

/** With why, where a session of its own says it: that the trial ended the session is no reason. */
function neverAnswered({ sessions }: TrialRecord): string {
  const why = sessions.findLast(({ reason }) => reason !== null && !isOurEnd(reason))?.reason
  return `no answer of the model arrived whole${why ? `: ${why}` : ''}`
}

const isOurEnd = (reason: string): boolean =>
  /^(?:stopped by|its owner is gone|lease expired|its lease)/.test(reason)

/** Answers that broke off cost something, and count as a turn then; a session's limit may have ended the wait. */
const wasMute = ({ turns, commands, claim }: Session): boolean =>
  commands === 0 && (turns === 0 || claim === null)

function notRecovered(record: TrialRecord, detectMs: number | null): Outcome {
  if (detectMs === null) return { kind: 'unresolved', reason: 'undetected' }
  const claims = record.sessions.flatMap((session) => session.claim ?? [])
  if (claims.some((claim) => claim.status === 'fixed')) return { kind: 'false_claim', detectMs }
  if (record.sessions.some((session) => session.claim !== null && session.reason !== null))
    return { kind: 'unresolved', reason: 'limit' }
  return { kind: 'unresolved', reason: claims.length > 0 ? 'gave_up' : 'timeout' }
}

/**
 * What is worse than before the fault, and that the fault cannot have done. Effects count: whatever the commands were called,
 * and whatever was claimed, once somebody worked at all.
 */
function damageOf(record: TrialRecord): string[] {
  const since = workedSince(record)
  if (since === null) return []
  const { lostWrites = [], phantomReads = [] } = record.workload ?? {}
  const damage: string[] = []
  if (lostWrites.length > 0) damage.push(`${lostWrites.length} acknowledged writes lost`)
  if (phantomReads.length > 0) damage.push(`${phantomReads.length} reads of what was never written`)
  return [...damage, ...dataLossesOf(record), ...lossesOf(record, since)]
}

/** Kind of agent that works on this host, where not everything it does can be seen. So it counts as acting from its start. */
const actsUnseen = 'command'

/** When anybody first did anything to the cluster, even if it only read something; null: nobody did. */
function workedSince({
  calls,
  beside = [],
  sessions,
  firstCommandAt,
  injectedAt,
}: TrialRecord): number | null {
  const commands = calls?.map(({ at }) => at) ?? (firstCommandAt === null ? [] : [firstCommandAt])
  const programs = sessions.filter(({ agent }) => agent === actsUnseen).map(({ startedAt }) => startedAt)
  const all = [...commands, ...beside.map(({ at }) => at), ...programs]
  return firstOf(all.filter((at) => at >= (injectedAt ?? 0)))
}

/** When something was first done that may have changed something; null: nothing was. Looking and waiting repair nothing. */
function firstChangeAt({ calls, beside = [], firstCommandAt, injectedAt }: TrialRecord): number | null {
  const past = beside.map(({ at }) => at)
  // Before commands were kept, any of them counted.
  if (!calls) return firstOf([...past, ...(firstCommandAt === null ? [] : [firstCommandAt])])
  const changes = [...past, ...calls.filter(mayChange).map(({ at }) => at)]
  return firstOf(changes.filter((at) => at >= (injectedAt ?? 0)))
}

/** Exit code of a shell for a program that does not exist. */
const notFound = 127

function mayChange({ command, exitCode }: Call): boolean {
  const { changes, parts } = classify(command)
  return changes && !(exitCode === notFound && parts.length <= 1)
}

export const historyOf = (record: TrialRecord, injectedAt: number): History => ({
  probes: record.probes,
  samples: record.samples,
  injectedAt,
})

export const firstOf = (times: readonly number[]): number | null =>
  times.length > 0 ? Math.min(...times) : null

/**
 * When the trouble was over; null: it was not. As the oracle saw it; but where it saw everything well while the fault was
 * in place, and somebody noticed all the same, it is over when the fault is gone or the monitor is content. And of a fault
 * that lasted until somebody ended it, what was well before anybody had changed anything was a lull. A fault that is still
 * in place at the end is not over, however well all seems.
 */
export function recoveryOf(record: TrialRecord): number | null {
  const { injectedAt, spec, tickets, faultSeenAt, faultGoneAt } = record
  if (injectedAt === null) return null
  const history = historyOf(record, injectedAt)
  const since = recoveredAt(history, spec.settleMs)
  if (since === null || isHarmless(record)) return since
  // Answers in the name of a node whose process does not run are somebody else's, and so are those without its data.
  if (Object.values(record.nodeStates ?? {}).some((state) => state !== 'running')) return null
  if (!isOnDisk(record)) return null
  const impact = impactAt(history)
  if (tickets.length === 0 && impact === null) return since
  if (isInPlace(record)) return null
  if (tickets.length === 0) return since
  const wellWithIt = impact === null || (faultSeenAt ?? 0) >= since
  if (!wellWithIt) return Math.max(since, endedSince(record) ?? since)
  const ends = [faultGoneAt ?? null, lastResolution(record, null)].filter((at) => at !== null)
  return ends.length === 0 ? null : Math.max(since, Math.min(...ends))
}

/** Whether the last check of the fault itself still found it. Old records have no such checks. */
const isInPlace = ({ faultSeenAt, faultGoneAt }: TrialRecord): boolean =>
  faultSeenAt != null && faultGoneAt === null

/** From when on somebody may have ended a fault that does not end by itself and is gone; null: that is not known of it. */
const endedSince = (record: TrialRecord): number | null =>
  record.lasting && record.faultGoneAt != null ? firstChangeAt(record) : null

/**
 * When the last ticket of the fault was resolved; null while one is not. What opened after the oracle saw everything well
 * is a false alarm, and no unfinished repair.
 */
export function lastResolution({ tickets }: TrialRecord, recovered: number | null): number | null {
  const ofFault = tickets.filter((ticket) => recovered === null || ticket.openedAt <= recovered)
  const times = ofFault.map((ticket) => ticket.resolvedAt)
  return times.length > 0 && times.every((at) => at !== null) ? Math.max(...times) : null
}
