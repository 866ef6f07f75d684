import type { Fault } from '../chaos/chaos-type.ts'
import type {
  CanaryVerdict,
  Fact,
  Load,
  NodeView,
  WorkloadSample,
  WorkloadVerdict,
} from '../core/watch/subject.ts'
import type { Phase } from '../core/work/outcome.ts'
import type { Ticket } from '../core/work/ticket.ts'
import type { Variant } from '../core/work/variant.ts'
import type { NodeState } from '../lab/contract.ts'
import type { JournalEntry } from '../lab/journal.ts'
import type { Session } from '../store/operator/sessions.ts'

export interface FaultSpec {
  chaosType: string
  /** `random`, `leader`, `follower` or a node's name. */
  target: string
  params: Record<string, unknown>
  /** More than a minority of the nodes may be broken at once. */
  allowQuorumLoss?: boolean
}

/** Everything a trial needs to know before it starts. Plain JSON: the same spec is the same plan. */
export interface TrialSpec {
  subject: string
  lab: string
  size: number
  /** At least one; all are injected at the same moment. A trial is known by the first. */
  faults: FaultSpec[]
  seed: number
  /** Kind of agent: that of the variant, or else the one given at the start. */
  agent: string
  model: string | null
  /** Settings of the agent (kind, model, limits, prices) as its command line takes them; the variant goes before. */
  agentArgv: string[]
  variant: Variant
  /** The same chaos and the same monitor, with no agent. */
  baseline: boolean
  intervalMs: number
  settleMs: number
  timeoutMs: number
  verifyMs: number
  /** Other than the usual one. */
  load?: Load
}

/** One probe of the oracle. */
export interface Probe {
  /** When the probe began, and when its last answer was in. What it proves was true by then. */
  at: number
  until?: number
  /** By node: null when nothing can be said of it. */
  healthy: Record<string, boolean | null>
  roles: Record<string, NodeView['role'] | null>
  /** Keys of critical invariants that were violated. */
  violated: string[]
}

export interface PhaseTimes {
  startedAt: number
  endedAt: number | null
}

/** A command that the agent ran, as its audit has it. */
export interface Call {
  at: number
  command: string
  /** null: a signal ended it, or it was cut short. */
  exitCode: number | null
}

/** A fact that may only grow was seen to fall. */
export interface Drop {
  at: number
  name: string
  from: number
  to: number
}

/** State of the cluster as the witness saw it; null: it was not observed at that time, or reported nothing. */
export interface States {
  /** At the end of the warm-up. */
  initial: Fact[] | null
  /** State at the first observation after the fault: its changes were made by the fault. */
  broken: Fact[] | null
  /** When that was read off. */
  brokenAt?: number
  /** At the end of the settle window. */
  final: Fact[] | null
  drops: Drop[]
}

/** A part of the trial itself that failed: it is not as it was planned from then on. */
export interface Breakdown {
  phase: Phase
  reason: string
  /** Absent in older records. */
  at?: number
  /** Proof that this machine or its user was the cause, and nobody inside the cluster; null: there is none. */
  proof?: string | null
}

/** Which nodes of one kind still hold their part of the data on their own disks. */
export interface DataOnDisk {
  /** Nodes whose disks could be read. */
  nodes: string[]
  holding: string[]
  /** So many of `nodes` have to, for the cluster to come back with its data. */
  needed: number
}

/** Everything measured in a trial, as it was. Scoring reads this and nothing else. */
export interface TrialRecord {
  version: 1
  spec: TrialSpec
  /** As they were planned on the running cluster, in the order of the spec. */
  faults: Fault[]
  /** No fault of it breaks anything. Absent in older records, as is everything optional here. */
  harmless?: boolean
  /** Whatever is broken stays so until somebody ends it: nothing of it passes or comes back by itself. */
  lasting?: boolean
  /** Nodes whose member a repair may have to replace. */
  replaceable?: string[]
  phases: Partial<Record<Phase, PhaseTimes>>
  healthyAt: number | null
  injectedAt: number | null
  /** Failure of the trial itself. The scorer decides whether it was our failure or caused by the agent. */
  invalid: Breakdown | null
  /** Why the fault could not be reverted at the end. After a repair there may be nothing to revert. */
  revertFailed: string | null
  /** The operate phase ran into the trial's time limit. */
  timedOut: boolean
  /** When a check of the fault itself last found any of it in place. */
  faultSeenAt?: number | null
  /** The first such look after that at which it was gone; null: it was there to the end. */
  faultGoneAt?: number | null
  states?: States
  /** At the end of the settle window, as the lab has it: nobody inside can pretend to be a process of it. */
  nodeStates?: Record<string, NodeState>
  probes: Probe[]
  samples: WorkloadSample[]
  workload: WorkloadVerdict | null
  /** null: the subject has none. */
  canaries?: CanaryVerdict | null
  /** At the end, as this host sees the disks. Kinds of nodes whose disks it cannot see are left out. */
  dataOnDisk?: DataOnDisk[]
  /** Tickets that opened after the injection. */
  tickets: Ticket[]
  sessions: Session[]
  /** When the agent's first command ran. */
  firstCommandAt: number | null
  /** All of its commands, in order. */
  calls?: Call[]
  /** Uses of the lab's verbs on the cluster, past the agent's shell, in order. */
  beside?: JournalEntry[]
  /** Last lines of every node's log, by node. */
  logs: Record<string, string>
}

export const emptyRecord = (spec: TrialSpec): TrialRecord => ({
  version: 1,
  spec,
  faults: [],
  harmless: false,
  replaceable: [],
  phases: {},
  healthyAt: null,
  injectedAt: null,
  invalid: null,
  revertFailed: null,
  timedOut: false,
  faultSeenAt: null,
  faultGoneAt: null,
  states: { initial: null, broken: null, final: null, drops: [] },
  probes: [],
  samples: [],
  workload: null,
  tickets: [],
  sessions: [],
  firstCommandAt: null,
  logs: {},
})
