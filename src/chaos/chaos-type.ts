import type { ZodType } from 'zod'
import type { Clock } from '../core/clock.ts'
import type { Rng } from '../core/rng.ts'
import type { NodeView } from '../core/watch/subject.ts'
import type { Capability, Cluster } from '../lab/contract.ts'

/** One injected instance of a chaos type. Plain JSON: stored before anything is broken, and enough to undo it. */
export interface Fault {
  chaosType: string
  /** The node that is broken; several are separated by commas. */
  target: string
  params: Record<string, unknown>
  /** What revert needs that cannot be found out afterwards. */
  undo: Record<string, unknown>
}

export interface Plan<P> {
  cluster: Cluster
  params: P
  /**
   * `random`, `leader`, `follower`, or the name of a node; several names are separated by commas. Where there are several
   * kinds of nodes also `tikv`, `pd-leader` and the like.
   */
  target: string
  /** Who leads and who follows just before the fault. */
  roles: Record<string, NodeView['role']>
  rng: Rng
  /** More than a minority of the nodes may be broken at once. Otherwise such a plan is refused. */
  allowQuorumLoss?: boolean
  /** Nodes that other faults break at the same time. */
  broken?: readonly string[]
}

/** What a fault that goes on is given by whoever holds it. */
export interface Hold {
  clock: Clock
  /** Aborts when the fault is over. */
  signal: AbortSignal
}

/** A kind of damage: seeded, reversible, proven to have landed, proven to be gone. */
export interface ChaosType<P = unknown> {
  name: string
  description: string
  /** How a claim may name it as the cause: any of these is enough. Case does not matter. */
  causes: readonly RegExp[]
  /** What it looks like, among others: enough where no other cause is named. */
  symptoms?: readonly RegExp[]
  /** Types whose names a right claim may mention too: what it leads to, or a wider word for it. */
  alsoNamed?: readonly string[]
  /** Checks parameters, with units and ranges in its messages. They may be text, as a command line has them. */
  params: ZodType<P>
  needs: readonly Capability[]
  /** The subjects it knows how to break; without it, any. */
  subjects?: readonly string[]
  /** Nothing is broken: whoever opens a ticket for it is wrong. */
  harmless?: true
  /** The damage is the whole cluster's, and takes no node away. */
  clusterWide?: true
  /** A repair may have to replace the target's member by a new one. */
  replacesMember?: true
  /** Only one node at a time can have this damage; without it, any number may. */
  takesOne?(params: P): boolean
  /** Chooses the target and carries everything that revert needs; changes nothing. */
  plan(plan: Plan<P>): Promise<Fault>
  inject(cluster: Cluster, fault: Fault): Promise<void>
  /** Proof from outside that the damage is there. */
  landed(cluster: Cluster, fault: Fault): Promise<boolean>
  /**
   * Proof from outside, without a program of the cluster's, that the damage is still in place at the end, however well all
   * answers. It looks at the damage itself, and not at whether the repair was the exact inverse: whoever ended it in another
   * way ended it. Without it, `landed` is the proof.
   */
  remains?(cluster: Cluster, fault: Fault): Promise<boolean>
  /** It ends by itself after a while: who waits sees it pass. Without it, it lasts until somebody ends it. */
  passes?: true
  /**
   * Of a fault that goes on acting after it was injected, as a restart loop does: runs from then on until it is told to
   * end, in a process that nothing in the cluster can see. When it has returned it touches nothing any more; only then
   * is the fault reverted. If its process dies, it acts no more, and revert is as good as ever.
   */
  hold?(cluster: Cluster, fault: Fault, hold: Hold): Promise<void>
  /** Idempotent, and exact: what was there before stays. */
  revert(cluster: Cluster, fault: Fault): Promise<void>
  clean(cluster: Cluster, fault: Fault): Promise<boolean>
}
