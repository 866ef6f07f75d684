import type { NodeView, Observation } from '../../../core/watch/subject.ts'
import type { Reach } from '../../shared/client/reach.ts'
import type { Disk } from '../../shared/disk.ts'
import type { LogRates } from '../log/log.ts'
import type { Leadership } from '../pd/leadership.ts'
import type { LeaderSeries, PdSeries, StoreSeries } from './series.ts'

interface Common extends NodeView {
  reach: Reach
  /**
   * Proven deviation from the monitor's clock, positive when ahead; 0 when none is proven. null: it did not tell the time,
   * though it did before. undefined: it never tells the time.
   */
  clockOffsetMs: number | null | undefined
  /** Starts of its process that were seen in the last five minutes; null: it does not say when it started. */
  starts: number | null
  /** undefined: no data path was given, so disk space is not watched. null: it could not be read. */
  disk?: Disk | null
  /** Recent counts of its log, for the agent. undefined: no log was given. */
  log?: LogRates | null
}

export interface PdNode extends Common {
  kind: 'pd'
  /** It reaches a leader, or is one; false: it says that there is none. null: no answer to that question so far. */
  led: boolean | null
  /** null: its metrics were not read twice since it started. */
  recent: PdSeries | null
  /** Round trip between it and other PDs, p99 in s, where it is the likely cause; null: not all reported. */
  peerP99Seconds: number | null
}

export interface StoreNode extends Common {
  kind: 'tikv'
  /** Whether its gRPC port serves: the process may live, and its status port answer, while that does not. */
  serving: boolean | null
  /** Its own check of its disk had no answer for a round. null: it does not say. */
  diskStalled: boolean | null
  /** The store as PD sees it. null: PD did not answer, or lists no store at this address. */
  store: StoreView | null
  /** Whether PD lists it as a store of this cluster; null: PD did not answer. */
  listed: 'yes' | 'no' | 'removed' | null
  /** null: its metrics were not read twice since it started. */
  recent: StoreSeries | null
  /** The most regions that it said it leads within the time that such a number may be old; null: not reported. */
  leaders: number | null
  /** Messages per second that are not delivered between it and other stores, where it is the likely cause; null: not all reported. */
  undeliveredPerSecond: number | null
}

/** Prometheus and Grafana, which stand beside the cluster: only whether they serve. */
export interface ToolNode extends Common {
  kind: 'tool'
}

export type TikvNode = PdNode | StoreNode | ToolNode

export const storeStates = ['Up', 'Disconnected', 'Down', 'Offline', 'Tombstone'] as const

/** A store as PD has it. Ids may have 64 bits, and are strings. */
export interface StoreView {
  id: string
  address: string
  statusAddress: string
  version: string
  /** null: PD does not say. */
  state: (typeof storeStates)[number] | null
  capacityBytes: number | null
  availableBytes: number | null
  /** Number as PD counts it; null: not reported. */
  leaders: number | null
  /** 1 to 100; TiKV and PD take 80 and more for slow. null: not told now. undefined: never told. */
  slowScore: number | null | undefined
  busy: boolean
  /** The same of its network, by the id of the store at the other end. */
  networkSlowScores: Record<string, number> | null | undefined
}

export interface Member {
  id: string
  name: string
  clientUrls: string[]
}

/** Settings that keep PD from moving replicas. */
export interface Scheduling {
  running: string[]
  paused: string[]
  /** `halt-scheduling`: nothing is scheduled, though the schedulers are listed as before. */
  halted: boolean
  /** Limits of the configuration that are 0. */
  zeroLimits: string[]
}

/** The cluster as the leader of the PDs sees it; a part without an answer is null. */
export interface ClusterView {
  members: Member[] | null
  /** Newest reported number; null: never reported. */
  knownMembers: number | null
  leader: string | null
  leadership: Leadership
  /** Members that no endpoint names, and whether they answer the others. */
  otherMembers: { name: string; healthy: boolean }[] | null
  /** Also those that were removed, as long as PD keeps them. */
  stores: StoreView[] | null
  /** Those of `stores` that no endpoint names. */
  otherStores: StoreView[] | null
  regions: number | null
  /** The fewest that there were while the stores' own numbers may date from; null: it was not watched for so long. */
  fewestRegions: number | null
  /** Regions of which the check holds, and further counts of the leader's metrics. */
  told: LeaderSeries | null
  scheduling: Scheduling | null
  /** Steps of scheduling that are under way. */
  operators: number | null
}

export interface TikvObservation extends Observation {
  nodes: Record<string, TikvNode>
  cluster: ClusterView
}
