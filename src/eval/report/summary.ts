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
 * The figures of a trial. Lists, analysis and comparison read only these, and open no record. A pure function derives them
 * from spec, record and transcript; they are stored beside these, and `rescore` derives them again.
 */
export interface TrialSummary {
  outcome: Outcome
  subject: string
  /** The trial's faults by type, joined with `+`. */
  chaos: string
  /** Every fault with its planned target and parameters, as text. Trials with the same text had the same damage. */
  damage: string
  target: string
  seed: number
  /** Conditions of the trial apart from the damage, as text. Absent in summaries of older programs. */
  conditions?: string
  /** `baseline`, or the name of the variant. */
  arm: string
  /** Times in ms since the injection; null: did not happen. */
  detectMs: number | null
  /** A ticket that the monitor closed while the oracle saw the system broken does not count as resolved. */
  resolveMs: number | null
  recoverMs: number | null
  /** How long the trial was watched after the injection. A time that did not happen is censored here. */
  watchedMs: number
  /** Time without any successful operation. */
  unavailableMs: number
  /** Operations of the load, including the warm-up. */
  ops: number
  failed: number
  lostWrites: number
  phantomReads: number
  /** Tickets that were opened although nothing was wrong. */
  falseTickets: number
  sessions: number
  turns: number
  /** null: the tokens of some turn are not known. */
  tokensIn: number | null
  tokensOut: number | null
  /** null: a price is unknown. */
  costUsd: number | null
  /** null: no agent worked. */
  commands: CommandFigures | null
  /** Whether the claim names the node that was broken, and what broke it; null: no agent worked. */
  component: Diagnosis | null
  cause: Diagnosis | null
  /** Differences to the state before the fault, in data and topology, as text. */
  changes: string[]
}

/** Derives a trial's figures. Pure: it reads only what was stored. */
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

/** The lab's verbs that were used on the cluster, as commands. Their exit codes are not known. */
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

/** Conditions that make a trial easier or harder, such as its time limit and number of nodes. */
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

/** Every planned fault as text. */
export const damageWords = ({ faults }: TrialSpec): string => faults.map(faultWords).join(' + ')

/** `latency on leader, max_ms=200, min_ms=100`. A random target is left out, since it follows from the seed. */
function faultWords({ chaosType, target, params }: FaultSpec): string {
  const words = Object.entries(params)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [target === 'random' ? chaosType : `${chaosType} on ${target}`, ...words].join(', ')
}
