import type { NodeView, Observation } from '../../core/watch/subject.ts'
import type { NewConnection } from '../shared/client/new-connection.ts'
import type { Reach } from '../shared/client/reach.ts'
import type { Expression } from './rules/promql.ts'
import type { Rule } from './rules/rule.ts'

export interface PrometheusNode extends NodeView {
  reach: Reach
  /** Its own word; null: it did not answer. */
  ready: boolean | null
  isTls: boolean
  newClient: NewConnection | null
}

export type Labels = Readonly<Record<string, string>>

/** One element of what a rule found. */
export interface ActiveAlert {
  labels: Labels
  /** By Prometheus' own account, where it evaluates the rule. `holds`: nobody has counted yet for how long. */
  phase: 'pending' | 'firing' | 'holds'
  value: number
  annotations: Labels
}

/** Result of evaluating a rule in one observation. */
export interface ObservedRule {
  rule: Rule
  /** null: it cannot be read here, though Prometheus may. */
  expression: Expression | null
  state: { kind: 'evaluated'; alerts: ActiveAlert[] } | { kind: 'unknown'; reason: string }
}

export interface PrometheusObservation extends Observation {
  nodes: Record<string, PrometheusNode>
  rules: readonly ObservedRule[] | { unknown: string }
  /** Every target, by the last sample of `up`; null: it was not told. */
  targets: readonly { labels: Labels; isUp: boolean }[] | null
  /** Which of the rules' metrics have samples now; null: it was not told. */
  metrics: ReadonlySet<string> | null
  /** For followed alerts that are not active, by `alertKey`: whether series exist that they could be about. */
  sources: ReadonlyMap<string, boolean>
  /** Where a person sees the graph of an expression. */
  graphAt: string
}
