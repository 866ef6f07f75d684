import type { Fact } from 'operator-sre'
import type { RedisObservation } from './observe.ts'

/** What a repair has to preserve. Where a node is not seen, nothing is said: that proves no loss. */
export function facts({ nodes }: RedisObservation): Fact[] {
  const seen = Object.entries(nodes).flatMap(([name, { info }]) => (info ? [{ name, info }] : []))
  const primaries = seen.filter(({ info }) => info.role === 'master')
  const [primary] = primaries
  const facts: Fact[] = seen.map(({ name, info }) => ({
    name: 'version',
    node: name,
    value: info.version,
    keep: 'free',
  }))
  if (!primary || primaries.length > 1 || seen.length < Object.keys(nodes).length) return facts
  return [
    ...facts,
    { name: 'primary', value: primary.name, keep: 'free' },
    // The load deletes nothing, and no key of it expires.
    { name: 'keys', value: primary.info.keys, keep: 'grows', vital: true },
    { name: 'copies', value: primary.info.connectedReplicas, keep: 'same' },
  ]
}
