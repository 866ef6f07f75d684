import type { AgentKind } from '../work/agent.ts'
import type { Access } from './access.ts'
import type { AlertCheck, AlertId } from './alert.ts'
import type { Invariant } from './invariant.ts'
import type { ReceivedAlert } from './received-alert.ts'
import type { Endpoints, Topology } from './topology.ts'

/** The part of a node's observation that every subject has. A subject's own observation extends it. */
export interface NodeView {
  /** Whether it says that it serves clients. null: it could not be asked, and the reason proves nothing. */
  healthy: boolean | null
  role?: 'leader' | 'follower' | 'learner'
  /** Reason why the node could not be observed, as data. */
  error?: string
}

/** One observation of the cluster: every declared node, with errors as data. */
export interface Observation {
  /** Epoch ms at which the observation began. */
  at: number
  nodes: Record<string, NodeView>
}

/** Settings of how to watch, beside the endpoints. A subject uses those that it knows. */
export interface WatchSettings {
  /** Files or globs of alerting rules. */
  rules?: readonly string[]
  /** Which alerts become tickets, as label matchers: `severity=~"critical|page"`. */
  match?: string
  /** The label that says which node an alert is about. */
  nodeLabel?: string
  /** Alerts that came in notifications, where notifications are received. */
  inbox?: () => Promise<ReceivedAlert[]>
  /** Interval at which a notification is repeated while an alert fires. */
  repeatMs?: number
}

export interface Connection<O extends Observation> extends AsyncDisposable {
  /**
   * Observes the cluster once. Never rejects because of a node's fault; returns within about a second however nodes behave.
   * @param open alerts that are followed now, for a subject that has alerts.
   */
  observe(signal: AbortSignal, open?: readonly AlertId[]): Promise<O>
}

export interface ConnectOptions extends Access {
  /**
   * For callers that observe several times a second: while nothing changes, pages of metrics, the most expensive answers,
   * may be up to this old. A subject whose pages are cheap may ignore it.
   */
  metricsEveryMs?: number
  watch?: WatchSettings
}

/** Counts since the previous sample of one second of load. */
export interface WorkloadSample {
  at: number
  ops: number
  failed: number
  /** Latency of successful operations, ms; null when there were none. */
  p50Ms: number | null
  p99Ms: number | null
}

/** Result of checking the history of all clients. */
export interface WorkloadVerdict {
  ops: number
  failed: number
  acknowledged: number
  /** Acknowledged writes that the final read did not find. Empty if the subject is correct. */
  lostWrites: string[]
  /** Values that were read but that no client ever wrote there. */
  phantomReads: string[]
  /** Acknowledged writes that could not be read at all: nothing is proven about them. */
  unreadable: number
}

/** Load plus correctness oracle. Runs until `stop`, which then reads everything back. */
export interface Workload extends AsyncDisposable {
  /** Called about once a second while it runs. */
  onSample(listener: (sample: WorkloadSample) => void): void
  stop(signal: AbortSignal): Promise<WorkloadVerdict>
}

/** State of the data that was planted before a fault, apart from the load's own data. */
export interface CanaryVerdict {
  planted: number
  /** Descriptions of planted data that is missing or changed. */
  lost: string[]
  /** Number of items that could not be read at all: nothing is proven about them. */
  unreadable: number
}

/**
 * Data that looks like an application's and that no load writes: keys, and other kinds of data that a subject stores. It is
 * written once and must be there unchanged at the end, including the history that the subject keeps of it.
 */
export interface Canaries extends AsyncDisposable {
  /** Rejects when the data could not be written. */
  plant(signal: AbortSignal): Promise<void>
  /** Bytes of a file that holds the planted data, with its history as far as there is one; null: nothing is planted yet. */
  readonly mark: Buffer | null
  check(signal: AbortSignal): Promise<CanaryVerdict>
}

/** The file that shows from outside whether a node's own disk still holds the node's part of the data. */
export interface Storage {
  /** A path below the node's `dataDir`. */
  file: string
  /** The canaries' mark must be in the file. Without: the file only has to exist and not be empty. */
  marked?: true
  /** Number of nodes of this kind, out of all, that must hold the file for the cluster to come back with its data. */
  needed(nodes: number): number
}

/** Size of the load on a cluster. */
export interface Load {
  /** Clients per node. */
  clients: number
  /** Target per client, operations per second. It leaves the machine room for other work. */
  opsPerSecond: number
}

export interface WorkloadOptions extends Load {
  seed: number
  access?: Access
}

/** A named fact of a cluster's state, and what a repair must preserve of it. */
export interface Fact {
  /** Unique together with `node`: `revision`, `members`. */
  name: string
  /** The node it is about; without: the whole cluster. */
  node?: string
  /** A list is treated as a set: missing and new entries are reported separately. */
  value: string | number | readonly string[]
  /** `same`: must have its earlier value again. `grows`: a number that never falls. `free`: anything. */
  keep: 'same' | 'grows' | 'free'
  /** If this fact is not preserved, or part of it is missing, data or topology is lost. */
  vital?: true
}

/** A kind of system we can watch. */
export interface Subject<O extends Observation = Observation> {
  name: string
  /** One line for lists. */
  title: string
  invariants: readonly Invariant<O>[]
  connect(endpoints: Endpoints, options?: ConnectOptions): Connection<O>
  /**
   * Checks that are known only at run time, such as the alerts of a Prometheus, in addition to the invariants.
   * @param open the checks that are followed now: each needs a verdict, or it stays as it is.
   */
  alerts?(observation: O, open: readonly AlertId[], settings: WatchSettings): AlertCheck[]
  /** Facts that a repair has to preserve, as far as this observation proves them. */
  facts?(observation: O): Fact[]
  /** Knowledge of this system for an agent. It contains no answers. */
  prompt: string
  /** `extras`: which of the extras below the topology contains. */
  topology?(size: number, extras?: readonly string[]): Topology
  /** Extra programs that can run beside its nodes for people to look at, by name. Trials have none. */
  extras?: readonly string[]
  workload?(endpoints: Endpoints, options: WorkloadOptions): Workload
  /** Load of a trial where the campaign sets none. Without: 2 clients a node with 25 operations/s each. */
  load?: Load
  canaries?(endpoints: Endpoints): Canaries
  /** By kind of node: the node's name without its number. */
  storage?: Record<string, Storage>
  /** A fixed procedure without a model. It is the control group, and it runs when there is no key. */
  runbook?: AgentKind
}
