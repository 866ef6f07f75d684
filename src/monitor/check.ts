import { type AlertCheck, type AlertId, alertKey } from '../core/watch/alert.ts'
import {
  type Invariant,
  notApplicable,
  ok,
  type Severity,
  unknown,
  type Verdict,
  violated,
  violationKey,
  wholeCluster,
} from '../core/watch/invariant.ts'
import type { Observation, Subject, WatchSettings } from '../core/watch/subject.ts'

/** One invariant at one place, and the verdict of an observation on it. */
export interface Check {
  key: string
  invariant: string
  node: string
  severity: Severity
  graceMs: number
  keepFiringMs: number
  inhibitedBy: readonly string[]
  inhibitedAnywhereBy: readonly string[]
  verdict: Verdict
}

/** Checks of the monitor's own sight: a failed observation is never health. */
export const unobservable = 'unobservable'
const unobservableRule = { severity: 'warning', keepFiringMs: 0 } as const
/** Grace for a node or cluster about which nothing is known: it should only take seconds. */
const blindGraceMs = 3_000
/** A process that has just started has not measured everything yet; some of etcd's numbers take 30 s to appear. */
const partlyBlindGraceMs = 60_000

/** Settings of a person that replace the subject's own. */
export interface CheckSettings {
  /** Grace in ms by invariant name. */
  graces?: Readonly<Record<string, number>>
  /** Checks that are switched off: `invariant`, or `invariant/node`. */
  skipped?: ReadonlySet<string>
  /** Settings of the subject: what to watch. */
  watch?: WatchSettings
}

/**
 * Checks every invariant at every place it applies to. `observation` null: the observation itself failed, for `reason`, and
 * everything is unknown. An invariant that throws is unknown, too.
 */
export function checkAll<O extends Observation>(
  subject: Subject<O>,
  nodes: readonly string[],
  observation: O | null,
  reason: string,
  settings: CheckSettings = {},
  open: readonly AlertId[] = [],
): Check[] {
  const { graces = {}, skipped = new Set() } = settings
  const isSkipped = (name: string, node: string) => skipped.has(name) || skipped.has(`${name}/${node}`)
  const ofInvariants = subject.invariants.flatMap((invariant) =>
    (invariant.scope === 'node' ? nodes : [wholeCluster]).map(
      (node): Check => ({
        key: violationKey(subject.name, invariant.name, node),
        invariant: invariant.name,
        node,
        severity: invariant.severity,
        graceMs: graces[invariant.name] ?? invariant.graceMs,
        keepFiringMs: invariant.keepFiringMs,
        inhibitedBy: invariant.inhibitedBy ?? [],
        inhibitedAnywhereBy: invariant.inhibitedAnywhereBy ?? [],
        verdict: isSkipped(invariant.name, node)
          ? notApplicable('switched off')
          : observation === null
            ? unknown(reason)
            : checkOne(invariant, observation, node),
      }),
    ),
  )
  const checks = [...ofInvariants, ...checkAlerts(subject, observation, reason, settings, open)]
  const explanations = subject.invariants.flatMap(({ name, explainsUnobservable }) =>
    explainsUnobservable ? [name] : [],
  )
  const sight = checkSight(subject.name, nodes, checks, explanations, graces[unobservable])
  return [
    ...checks,
    ...sight.map((check) =>
      isSkipped(unobservable, check.node) ? { ...check, verdict: notApplicable('switched off') } : check,
    ),
  ]
}

/** Checks that the subject adds at run time. Where they could not be observed, all that are followed are unknown. */
function checkAlerts<O extends Observation>(
  subject: Subject<O>,
  observation: O | null,
  reason: string,
  { graces = {}, skipped = new Set(), watch = {} }: CheckSettings,
  open: readonly AlertId[],
): Check[] {
  if (!subject.alerts) return []
  const alerts =
    observation === null ? open.map((id) => unseen(id, reason)) : subject.alerts(observation, open, watch)
  return alerts.map((alert) => ({
    key: alertKey(subject.name, alert),
    invariant: alert.name,
    node: alert.node,
    severity: alert.severity,
    graceMs: graces[alert.name] ?? alert.graceMs,
    keepFiringMs: alert.keepFiringMs,
    inhibitedBy: [],
    inhibitedAnywhereBy: [],
    verdict:
      skipped.has(alert.name) || skipped.has(`${alert.name}/${alert.node}`)
        ? notApplicable('switched off')
        : alert.verdict,
  }))
}

const unseen = (id: AlertId, reason: string): AlertCheck => ({
  ...id,
  node: wholeCluster,
  severity: 'warning',
  graceMs: 0,
  keepFiringMs: 0,
  verdict: unknown(reason),
})

function checkOne<O>(invariant: Invariant<O>, observation: O, node: string): Verdict {
  try {
    return invariant.check(observation, node)
  } catch (error) {
    return unknown(`the check itself failed: ${String(error)}`)
  }
}

/** Violated where the monitor is blind: for each node, or once for the cluster when no node can be observed at all. */
function checkSight(
  subject: string,
  nodes: readonly string[],
  checks: Check[],
  explanations: readonly string[],
  ownGraceMs?: number,
): Check[] {
  // A check that is known only at run time may be about a node that was never declared.
  const placeOf = ({ node }: Check) => (nodes.includes(node) ? node : wholeCluster)
  const blind = (node: string) =>
    checks.filter((check) => placeOf(check) === node && check.verdict.kind === 'unknown')
  const judged = checks.filter((c) => c.verdict.kind !== 'not_applicable')
  const blindEverywhere = judged.length > 0 && judged.every((c) => c.verdict.kind === 'unknown')
  const at = (node: string, verdict: Verdict, graceMs = blindGraceMs): Check => ({
    key: violationKey(subject, unobservable, node),
    invariant: unobservable,
    node,
    ...unobservableRule,
    graceMs: ownGraceMs ?? graceMs,
    inhibitedBy: node === wholeCluster ? [] : explanations,
    inhibitedAnywhereBy: [],
    verdict,
  })
  if (blindEverywhere) {
    const nodesUnjudged = nodes.map((node) => at(node, unknown('no node can be observed')))
    return [at(wholeCluster, violated(`nothing can be observed: ${reasonOf(checks)}`)), ...nodesUnjudged]
  }
  return [...nodes, wholeCluster].map((node) => {
    const unseen = blind(node)
    if (unseen.length === 0) return at(node, ok)
    const names = unseen.map((c) => c.invariant).join(', ')
    const graceMs = judged.every((c) => placeOf(c) !== node || unseen.includes(c))
      ? blindGraceMs
      : partlyBlindGraceMs
    return at(node, violated(`cannot tell ${names}: ${reasonOf(unseen)}`), graceMs)
  })
}

function reasonOf(checks: readonly Check[]): string {
  const first = checks.find((c) => c.verdict.kind === 'unknown')?.verdict
  return first?.kind === 'unknown' ? first.reason : 'no reason given'
}

/** Whether another violation explains this one: then it gets no ticket of its own. */
export function isInhibited(
  check: Check,
  isViolated: (invariant: string, node: string) => boolean,
  nodes: readonly string[],
) {
  const places = check.node === wholeCluster ? [...nodes, wholeCluster] : [check.node, wholeCluster]
  const anywhere = [...nodes, wholeCluster]
  return (
    check.inhibitedBy.some((invariant) => places.some((node) => isViolated(invariant, node))) ||
    check.inhibitedAnywhereBy.some((invariant) => anywhere.some((node) => isViolated(invariant, node)))
  )
}
