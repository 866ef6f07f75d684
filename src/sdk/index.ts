/**
 * The published entry `operator-sre`. A plugin is a module, loaded by `--plugin`, that exports the results of these functions:
 *   import { defineSubject } from 'operator-sre'
 *   export const mine = defineSubject({ name: 'mine', ... })
 */

/** The zod that checks the parameters of chaos types. */
export { z } from 'zod'
export type { ChaosType, Fault, Hold, Plan } from '../chaos/chaos-type.ts'
export { allTargets, chooseTarget, eachTarget, targetsOf } from '../chaos/target.ts'
export { type Clock, systemClock } from '../core/clock.ts'
export { BadInput, MachineLacks } from '../core/errors.ts'
export { type Rng, rngFrom } from '../core/rng.ts'
export type { Access } from '../core/watch/access.ts'
export {
  type Invariant,
  notApplicable,
  ok,
  type Severity,
  unknown,
  type Verdict,
  violated,
  wholeCluster,
} from '../core/watch/invariant.ts'
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
} from '../core/watch/subject.ts'
export type { Endpoints, NodeEndpoint, NodeSpec, Program, Topology } from '../core/watch/topology.ts'
export type { AgentKind, CommandResult, Shell, Work } from '../core/work/agent.ts'
export type { Claim } from '../core/work/claim.ts'
export type { Limits } from '../core/work/limits.ts'
export type { Ticket } from '../core/work/ticket.ts'
export type { Capability, Cluster, ClusterNode, NodeState, Result, RunOptions } from '../lab/contract.ts'
export {
  clientOf,
  type Reply,
  type Silence,
  type Silent,
  silenceOf,
} from '../subjects/shared/client/client.ts'
export {
  errorOf,
  type Heard,
  healthOf,
  isThere,
  type Reach,
  reachOf,
  someAnswer,
} from '../subjects/shared/client/reach.ts'
export type { Got, KeyValue, Put } from '../subjects/shared/load/kv.ts'
export { type EntryPoint, keyValueWorkload } from '../subjects/shared/load/workload.ts'
export { follow, type Procedure, type Seen } from '../subjects/shared/procedure.ts'
export {
  type Finding,
  namesOf,
  notRunning,
  paused,
  type Service,
  type Step,
  servicesIn,
} from '../subjects/shared/services.ts'
export { type Agent, defineAgent, defineChaosType, defineSubject } from './define.ts'
export { runTrial, type TrialDocument, type TrialOptions } from './run-trial.ts'
