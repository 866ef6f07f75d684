import { plus } from '../../core/work/agent.ts'
import type { Outcome } from '../../core/work/outcome.ts'
import type { Entry } from '../../store/audit/audit.ts'
import type { CommandFigures } from '../commands/figures.ts'
import { commandFigures } from '../commands/figures.ts'
import { unavailableMs } from '../judge/oracle.ts'
import type { Diagnosis } from '../judge/root-cause.ts'
import { diagnosisOf } from '../judge/root-cause.ts'
import { firstOf, historyOf, lastResolution, recoveryOf } from '../judge/score.ts'
import { changesOf } from '../judge/state.ts'
import type { Call, FaultSpec, TrialRecord, TrialSpec } from '../record.ts'
import { callsIn } from './calls.ts'

/**
 * A trial in figures: all that lists, analysis and comparison read, so that none of them has to open a record. Derived
 * from spec, record and transcript by a pure function, stored beside them, and derived anew by `rescore`.
 */
export interface TrialSummary {
  outcome: Outcome
  subject: string
  /** The trial's faults by type, joined with `+`. */
  chaos: string
  /** Every fault with its planned target and its parameters, in words: trials with the same one suffered the same. */
  damage: string
  target: string
  seed: number
  /** What it ran under beside the damage, in words. Absent in what older programs derived. */
  conditions?: string
  /** `baseline`, or the name of the variant. */
  arm: string
  /** Times in ms since the injection; null: did not happen. */
  detectMs: number | null
  /** What the monitor closed while the oracle saw it broken was not resolved. */
  resolveMs: number | null
  recoverMs: number | null
  /** How long it was watched after the injection: where a time that did not happen is censored. */
  watchedMs: number
  /** Time with no successful operation at all. */
  unavailableMs: number
  /** Of the load from the warm-up on. */
  ops: number
  failed: number
  lostWrites: number
  phantomReads: number
  /** Tickets that were opened although nothing was wrong. */
  falseTickets: number
  sessions: number
  turns: number
  /** null: not all were counted. */
  tokensIn: number | null
  tokensOut: number | null
  /** null: a price is unknown. */
  costUsd: number | null
  /** null: no agent worked. */
  commands: CommandFigures | null
  /** Whether the claim names the node that was broken, and what broke it; null: no agent worked. */
  component: Diagnosis | null
  cause: Diagnosis | null
  /** What is not as it was before the fault: data and topology, in words. */
  changes: string[]
}

/** Derives a trial's figures. Pure, and cheap beside the trial: whatever it reads was stored. */
export function summaryOf(
  spec: TrialSpec,
  record: TrialRecord,
  outcome: Outcome,
  transcript: readonly Entry[],
): TrialSummary {
  const { sessions, workload } = record
  const sum = (of: (session: (typeof sessions)[number]) => number) =>
    sessions.reduce((total, session) => total + of(session), 0)
  const worked = sessions.length > 0
  const diagnosis = diagnosisOf(record)
  return {
    outcome,
    subject: spec.subject,
    chaos: spec.faults.map(({ chaosType }) => chaosType).join('+'),
    damage: damageWords(spec),
    target: spec.faults.map(({ target }, i) => record.faults[i]?.target ?? target).join('+'),
    seed: spec.seed,
    conditions: conditionWords(spec, record.spec.load ?? spec.load),
    arm: spec.baseline ? 'baseline' : spec.variant.name,
    ...timesOf(record, outcome),
    ops: workload?.ops ?? record.samples.reduce((total, sample) => total + sample.ops, 0),
    failed: workload?.failed ?? record.samples.reduce((total, sample) => total + sample.failed, 0),
    lostWrites: workload?.lostWrites.length ?? 0,
    phantomReads: workload?.phantomReads.length ?? 0,
    sessions: sessions.length,
    turns: sum((session) => session.turns),
    tokensIn: sessions.map(({ tokensIn }) => tokensIn).reduce(plus, 0),
    tokensOut: sessions.map(({ tokensOut }) => tokensOut).reduce(plus, 0),
    costUsd: sessions.map(({ costUsd }) => costUsd).reduce(plus, 0),
    commands: worked ? commandFigures([...callsIn(transcript), ...pastTheShell(record)]) : null,
    component: diagnosis?.component ?? null,
    cause: diagnosis?.cause ?? null,
    changes: changesOf(record),
  }
}

/** What the lab's verbs did, as commands; how they ended is not known. */
const pastTheShell = ({ beside = [] }: TrialRecord): Call[] =>
  beside.map((entry) => ({ ...entry, exitCode: null }))

type Times = 'detectMs' | 'resolveMs' | 'recoverMs' | 'watchedMs' | 'unavailableMs' | 'falseTickets'

function timesOf(record: TrialRecord, outcome: Outcome): Pick<TrialSummary, Times> {
  const { injectedAt, tickets } = record
  if (injectedAt === null)
    return {
      detectMs: null,
      resolveMs: null,
      recoverMs: null,
      watchedMs: 0,
      unavailableMs: 0,
      falseTickets: 0,
    }
  const history = historyOf(record, injectedAt)
  const recovered = recoveryOf(record)
  const detected = firstOf(tickets.map((ticket) => ticket.openedAt))
  const resolved = recovered === null ? null : lastResolution(record, recovered)
  const lastSeen = [record.probes.at(-1)?.at, record.samples.at(-1)?.at, detected, resolved]
  const since = (at: number | null) => (at === null ? null : at - injectedAt)
  return {
    detectMs: since(detected),
    resolveMs: since(resolved),
    recoverMs: since(recovered),
    watchedMs: Math.max(0, ...lastSeen.map((at) => (at ?? injectedAt) - injectedAt)),
    unavailableMs: unavailableMs(history),
    falseTickets:
      outcome.kind === 'false_alarm'
        ? outcome.tickets
        : tickets.filter((ticket) => recovered !== null && ticket.openedAt > recovered).length,
  }
}

/** Whoever has more time, or more nodes, has it easier: such trials are not alike, whatever was broken. */
const conditionWords = (
  { lab, size, intervalMs, settleMs, timeoutMs, verifyMs }: TrialSpec,
  load: TrialSpec['load'],
): string =>
  [
    lab,
    `${size} nodes`,
    `a look every ${intervalMs} ms`,
    `settled after ${settleMs} ms`,
    `confirmed within ${verifyMs} ms`,
    `at most ${timeoutMs} ms`,
    ...(load ? [`${load.clients} clients a node with ${load.opsPerSecond} operations/s each`] : []),
  ].join(', ')

/** Every planned fault in words. */
export const damageWords = ({ faults }: TrialSpec): string => faults.map(faultWords).join(' + ')

/** `latency on leader, max_ms=200, min_ms=100`: a random target is not said, it is the seed's. */
function faultWords({ chaosType, target, params }: FaultSpec): string {
  const words = Object.entries(params)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [target === 'random' ? chaosType : `${chaosType} on ${target}`, ...words].join(', ')
}
