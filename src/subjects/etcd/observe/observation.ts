import type { NodeView, Observation } from '../../../core/watch/subject.ts'
import type { NewConnection } from '../../shared/client/new-connection.ts'
import type { Reach } from '../../shared/client/reach.ts'
import type { Disk } from '../../shared/disk.ts'

/** Ids are 64-bit and therefore strings; `0` is no member. */
export interface Status {
  clusterId: string
  memberId: string
  leaderId: string
  term: number
  revision: number
  version: string
  dbBytes: number
  /** null: this version does not tell. */
  dbInUseBytes: number | null
  /** Alarms that this member has applied, of any member; without an owner where nobody could tell whose it is. */
  alarms: { memberId: string | null; alarm: string }[]
  learner: boolean
}

export interface Member {
  id: string
  /** Empty until the member has started once. */
  name: string
  peerUrls: string[]
  learner: boolean
}

/**
 * Events within a window, from a member's own metrics. null: this observation does not tell. `absent`: no complete page of this
 * member has had the metric so far; some distributions leave metrics out.
 */
export type Measured = number | null | 'absent'

export interface Recent {
  leaderChanges: Measured
  failedProposals: Measured
  /** Unary ones: a stream ends as it does when its client goes away. */
  requests: Measured
  failedRequests: Measured
  fsyncP99Ms: Measured
  commitP99Ms: Measured
  /** Shortest round trip to the slowest peer. */
  /** `not yet`: etcd puts it into a histogram every 30 s, and this process is younger. */
  peerRoundTripMs: Measured | 'not yet'
}

export interface EtcdNode extends NodeView {
  reach: Reach
  /** Result of a recent new connection; null: there was none. */
  newClient: NewConnection | null
  /** Whether its endpoint is `https`. */
  isTls: boolean
  /** Result of `/health`, a linearizable read. null: no answer to that request. */
  serving: boolean | null
  status: Status | null
  members: Member[] | null
  hasLeader: boolean | null
  quotaBytes: number | null
  recent: Recent | null
  /** How often its process was started again within the window of leader changes. */
  restarts: number
  /** File descriptors of its process. */
  descriptors: { used: number; most: number } | null
  /** Whether its streams to its peers stand, by member id. null: the metric is not there. */
  activePeers: Record<string, boolean> | null
  /** How long its answers took to questions that it answers by itself, over the last ten looks; null: too few. */
  answersMs: number[] | null
  /** How long its reads through consensus took, over the last ten looks; null: too few. */
  consensusMs: number[] | null
  /** Proven deviation from the monitor's clock, positive when ahead; 0 when none is proven. */
  clockOffsetMs: number | null
  /** undefined: no data path was given, so disk space is not watched. null: it could not be read. */
  disk?: Disk | null
}

export interface EtcdObservation extends Observation {
  nodes: Record<string, EtcdNode>
  /** The newest known member id of each node, also from earlier observations. */
  memberIds: Record<string, string>
  /** The newest known member list, also from earlier observations: without a leader a cluster may report none. */
  memberList: Member[] | null
  /** The highest revision that was seen lately, and the highest that a member proves now by a read through consensus. */
  revision: { highest: number; now: number | null }
  /** The last comparison of the members' data; null: there was none yet. Or why there is none. */
  data: DataComparison | 'too_large' | 'forbidden' | null
}

/** Hashes of all keys up to one revision, by node. Only hashes after the same compaction can be compared. */
export interface DataComparison {
  revision: number
  hashes: Record<string, { hash: number; compactRevision: string }>
}
