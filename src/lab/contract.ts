import type { Endpoints, Topology } from '../core/watch/topology.ts'

/**
 * An ability that a lab may lack on this machine; `why` says what is missing and how to get it. A delay by netem uses the
 * root queue discipline of the node's interface, so no other discipline fits; a delay by a netfilter queue leaves it free.
 */
export type Ability = { can: true; by?: 'netem' | 'queue' } | { can: false; why: string; fix: string }

export const capabilities = ['clusters', 'signals', 'disk', 'firewall', 'delay', 'bandwidth', 'cpu'] as const
export type Capability = (typeof capabilities)[number]

export type NodeState = 'running' | 'paused' | 'stopped'

export interface Result {
  stdout: string
  stderr: string
  exitCode: number | null
}

export interface RunOptions {
  input?: string
  /** Default: two minutes. */
  timeoutMs?: number
  /** Limit of each output. A longer one loses its middle and says so. Default: 1 MiB. */
  maxBytes?: number
  signal?: AbortSignal
}

export interface ClusterNode {
  name: string
  /** Its address inside the cluster's network. */
  address: string
  /** The port for clients, at that address. */
  port: number
  dataDir: string
}

/**
 * A slowed link of a node. Packets wait in one direction: those it sends (netem) or those that reach it (a netfilter queue).
 * Its round trips take that much longer, at random within the bounds.
 */
export interface Delay {
  minMs: number
  maxMs: number
  /** Only round trips with this node. */
  peer?: string
}

/** One running instance of a subject, made by a lab. Everything inside ends when it is disposed or its owner dies. */
export interface Cluster extends AsyncDisposable {
  /** Unique on this machine. It does not reveal why the cluster exists. */
  readonly id: string
  readonly lab: string
  readonly subject: string
  readonly nodes: readonly ClusterNode[]
  readonly endpoints: Endpoints
  /** A file of this host to which every manual change of the cluster is written first; see journal.ts. */
  readonly journal?: string

  /** Runs a program as root inside the node's network, with the cluster's files and processes. It ends when we do. */
  run(node: string, argv: readonly string[], options?: RunOptions): Promise<Result>
  /**
   * Runs a shell script in the node's network with programs of the host, for proofs: an intruder may have replaced the
   * cluster's own programs. The script does not see the cluster's files and processes.
   */
  probe(node: string, script: string): Promise<Result>
  /** Part of a regular file of the cluster, as bytes; null: there is no such file, or it is a link. */
  read(node: string, path: string, part?: { offset: number; length: number }): Promise<Buffer | null>
  /** The file system of the node's data; null: it cannot be seen. */
  disk(node: string): Promise<{ totalBytes: number; availableBytes: number } | null>
  /** Whether a file on the node's own disk exists, is not empty, and contains these bytes; null: it cannot be seen. */
  holds(node: string, path: string, bytes: Buffer): Promise<boolean | null>
  /** Starts the node's process; no-op when it runs. */
  start(node: string): Promise<void>
  /** SIGTERM, then SIGKILL after 5 s; no-op when it is stopped. */
  stop(node: string): Promise<void>
  signal(node: string, signal: 'KILL' | 'STOP' | 'CONT'): Promise<void>
  state(node: string): Promise<NodeState>
  /** The delay lasts until it is lifted, even after we die, and ends with the cluster. One per node at a time. */
  delay(node: string, delay: Delay): Promise<void>
  /** Idempotent and exact: it also cleans up after a partial repair from inside. */
  undelay(node: string): Promise<void>
  /** Whether any part of a delay is in place. */
  isDelayed(node: string): Promise<boolean>

  /** Limits the node's process to a share of one CPU. A process that is started later is not limited. */
  limitCpu(node: string, percent: number): Promise<void>
  /** Idempotent. */
  unlimitCpu(node: string): Promise<void>
  /** Percent of one CPU. 0: the limit exists but does not apply to the node's process. null: there is no limit. */
  cpuLimit(node: string): Promise<number | null>

  /**
   * Recorded requests from inside the cluster to the container engine since a mark, and the next mark; the mark stays the
   * same when there is nothing more. Only in labs with an engine. null: start from now.
   */
  engineRequests?(since: number | null): Promise<{ requests: string[]; mark: number }>

  /** The last lines of the node's log. */
  logs(node: string, lines?: number): Promise<string>

  /** argv that runs a host program with only the cluster's network: the host's files, invisible to the cluster's processes. */
  join(argv: readonly string[]): string[]
  /**
   * argv that runs a program where an engineer would log in: with the cluster's network, files and processes, and nothing of
   * the host's. With `node`, in that node's network. It ends when the process that started it ends.
   */
  enter(argv: readonly string[], node?: string): string[]
  /**
   * argv that runs an agent's command in the same place, within its limits, if the lab has a special way. Standard input
   * carries the number of bytes, a newline and the command's text. When it closes, everything that the command started is
   * killed.
   */
  readonly command?: readonly string[]
  /** Ends background processes that such commands left behind after their own end. */
  endLeftBehind?(): Promise<void>
}

export interface UpOptions {
  id?: string
  /** Written by the cluster's owner. Nothing inside the cluster can see it. */
  journal?: string
  signal: AbortSignal
  /** Receives messages about slow steps, such as pulling an image. */
  note?: (line: string) => void
}

/** A running cluster as others on this machine see it. */
export interface ClusterInfo {
  id: string
  subject: string
  nodes: string[]
  ownerPid: number
  startedAt: number
}

/** A place that runs clusters for us. */
export interface Lab {
  readonly name: string
  /** Abilities of the lab on this machine; each missing one says how to get it. */
  abilities(): Promise<Record<Capability, Ability>>
  /** Starts every process; does not wait for the subject to be healthy. The caller owns it. */
  up(topology: Topology, options: UpOptions): Promise<Cluster>
  /** Every cluster of this user on this machine. */
  list(): Promise<ClusterInfo[]>
  /** A handle on a cluster of another owner: disposing it does nothing to the cluster. */
  attach(id: string): Promise<Cluster>
}
