import {
  type Invariant,
  notApplicable,
  ok,
  unknown,
  type Verdict,
  violated,
} from '../../../core/watch/invariant.ts'
import type { EtcdNode, EtcdObservation, Recent } from '../observe/observation.ts'

/** A node that cannot be observed must not look healthy in anything. */
export function notSeen(node: EtcdNode | undefined): Verdict {
  return unknown(node?.error ?? 'it did not answer this request')
}

/** A node that is proven to be down has a ticket of its own, and holds no verdict about others up. */
const isDown = (node: EtcdNode): boolean => node.reach !== 'answered' && node.healthy === false

/**
 * Verdict on several nodes when no problem was found: `ok` if all of them reported what is needed (`has`), otherwise unknown,
 * since the problem may be at a node that did not report.
 */
export function okIfAllTold(
  { nodes }: EtcdObservation,
  has: (node: EtcdNode, name: string) => boolean,
): Verdict {
  const missing = Object.entries(nodes).filter(([name, node]) => !isDown(node) && !has(node, name))
  if (missing.length === Object.keys(nodes).length) return unknown('no member tells')
  if (missing.length > 0) return unknown(`not told by ${missing.map(([name]) => name).join(', ')}`)
  return Object.values(nodes).every(isDown) ? unknown('every member is down') : ok
}

/** Rates need two observations of the same process. */
export function notCounted(node: EtcdNode | undefined): Verdict {
  return unknown(node?.error ?? 'its metrics were not read twice since it started')
}

type Facts = Pick<
  Invariant<EtcdObservation>,
  'severity' | 'graceMs' | 'keepFiringMs' | 'description' | 'source'
>

/** On each node: one of its recent metrics must not exceed a limit. */
export function recentLimit(
  name: string,
  metric: keyof Recent,
  limit: number,
  unit: string,
  facts: Facts & { inhibitedBy: readonly string[] },
): Invariant<EtcdObservation> {
  return {
    name,
    scope: 'node',
    ...facts,
    check(observation, node) {
      const recent = observation.nodes[node]?.recent
      if (!recent) return notCounted(observation.nodes[node])
      const value = recent[metric]
      if (value === 'absent') return notApplicable(`${node} does not have this metric`)
      if (value === 'not yet') return notApplicable(`${node} started too lately to have measured this`)
      if (value === null) return unknown(`${node} does not report what this needs`)
      if (value <= limit) return ok
      const shown = Math.round(value * 10) / 10
      return violated(`${node}: ${shown} ${unit}, limit ${limit}`, { value: shown, limit })
    },
  }
}
