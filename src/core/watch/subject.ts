import type { AgentKind } from '../work/agent.ts'
import type { Access } from './access.ts'
import type { AlertCheck, AlertId } from './alert.ts'
import type { Invariant } from './invariant.ts'
import type { ReceivedAlert } from './received-alert.ts'
import type { Endpoints, Topology } from './topology.ts'

/** What every subject can say of a node; its own observation adds to it. */
export interface NodeView {
  /** Serves clients by its own account; null: it could not be asked and the reason proves nothing. */
  healthy: boolean | null
  role?: 'leader' | 'follower' | 'learner'
  /** Why it could not be observed, as data. */
  error?: string
}

/** What one look at the cluster returned, per declared node, with its errors as data. */
export interface Observation {
  /** Epoch ms at which the look began. */
  at: number
  nodes: Record<string, NodeView>
}

/** What a person says of how to watch, beside where. A subject heeds what it knows. */
export interface WatchSettings {
  /** Files or globs of alerting rules. */
  rules?: readonly string[]
  /** Which alerts become tickets, as label matchers: `severity=~"critical|page"`. */
  match?: string
  /** The label that says which node an alert is about. */
  nodeLabel?: string
  /** What notifications told, where some are received. */
  inbox?: () => Promise<ReceivedAlert[]>
  /** How often a notification is repeated while an alert fires. */
  repeatMs?: number
}

export interface Connection<O extends Observation> extends AsyncDisposable {
  /**
   * One look. Never rejects for a node's fault; returns within about a second however nodes behave.
   * @param open alerts that are followed now, for a subject that has some.
   */
  observe(signal: AbortSignal, open?: readonly AlertId[]): Promise<O>
}

export interface ConnectOptions extends Access {
  /**
   * For whoever looks several times a second: while nothing changes, pages of metrics, the costliest answers, may be as old as
   * this. A subject whose pages are cheap may ignore it.
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

/** What the history of all clients proves. */
export interface WorkloadVerdict {
  ops: number
  failed: number
  acknowledged: number
  /** Acknowledged writes that the final read did not find. Empty is what one wants. */
  lostWrites: string[]
  /** Values read that nobody ever wrote there. */
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

/** What became of data that was planted before a fault, beside the load's. */
export interface CanaryVerdict {
  planted: number
  /** What is gone or is not what it was, in words. */
  lost: string[]
  /** How many could not be read at all: nothing is proven about them. */
  unreadable: number
}

/**
 * Data that looks like an application's and that no load writes: keys, and whatever else a subject stores. It is written once
 * and has to be there in the end exactly as it was, with whatever history the subject keeps of it.
 */
export interface Canaries extends AsyncDisposable {
  /** Rejects when they could not be written. */
  plant(signal: AbortSignal): Promise<void>
  /** Bytes of a file that holds what was planted, with its history as far as there is one; null: nothing is planted yet. */
  readonly mark: Buffer | null
  check(signal: AbortSignal): Promise<CanaryVerdict>
}

/** The file by which a node's own disk shows from outside that it still holds the node's part of the data. */
export interface Storage {
  /** A path below the node's `dataDir`. */
  file: string
  /** The mark of the canaries has to be in it; without: it is enough that it is there and not empty. */
  marked?: true
  /** How many nodes of this kind have to hold it, of so many, for the cluster to come back with its data. */
  needed(nodes: number): number
}

/** How much is asked of a cluster. */
export interface Load {
  /** Clients per node. */
  clients: number
  /** Aim per client, operations per second: a load that leaves the machine room for the rest. */
  opsPerSecond: number
}

export interface WorkloadOptions extends Load {
  seed: number
  access?: Access
}

/** A named fact of a cluster's state, and what a repair owes to it. */
export interface Fact {
  /** Unique together with `node`: `revision`, `members`. */
  name: string
  /** Of one node; without: of the whole cluster. */
  node?: string
  /** A list is a set: what is missing from it and what is new are told apart. */
  value: string | number | readonly string[]
  /** `same`: has to be again what it was. `grows`: a number that never falls. `free`: anything. */
  keep: 'same' | 'grows' | 'free'
  /** Where it is not kept, or something is missing, data or topology is lost. */
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
   * @param open what is followed now: each needs a verdict, or it stays as it is.
   */
  alerts?(observation: O, open: readonly AlertId[], settings: WatchSettings): AlertCheck[]
  /** What a repair has to preserve, as far as this look proves it. */
  facts?(observation: O): Fact[]
  /** What an agent should know of this system; no answers. */
  prompt: string
  /** `extras`: which of those below it brings. */
  topology?(size: number, extras?: readonly string[]): Topology
  /** What can stand beside its nodes for people who look at them, by name. No trial has any. */
  extras?: readonly string[]
  workload?(endpoints: Endpoints, options: WorkloadOptions): Workload
  /** How much a trial asks of it where the campaign does not say. Without: 2 clients a node with 25 operations/s each. */
  load?: Load
  canaries?(endpoints: Endpoints): Canaries
  /** By kind of node, the name without its number. */
  storage?: Record<string, Storage>
  /** A fixed procedure without a model: the control group, and what runs when there is no key. */
  runbook?: AgentKind
}
