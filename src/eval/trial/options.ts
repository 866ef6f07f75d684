import type { ChaosType, Fault } from '../../chaos/chaos-type.ts'
import type { Clock } from '../../core/clock.ts'
import type { Subject } from '../../core/watch/subject.ts'
import type { Outcome, Phase } from '../../core/work/outcome.ts'
import type { Cluster, Lab } from '../../lab/contract.ts'
import type * as store from '../../store/eval/trials.ts'
import type { TrialRecord, TrialSpec } from '../record.ts'
import type { OperatorChange } from './operator-view.ts'

export interface TrialOptions {
  id: number
  spec: TrialSpec
  subject: Subject
  lab: Lab
  chaosTypes: Record<string, ChaosType>
  db: store.EvalDb
  /** The trial's own files: operator.db and logs. Removed once all of it is in eval.db. */
  folder: string
  /** Which of those that run at the same time it is, from 1 on. */
  lane: number
  clock: Clock
  signal: AbortSignal
  report(event: TrialEvent): void
}

/** Progress of a running trial. */
export type TrialEvent =
  | { kind: 'phase'; phase: Phase; at: number }
  | { kind: 'healthy'; cluster: Cluster; at: number }
  | { kind: 'fault'; fault: Fault; at: number }
  | { kind: 'impact'; at: number }
  | OperatorChange
  | { kind: 'ended'; record: TrialRecord; outcome: Outcome }
