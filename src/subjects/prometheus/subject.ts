import { readFileSync } from 'node:fs'
import type { Subject } from '../../core/watch/subject.ts'
import { alerts } from './alerts.ts'
import { invariants } from './invariants.ts'
import type { PrometheusObservation } from './observation.ts'
import { connect } from './observe.ts'

export const prometheus: Subject<PrometheusObservation> = {
  name: 'prometheus',
  title: 'anything that a Prometheus watches, by its alerting rules or by your own',
  invariants,
  connect: (endpoints, options) => connect(endpoints, options),
  alerts,
  prompt: readFileSync(new URL('./prompt.md', import.meta.url), 'utf8'),
}
