import { iso } from '../../core/clock.ts'
import { plus } from '../../core/work/agent.ts'
import type { Outcome } from '../../core/work/outcome.ts'
import type { StoredTrial } from '../../store/eval/trials.ts'
import { impactAt, unavailableMs } from '../judge/oracle.ts'
import { firstOf, historyOf, lastResolution, recoveryOf } from '../judge/score.ts'
import type { TrialRecord, TrialSpec } from '../record.ts'
import { unclaimedIn } from './unclaimed.ts'

export type Trial = StoredTrial<TrialSpec, TrialRecord>

/** A trial as every verb prints it with `--json`; docs/json.md has the field names. */
export function documentOf(trial: Trial) {
  const { spec, record } = trial
  const times = record ? timesOf(trial, record) : null
  const { injected = null, detected = null, resolved = null, recovered = null } = times ?? {}
  const since = (at: number | null) => (at === null || injected === null ? null : at - injected)
  const faults = spec.faults.map((planned, i) => {
    const fault = record?.faults[i]
    return {
      chaos_type: planned.chaosType,
      target: fault?.target ?? planned.target,
      params: fault?.params ?? planned.params,
    }
  })
  return {
    id: `t${trial.id}`,
    subject: spec.subject,
    lab: spec.lab,
    seed: spec.seed,
    agent: spec.baseline ? null : spec.agent,
    variant: spec.variant.name,
    baseline: spec.baseline,
    fault: faults[0] ?? { chaos_type: 'none', target: '-', params: {} },
    faults,
    state: trial.state,
    outcome: trial.outcome && outcomeDocument(trial.outcome),
    at: times && Object.fromEntries(Object.entries(times).map(([name, at]) => [name, iso(at)])),
    ms: {
      reset: times && times.healthy !== null ? times.healthy - times.started : null,
      detect: since(detected),
      resolve: since(resolved),
      recover: since(recovered),
      total: times && times.ended !== null ? times.ended - times.started : null,
    },
    phases_ms: phaseTimes(record),
    workload: workloadOf(record),
    session: record ? sessionOf(record) : null,
  }
}

/** Its times are under `ms`, measured from the injection as they are there. */
function outcomeDocument(outcome: Outcome) {
  switch (outcome.kind) {
    case 'resolved':
    case 'self_healed':
    case 'false_claim':
      return { kind: outcome.kind }
    case 'unresolved':
    case 'harmful':
    case 'unaffected':
    case 'false_alarm':
    case 'invalid':
      return outcome
    default:
      return outcome satisfies never
  }
}

export function timesOf(trial: Trial, record: TrialRecord) {
  const { injectedAt } = record
  const history = injectedAt === null ? null : historyOf(record, injectedAt)
  const recovered = recoveryOf(record)
  return {
    started: trial.startedAt ?? record.phases.up?.startedAt ?? 0,
    healthy: record.healthyAt,
    injected: injectedAt,
    impact: history && impactAt(history),
    detected: firstOf(record.tickets.map((ticket) => ticket.openedAt)),
    claimed: firstOf(record.sessions.map((session) => session.startedAt)),
    resolved: lastResolution(record, recovered),
    recovered,
    ended: trial.endedAt,
  }
}

function phaseTimes(record: TrialRecord | null) {
  return Object.fromEntries(
    Object.entries(record?.phases ?? {}).map(([phase, { startedAt, endedAt }]) => [
      phase,
      endedAt === null ? null : endedAt - startedAt,
    ]),
  )
}

function workloadOf(record: TrialRecord | null) {
  if (!record?.workload) return null
  const { ops, failed, lostWrites, phantomReads } = record.workload
  return {
    ops,
    failed,
    lost_writes: lostWrites.length,
    phantom_reads: phantomReads.length,
    unavailable_ms: record.injectedAt === null ? 0 : unavailableMs(historyOf(record, record.injectedAt)),
  }
}

/** All sessions of the trial as one: a ticket that was reopened had several. */
function sessionOf({ sessions }: TrialRecord) {
  const last = sessions.at(-1)
  if (!last) return null
  const sum = (of: (session: (typeof sessions)[number]) => number) =>
    sessions.reduce((total, s) => total + of(s), 0)
  const sumOrUnknown = (of: (session: (typeof sessions)[number]) => number | null) =>
    sessions.map(of).reduce(plus, 0)
  return {
    id: last.id,
    sessions: sessions.length,
    turns: sum((s) => s.turns),
    commands: sum((s) => s.commands),
    tokens: { in: sumOrUnknown((s) => s.tokensIn), out: sumOrUnknown((s) => s.tokensOut) },
    cost_usd: sumOrUnknown((s) => s.costUsd),
    claim: last.claim,
    /** Why the last one ended without a claim of its own. */
    reason: last.reason,
    /** The same of all of them, in words. */
    unclaimed: unclaimedIn(sessions),
  }
}
