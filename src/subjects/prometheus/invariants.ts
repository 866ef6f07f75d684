import { type Invariant, ok, unknown, violated } from '../../core/watch/invariant.ts'
import { isThere } from '../shared/client/reach.ts'
import { newClientInvariants } from '../shared/new-clients.ts'
import type { PrometheusObservation } from './observation.ts'

// Invariants of Prometheus itself. For the alerts of its rules, see alerts.ts.

const down: Invariant<PrometheusObservation> = {
  name: 'prometheus_down',
  scope: 'node',
  severity: 'critical',
  graceMs: 5_000,
  keepFiringMs: 2_000,
  explainsUnobservable: true,
  description: 'Prometheus does not answer: nothing that its rules watch is seen.',
  source: 'our own: GET /-/ready; awesome-prometheus-alerts has PrometheusJobMissing for a second Prometheus',
  check: ({ nodes }, name) => (nodes[name] ? isThere(name, nodes[name]) : unknown('not observed')),
}

const notReady: Invariant<PrometheusObservation> = {
  name: 'prometheus_not_ready',
  scope: 'node',
  severity: 'warning',
  // It reads its write-ahead log first, which takes minutes where it is large.
  graceMs: 60_000,
  keepFiringMs: 2_000,
  inhibitedBy: ['prometheus_down'],
  description: 'Prometheus answers that it is not ready to serve: it is starting or going down.',
  source: 'Prometheus: GET /-/ready answers 503 until it is',
  check({ nodes }, name) {
    const node = nodes[name]
    if (node?.reach !== 'answered') return unknown(node?.error ?? 'not observed')
    return node.ready ? ok : violated(`${name} is not ready: it is starting, or going down`)
  },
}

const noRules: Invariant<PrometheusObservation> = {
  name: 'no_rules',
  scope: 'cluster',
  severity: 'warning',
  graceMs: 60_000,
  keepFiringMs: 2_000,
  description: 'There is no alerting rule at all, so nothing is watched.',
  source: 'our own: rule_files of Prometheus may find no file, which it does not call an error',
  check({ rules }) {
    if ('unknown' in rules) return unknown(rules.unknown)
    return rules.length > 0 ? ok : violated('there is no alerting rule: nothing is watched')
  },
}

export const invariants: Invariant<PrometheusObservation>[] = [
  down,
  notReady,
  noRules,
  ...newClientInvariants<PrometheusObservation>({ down: 'prometheus_down', asked: 'GET /-/ready' }),
]
