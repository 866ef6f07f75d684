import { readFileSync } from 'node:fs'
import { type Invariant, ok, unknown } from '../../core/watch/invariant.ts'
import type { Subject } from '../../core/watch/subject.ts'
import { isThere } from '../shared/client/reach.ts'
import { alerts } from './alerts.ts'
import { type AlertmanagerObservation, connect } from './observe.ts'

const down: Invariant<AlertmanagerObservation> = {
  name: 'alertmanager_down',
  scope: 'node',
  severity: 'critical',
  graceMs: 5_000,
  keepFiringMs: 2_000,
  explainsUnobservable: true,
  description: 'Alertmanager does not answer: nobody is notified of anything.',
  source: 'our own: GET /-/ready; kube-prometheus has AlertmanagerClusterDown for half of a cluster',
  check: ({ nodes }, name) => (nodes[name] ? isThere(name, nodes[name]) : unknown('not observed')),
}

/** Without it, a monitor that only receives would have nothing to see while no alert fires. */
const unread: Invariant<AlertmanagerObservation> = {
  name: 'notifications_unread',
  scope: 'cluster',
  severity: 'critical',
  graceMs: 5_000,
  keepFiringMs: 2_000,
  description: 'Notifications are received, and cannot be read: what they tell is not known.',
  source: 'our own: the database that they are stored in',
  check: ({ received }) => ('unknown' in received ? unknown(received.unknown) : ok),
}

export const alertmanager: Subject<AlertmanagerObservation> = {
  name: 'alertmanager',
  title: 'anything that an Alertmanager is told of, by its webhook and its API',
  invariants: [down, unread],
  connect: (endpoints, options) => connect(endpoints, options),
  alerts,
  prompt: readFileSync(new URL('./prompt.md', import.meta.url), 'utf8'),
}
