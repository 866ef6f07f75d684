/**
 * What programs of others import as `operator-sre`. A plugin is a module, loaded by `--plugin`, that exports what these
 * functions return:
 *   import { defineSubject } from 'operator-sre'
 *   export const mine = defineSubject({ name: 'mine', ... })
 */
import type { ChaosType } from './chaos/chaos-type.ts'
import type { AgentKind } from './core/agent.ts'
import type { Observation, Subject } from './core/subject.ts'

export type { ChaosType, Fault, Hold, Plan } from './chaos/chaos-type.ts'
export { allTargets, chooseTarget, eachTarget, targetsOf } from './chaos/target.ts'
export type { Access } from './core/access.ts'
export type { AgentKind, Claim, CommandResult, Limits, Shell, Work } from './core/agent.ts'
export { type Clock, systemClock } from './core/clock.ts'
export { BadInput, MachineLacks } from './core/errors.ts'
export {
  type Invariant,
  notApplicable,
  ok,
  type Severity,
  unknown,
  type Verdict,
  violated,
  wholeCluster,
} from './core/invariant.ts'
export { type Rng, rngFrom } from './core/rng.ts'
export type {
  Canaries,
  Connection,
  Fact,
  NodeView,
  Observation,
  Storage,
  Subject,
  Workload,
  WorkloadOptions,
  WorkloadSample,
  WorkloadVerdict,
} from './core/subject.ts'
export type { Ticket } from './core/ticket.ts'
export type { Endpoints, NodeEndpoint, NodeSpec, Program, Topology } from './core/topology.ts'
export type { Capability, Cluster, ClusterNode, NodeState, Result, RunOptions } from './lab/contract.ts'

/** A kind of agent that a variant names: `agent: NAME`. */
export interface Agent {
  name: string
  /** One line for lists. */
  description: string
  work: AgentKind
}

/** How a plugin's exports are told apart, also when the plugin has a copy of this package of its own. */
export const mark = Symbol.for('operator-sre/plugin')
export type Marked = { [mark]?: 'subject' | 'chaos type' | 'agent' }

const marked = <T extends object>(kind: Marked[typeof mark], definition: T): T =>
  Object.defineProperty(definition, mark, { value: kind })

/** A kind of system: it can be watched, and with a topology also started in a lab, broken and repaired. */
export const defineSubject = <O extends Observation>(subject: Subject<O>): Subject<O> =>
  marked('subject', subject)

/** A kind of damage. */
export const defineChaosType = <P>(type: ChaosType<P>): ChaosType<P> => marked('chaos type', type)

/** A kind of agent. It gets tickets and a shell, and ends with a claim. */
export const defineAgent = (agent: Agent): Agent => marked('agent', agent)
