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
  /** Facts that revert needs and that cannot be found out after the injection. */
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
  /** Roles of the nodes, leader or follower, just before the fault. */
  roles: Record<string, NodeView['role']>
  rng: Rng
  /** More than a minority of the nodes may be broken at once. Otherwise such a plan is refused. */
  allowQuorumLoss?: boolean
  /** Nodes that other faults break at the same time. */
  broken?: readonly string[]
}

/** The holder of a fault passes this to a fault that keeps acting. */
export interface Hold {
  clock: Clock
  /** Aborts when the fault is over. */
  signal: AbortSignal
}

/** A kind of damage: seeded, reversible, proven to have landed, proven to be gone. */
export interface ChaosType<P = unknown> {
  name: string
  description: string
  /** Names of this cause: a claim that uses any one of them has named it. Case does not matter. */
  causes: readonly RegExp[]
  /** Names of its symptoms: they are enough where the claim names no other cause. */
  symptoms?: readonly RegExp[]
  /** Other types that a right claim may also mention: a consequence of this one, or a wider word for it. */
  alsoNamed?: readonly string[]
  /** Checks parameters, with units and ranges in its messages. They may be text, as a command line has them. */
  params: ZodType<P>
  needs: readonly Capability[]
  /** The subjects that this type can break; without it, all of them. */
  subjects?: readonly string[]
  /** True: it breaks nothing, so any ticket for it is a false alarm. */
  harmless?: true
  /** The damage affects the whole cluster and takes no node away. */
  clusterWide?: true
  /** A repair may have to replace the target's member by a new one. */
  replacesMember?: true
  /** Only one node at a time can have this damage; without it, any number may. */
  takesOne?(params: P): boolean
  /** Chooses the target and carries everything that revert needs; changes nothing. */
  plan(plan: Plan<P>): Promise<Fault>
  inject(cluster: Cluster, fault: Fault): Promise<void>
  /** Checks from outside that the damage is there. */
  landed(cluster: Cluster, fault: Fault): Promise<boolean>
  /**
   * Checks from outside, without a program of the cluster's, whether the damage is still in place at the end, even if
   * everything answers. It looks at the damage itself, not at whether the repair was the exact inverse: any way of ending
   * the damage counts. Without it, `landed` is the check.
   */
  remains?(cluster: Cluster, fault: Fault): Promise<boolean>
  /** The damage ends by itself after a while, so waiting is a repair. Without it, the damage lasts until it is repaired. */
  passes?: true
  /**
   * For a fault that keeps acting after its injection, such as a restart loop. It runs in a process that nothing in the
   * cluster can see, until it is told to end. After it returns it touches nothing; only then is the fault reverted. If its
   * process dies, the fault stops acting, and revert still works.
   */
  hold?(cluster: Cluster, fault: Fault, hold: Hold): Promise<void>
  /** Idempotent and exact: it keeps whatever was there before the fault. */
  revert(cluster: Cluster, fault: Fault): Promise<void>
  clean(cluster: Cluster, fault: Fault): Promise<boolean>
}
