import type { Endpoints, Topology } from '../core/watch/topology.ts'

/**
 * What a lab may or may not be able to do on this machine; `why` says what is missing and how to get it. A delay by netem
 * is the root queue discipline of the node's interface, and leaves no room for another one; one by a queue of netfilter does.
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
  /** Two minutes where nothing is said. */
  timeoutMs?: number
  /** Of each output: what is longer loses its middle, and says so. 1 MiB where nothing is said. */
  maxBytes?: number
  signal?: AbortSignal
}

export interface ClusterNode {
  name: string
  /** Its address inside the cluster's network. */
  address: string
  /** Where it listens for clients, at that address. */
  port: number
  dataDir: string
}

/**
 * A node's link made slow: packets wait in one direction, what it sends (netem) or what reaches it (a queue of netfilter), so
 * its round trips take that much longer, at random within the bounds.
 */
export interface Delay {
  minMs: number
  maxMs: number
  /** Only round trips with this node. */
  peer?: string
}

/** One running instance of a subject that a lab made. Disposing it ends everything inside; so does its owner's death. */
export interface Cluster extends AsyncDisposable {
  /** Unique on this machine, and says nothing of why the cluster exists. */
  readonly id: string
  readonly lab: string
  readonly subject: string
  readonly nodes: readonly ClusterNode[]
  readonly endpoints: Endpoints
  /** A file of this host in which whoever does something to the cluster by hand says so first; see journal.ts. */
  readonly journal?: string

  /** Runs a program inside the node's network with the cluster's files and processes, as its root. It ends when we do. */
  run(node: string, argv: readonly string[], options?: RunOptions): Promise<Result>
  /**
   * Runs a shell script in the node's network, with programs that are not the cluster's: for proofs, since somebody inside may
   * have put others in their place. It does not see the cluster's files and processes.
   */
  probe(node: string, script: string): Promise<Result>
  /** Part of a regular file of the cluster, as bytes; null: there is none there, or only a link. */
  read(node: string, path: string, part?: { offset: number; length: number }): Promise<Buffer | null>
  /** The file system that the node's data are on; null: it cannot be seen. */
  disk(node: string): Promise<{ totalBytes: number; availableBytes: number } | null>
  /** Whether a file on the node's own disk is there, not empty, and has these bytes in it; null: it cannot be seen. */
  holds(node: string, path: string, bytes: Buffer): Promise<boolean | null>
  /** Starts the node's process; no-op when it runs. */
  start(node: string): Promise<void>
  /** SIGTERM, then SIGKILL after 5 s; no-op when it is stopped. */
  stop(node: string): Promise<void>
  signal(node: string, signal: 'KILL' | 'STOP' | 'CONT'): Promise<void>
  state(node: string): Promise<NodeState>
  /** Lasts until it is lifted, also when we die, and ends with the cluster. One per node at a time. */
  delay(node: string, delay: Delay): Promise<void>
  /** Idempotent, and exact: it also puts right what somebody inside has half repaired. */
  undelay(node: string): Promise<void>
  /** Whether anything of a delay is there. */
  isDelayed(node: string): Promise<boolean>

  /** Limits the node's process to a share of one CPU. One that is started later is free of it. */
  limitCpu(node: string, percent: number): Promise<void>
  /** Idempotent. */
  unlimitCpu(node: string): Promise<void>
  /** Percent of one CPU; 0: what made the limit is there, but does not hold the node's process. null: nothing is. */
  cpuLimit(node: string): Promise<number | null>

  /**
   * What was asked from inside of the engine that the cluster's containers run on, as recorded, since a mark; and the
   * mark to go on from, as long as it moves. Only where there is one. Null: from now on.
   */
  engineRequests?(since: number | null): Promise<{ requests: string[]; mark: number }>

  /** The last lines of the node's log. */
  logs(node: string, lines?: number): Promise<string>

  /** argv that runs a host program with only the cluster's network: the host's files, invisible to the cluster's processes. */
  join(argv: readonly string[]): string[]
  /**
   * argv that runs a program where an engineer would log in: the cluster's network, files and processes, nothing of the
   * host's. With `node`, in that node's network. It ends when the process that started it ends.
   */
  enter(argv: readonly string[], node?: string): string[]
  /**
   * argv that runs an agent's command where `enter` leads, within its bounds, where the lab has such a way of its own: the
   * number of its bytes, a newline and its text come on standard input. Once that closes, all that it started is killed.
   */
  readonly command?: readonly string[]
  /** Ends what such commands have left running in the background, once they have ended themselves. */
  endLeftBehind?(): Promise<void>
}

export interface UpOptions {
  id?: string
  /** Kept by the cluster's owner. Nobody inside can see that it exists. */
  journal?: string
  signal: AbortSignal
  /** Told what takes long, such as an image that is pulled. */
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

/** Where clusters that we start live. */
export interface Lab {
  readonly name: string
  /** What it can do here, each "no" with its fix. */
  abilities(): Promise<Record<Capability, Ability>>
  /** Starts every process; does not wait for the subject to be healthy. The caller owns it. */
  up(topology: Topology, options: UpOptions): Promise<Cluster>
  /** Every cluster of this user on this machine. */
  list(): Promise<ClusterInfo[]>
  /** A handle on a cluster somebody else owns: disposing it does nothing to the cluster. */
  attach(id: string): Promise<Cluster>
}
