import { type AlertCheck, type AlertId, alertKey } from '../../core/watch/alert.ts'
import {
  notApplicable,
  ok,
  unknown,
  type Verdict,
  violated,
  wholeCluster,
} from '../../core/watch/invariant.ts'
import type { WatchSettings } from '../../core/watch/subject.ts'
import { matchersOf } from './matchers.ts'
import type { ActiveAlert, Labels, ObservedRule, PrometheusObservation } from './observation.ts'
import { readExpression } from './rules/promql.ts'
import type { Rule } from './rules/rule.ts'
import { severityOf } from './severity.ts'

/** The label of a target's address, which Prometheus adds to everything that it scrapes. */
export const defaultNodeLabel = 'instance'

/**
 * Each alert that is active, each that is followed and no longer active, and each rule that has none. What is not active any more
 * is clear only where its target still tells: a target that is gone takes its alerts with it, and heals nothing.
 */
export function alerts(
  observation: PrometheusObservation,
  open: readonly AlertId[],
  settings: WatchSettings,
): AlertCheck[] {
  const { nodeLabel = defaultNodeLabel } = settings
  const isWanted = settings.match === undefined ? () => true : matchersOf(settings.match)
  const checkOf = (
    rule: Pick<Rule, 'name' | 'forMs' | 'keepFiringMs'>,
    labels: Labels,
    verdict: Verdict,
  ) => ({
    name: rule.name,
    labels,
    node: labels[nodeLabel] || wholeCluster,
    severity: severityOf(labels),
    graceMs: rule.forMs,
    keepFiringMs: rule.keepFiringMs,
    verdict,
  })
  const { rules } = observation
  if ('unknown' in rules)
    return open.map(({ name, labels }) =>
      checkOf({ name, forMs: 0, keepFiringMs: 0 }, labels, unknown(rules.unknown)),
    )

  const found = new Map<string, AlertCheck>()
  const add = (check: AlertCheck) => {
    const key = alertKey('', check)
    const other = found.get(key)
    if (!other || rank(check.verdict) > rank(other.verdict)) found.set(key, check)
  }
  for (const { rule, state } of rules) {
    if (state.kind === 'unknown') continue
    for (const alert of state.alerts) {
      if (!isWanted({ ...alert.labels, alertname: rule.name })) continue
      // Prometheus has waited for it already.
      const forMs = alert.phase === 'firing' ? 0 : rule.forMs
      add(checkOf({ ...rule, forMs }, alert.labels, violation(alert, rule, observation)))
    }
  }
  const byName = Map.groupBy(rules, ({ rule }) => rule.name)
  for (const id of open) {
    if (found.has(alertKey('', id))) continue
    const observed = byName.get(id.name) ?? []
    const rule = observed[0]?.rule ?? { name: id.name, forMs: 0, keepFiringMs: 0 }
    add(checkOf(rule, id.labels, goneVerdict(id, observed, observation)))
  }
  for (const observed of rules) {
    const { rule, state } = observed
    const labels = staticLabels(rule)
    const isActive = state.kind === 'evaluated' && state.alerts.length > 0
    if (isActive || found.has(alertKey('', { name: rule.name, labels }))) continue
    if (isWanted({ ...labels, alertname: rule.name }))
      add(checkOf(rule, labels, quietVerdict(observed, observation)))
  }
  return [...found.values()]
}

const rank = ({ kind }: Verdict): number => ['not_applicable', 'ok', 'unknown', 'violated'].indexOf(kind)

/** Labels that all alerts of a rule have. */
const staticLabels = ({ labels }: Rule): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([, text]) => !text.includes('{{')))

function violation(alert: ActiveAlert, rule: Rule, { graphAt }: PrometheusObservation): Verdict {
  const { labels, annotations, value } = alert
  if (readExpression(rule.expr)?.isConstant)
    return notApplicable('it always fires, to prove that alerts are delivered: it tells nothing of a system')
  const { summary, description, message } = annotations
  const said = [summary, description ?? message].flatMap((text) => text?.trim() || [])
  return violated(said.join('\n') || `${rule.name} is firing`, {
    value: Number.isFinite(value) ? value : String(value),
    ...labels,
    ...Object.fromEntries(Object.entries(annotations).map(([name, text]) => [`annotation ${name}`, text])),
    rule: rule.place,
    expression: rule.expr,
    graph: `${graphAt}/graph?g0.expr=${encodeURIComponent(rule.expr)}&g0.tab=1`,
  })
}

/** Verdict on an alert that is followed and that its rule does not find any more. */
function goneVerdict(
  id: AlertId,
  observed: readonly ObservedRule[],
  observation: PrometheusObservation,
): Verdict {
  if (observed.length === 0) return unknown('no rule of this name is evaluated any more')
  for (const { state } of observed) if (state.kind === 'unknown') return unknown(state.reason)
  // The rule alerts on absence, so finding nothing is its good state.
  if (observed.some(({ expression }) => expression?.asksForAbsence)) return ok
  const { targets } = observation
  if (targets === null) return unknown('Prometheus did not tell which of its targets are up')
  const own = ['instance', 'job'].flatMap((name) => {
    const value = id.labels[name]
    const isOfRule = observed.some(({ rule }) => Object.hasOwn(rule.labels, name))
    return value === undefined || isOfRule ? [] : [[name, value] as const]
  })
  const target = own.map(([name, value]) => `${name}=${value}`).join(', ')
  const matching = targets.filter(({ labels }) => own.every(([name, value]) => labels[name] === value))
  // An exporter that answers and has no such series any more says so: a deleted pod does not crash.
  if (own.length > 0 && matching.length > 0)
    return matching.some(({ isUp }) => isUp)
      ? ok
      : unknown(`its target is down, and its series with it (${target})`)
  const hasSource = observation.sources.get(alertKey('', id))
  // Labels that the expression itself makes are on no series.
  if (hasSource || (own.length === 0 && changesLabels(observed))) return ok
  return unknown(
    own.length > 0
      ? `its target is gone (${target}): nothing tells whether it is well`
      : 'the series that it was about are gone: nothing tells whether it is well',
  )
}

const changesLabels = (observed: readonly ObservedRule[]): boolean =>
  observed.some(({ rule }) => /\blabel_(replace|join)\b|\bcount_values\b/.test(rule.expr))

/** Verdict on a rule that finds nothing and has no alert that is followed. */
function quietVerdict(observed: ObservedRule, observation: PrometheusObservation): Verdict {
  if (observed.state.kind === 'unknown') return unknown(observed.state.reason)
  const missing = missingIn(observed, observation)
  if (missing === 'not told') return unknown('Prometheus did not tell which metrics there are')
  return missing === null
    ? ok
    : notApplicable(`a dead rule: none of its metrics exists (${missing.join(', ')})`)
}

/** The metrics of a rule that none of has a sample; null: it has one at least, or needs none. */
function missingIn(
  { expression }: ObservedRule,
  { metrics }: PrometheusObservation,
): string[] | null | 'not told' {
  if (expression === null || expression.isOpen || expression.metrics.length === 0) return null
  if (metrics === null) return 'not told'
  return expression.metrics.some((name) => metrics.has(name)) ? null : expression.metrics
}
