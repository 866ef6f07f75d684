/**
 * What programs of others import as `operator-sre`. A plugin is a module, loaded by `--plugin`, that exports what these
 * functions return:
 *   import { defineSubject } from 'operator-sre'
 *   export const mine = defineSubject({ name: 'mine', ... })
 */

/** The zod that checks the parameters of chaos types. */
export { z } from 'zod'
export type { ChaosType, Fault, Hold, Plan } from '../chaos/chaos-type.ts'
export { allTargets, chooseTarget, eachTarget, targetsOf } from '../chaos/target.ts'
export type { Access } from '../core/access.ts'
export type { AgentKind, CommandResult, Shell, Work } from '../core/agent.ts'
export type { Claim } from '../core/claim.ts'
export { type Clock, systemClock } from '../core/clock.ts'
export { BadInput, MachineLacks } from '../core/errors.ts'
export {
  type Invariant,
  notApplicable,
  ok,
  type Severity,
  unknown,
  type Verdict,
  violated,
  wholeCluster,
} from '../core/invariant.ts'
export type { Limits } from '../core/limits.ts'
export { type Rng, rngFrom } from '../core/rng.ts'
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
} from '../core/subject.ts'
export type { Ticket } from '../core/ticket.ts'
export type { Endpoints, NodeEndpoint, NodeSpec, Program, Topology } from '../core/topology.ts'
export type { Capability, Cluster, ClusterNode, NodeState, Result, RunOptions } from '../lab/contract.ts'
export { clientOf, type Reply, type Silence, type Silent, silenceOf } from '../subjects/shared/client.ts'
export type { Got, KeyValue, Put } from '../subjects/shared/kv.ts'
export { follow, type Procedure, type Seen } from '../subjects/shared/procedure.ts'
export {
  errorOf,
  type Heard,
  healthOf,
  isThere,
  type Reach,
  reachOf,
  someAnswer,
} from '../subjects/shared/reach.ts'
export {
  type Finding,
  namesOf,
  notRunning,
  paused,
  type Service,
  type Step,
  servicesIn,
} from '../subjects/shared/services.ts'
export { type Door, keyValueWorkload } from '../subjects/shared/workload.ts'
export { type Agent, defineAgent, defineChaosType, defineSubject } from './define.ts'
export { runTrial, type TrialDocument, type TrialOptions } from './run-trial.ts'
