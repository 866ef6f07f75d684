export const severities = ['info', 'warning', 'critical'] as const
export type Severity = (typeof severities)[number]

/** Only `ok` may resolve a ticket. */
export type Verdict =
  | { kind: 'ok' }
  | { kind: 'violated'; message: string; values?: Record<string, number | string> }
  | { kind: 'unknown'; reason: string }
  /** This check does not apply here, or a person switched it off. That is neither a blind spot nor a proof of health. */
  | { kind: 'not_applicable'; reason: string }

export const ok: Verdict = { kind: 'ok' }
export const violated = (message: string, values?: Record<string, number | string>): Verdict =>
  values ? { kind: 'violated', message, values } : { kind: 'violated', message }
export const unknown = (reason: string): Verdict => ({ kind: 'unknown', reason })
export const notApplicable = (reason: string): Verdict => ({ kind: 'not_applicable', reason })

/** The place of a finding that is about no single node. */
export const wholeCluster = 'cluster'

/** A pure check of an observation. */
export interface Invariant<O> {
  /** snake_case, as it stands in ticket keys: `member_down`. */
  name: string
  /** `node`: checked once for each declared node. `cluster`: checked once, with `wholeCluster`. */
  scope: 'node' | 'cluster'
  severity: Severity
  /** How long it must be violated before a ticket opens (Prometheus: `for`). */
  graceMs: number
  /** How long it must stay clear before it counts as gone (Prometheus: `keep_firing_for`). */
  keepFiringMs: number
  /** One sentence for a person: what it means when this is violated. */
  description: string
  /** Source of the threshold and its meaning: a rule, a manual, our own reasoning. */
  source: string
  /**
   * Invariants whose violation explains this one. On a node: the same node's (or a cluster-wide one).
   * Cluster-wide: any node's. While one of them is violated, no ticket opens for this.
   */
  inhibitedBy?: readonly string[]
  /** Like `inhibitedBy`, for a violation at any node: an alarm of one member stops all of them. */
  inhibitedAnywhereBy?: readonly string[]
  /**
   * Set where a violation means that the node cannot be observed: it is down, or we may not trust it. It then explains
   * every check of that node that is unknown, so that one dead node is one ticket.
   */
  explainsUnobservable?: true
  check(observation: O, node: string): Verdict
}

/** The identity of a violation: never its message or value. */
export const violationKey = (subject: string, invariant: string, node: string): string =>
  `${subject}/${invariant}/${node}`
