import { type Invariant, ok, unknown, type Verdict, violated } from '../../../core/watch/invariant.ts'
import type { PdNode, StoreNode, StoreView, TikvNode, TikvObservation } from '../observe/observation.ts'
import type { PdSeries, StoreSeries } from '../observe/series.ts'

export type TikvInvariant = Invariant<TikvObservation>
type Facts = Pick<TikvInvariant, 'severity' | 'graceMs' | 'keepFiringMs' | 'description' | 'source'>

/** A node that cannot be observed must not look healthy in anything. */
export const notSeen = (node: TikvNode | undefined): Verdict =>
  unknown(node?.error ?? 'it did not answer this request')

/** A store that PD has removed belongs to the cluster no more: only `store_removed` has something to say of it. */
export const isRemoved = (node: TikvNode | undefined): boolean =>
  node?.kind === 'tikv' && node.listed === 'removed'

/** A check of each node of one kind; it says nothing about the others, except that they have to be seen. */
export function perNode<K extends TikvNode['kind']>(
  kind: K,
  facts: Omit<TikvInvariant, 'scope' | 'check'>,
  check: (node: Extract<TikvNode, { kind: K }>, name: string, observation: TikvObservation) => Verdict,
): TikvInvariant {
  return {
    ...facts,
    scope: 'node',
    check(observation, name) {
      const node = observation.nodes[name]
      if (isRemoved(node)) return ok
      if (node?.reach !== 'answered') return notSeen(node)
      if (node.kind !== kind) return ok
      return check(node as Extract<TikvNode, { kind: K }>, name, observation)
    },
  }
}

interface Limit extends Facts {
  name: string
  limit: number
  unit: string
  /** From the unit of the metric to that of the limit. */
  scale?: number
  inhibitedBy?: readonly string[]
}

export const unread = unknown('its metrics were not read, or not twice since it started')

export function limited(
  name: string,
  value: number | null,
  { limit, unit, scale = 1 }: Pick<Limit, 'limit' | 'unit' | 'scale'>,
): Verdict {
  if (value === null) return unknown(`${name} does not report what this needs`)
  const scaled = value * scale
  if (scaled <= limit) return ok
  const shown = Math.round(scaled * 10) / 10
  return violated(`${name}: ${shown} ${unit}, limit ${limit}`, { value: shown, limit })
}

/** On each store: one of its metrics, or what is made of several, must not exceed a limit. */
export function storeLimit(
  metric: keyof StoreSeries | ((recent: StoreSeries) => number | null),
  rule: Limit,
): TikvInvariant {
  return perNode('tikv', factsOf(rule), ({ recent }: StoreNode, name) => {
    if (!recent) return unread
    return limited(name, typeof metric === 'function' ? metric(recent) : recent[metric], rule)
  })
}

/** On each PD. */
export function pdLimit(
  metric: keyof PdSeries | ((recent: PdSeries) => number | null),
  rule: Limit,
): TikvInvariant {
  return perNode('pd', factsOf(rule), ({ recent }: PdNode, name) => {
    if (!recent) return unread
    return limited(name, typeof metric === 'function' ? metric(recent) : recent[metric], rule)
  })
}

function factsOf({ limit: _, unit: __, scale: ___, ...facts }: Limit) {
  return { inhibitedBy: ['node_down'], ...facts }
}

/** Share of one number in another; 0 if the other is 0. */
export function shareOf(part: number | null, whole: number | null): number | null {
  if (part === null || whole === null) return null
  return whole === 0 ? 0 : part / whole
}

export const nodesOf = <K extends TikvNode['kind']>(
  { nodes }: TikvObservation,
  kind: K,
): [string, Extract<TikvNode, { kind: K }>][] =>
  Object.entries(nodes).filter(
    (entry): entry is [string, Extract<TikvNode, { kind: K }>] => entry[1].kind === kind,
  )

export const percent = (share: number): number => Math.round(share * 1000) / 10

/** A check of each store as PD has it. */
export interface StoreRule {
  facts: Omit<TikvInvariant, 'name' | 'scope' | 'check'>
  check(store: StoreView, name: string, observation: TikvObservation): Verdict
}

/** A rule for each store that is an endpoint. */
export const ofNamed = (name: string, { facts, check }: StoreRule): TikvInvariant =>
  perNode('tikv', { name, ...facts }, ({ store, listed }, node, observation) => {
    if (store) return check(store, node, observation)
    return unknown(
      listed === 'no' ? 'PD lists no store at this address' : 'no PD says how it sees this store',
    )
  })

/** A rule for the stores that only PD knows. They have no node here, so all of them share one ticket. */
export const ofOthers = (name: string, { facts, check }: StoreRule): TikvInvariant => ({
  name,
  scope: 'cluster',
  ...facts,
  inhibitedBy: ['pd_no_quorum', 'pd_leaderless'],
  check(observation) {
    const others = observation.cluster.otherStores
    if (others === null) return unknown('no PD says which stores there are')
    const verdicts = others
      .filter(({ state }) => state !== 'Tombstone')
      .map((store) => check(store, store.address, observation))
    const bad = verdicts.flatMap((one) => (one.kind === 'violated' ? [one] : []))
    if (bad.length > 0)
      return violated(bad.map(({ message }) => message).join('; '), { stores: bad.length, ...bad[0]?.values })
    return verdicts.find(({ kind }) => kind === 'unknown') ?? ok
  },
})
