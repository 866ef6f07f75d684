import { notApplicable, ok, unknown, violated } from '../../../core/watch/invariant.ts'
import { nodesOf, notSeen, ofNamed, ofOthers, percent, type StoreRule, type TikvInvariant } from './shared.ts'

// The state of the stores as PD sees it, which places the replicas: of endpoints, and of stores that only PD knows.

/** Stores send a heartbeat every 10 s, and none of their own when the leader changes. */
const heardByMs = 15_000

const disconnected: StoreRule = {
  facts: {
    severity: 'critical',
    graceMs: 5_000,
    keepFiringMs: 2_000,
    description:
      'PD has had no heartbeat of the store for 20 s or, when it is Down, for 30 minutes, and moves its replicas.',
    source:
      'pd.rules.yml: PD_cluster_down_store_nums, PD_cluster_lost_connect_store_nums, PD_cluster_unhealthy_store_nums; states: pd core/store.go',
    inhibitedBy: ['node_down', 'pd_no_quorum', 'pd_leaderless'],
  },
  check({ state }, name, { cluster }) {
    switch (state) {
      case 'Up':
        return ok
      case 'Disconnected':
      case 'Down':
        // A new leader knows heartbeats of up to five minutes ago only, until each store has sent the next one.
        return (cluster.leadership.seenForMs ?? 0) < heardByMs
          ? unknown(`PD has ${name} as ${state}, and its leader may not have heard every store yet`)
          : violated(`PD has ${name} as ${state}`, { state })
      // Somebody is removing it on purpose.
      case 'Offline':
      case 'Tombstone':
        return ok
      case null:
        return unknown('PD does not say in which state it is')
      default:
        return state satisfies never
    }
  },
}

const tooSlow = 80
const slow: StoreRule = {
  facts: {
    severity: 'warning',
    graceMs: 10_000,
    keepFiringMs: 5_000,
    description:
      'The store is so slow that PD takes leaders away from it, or so busy that it refuses snapshots.',
    source: 'pd.rules.yml: PD_cluster_slow_tikv_nums; slow score 80 of 100: pd core/store.go',
    inhibitedBy: ['node_down', 'store_disconnected'],
  },
  check({ slowScore, busy }, name) {
    if (slowScore != null && slowScore >= tooSlow)
      return violated(`${name} has a slow score of ${slowScore}`, { slowScore })
    if (busy) return violated(`${name} says that it is busy`)
    if (slowScore === undefined) return notApplicable('it has no slow score')
    return slowScore === null ? unknown('PD does not say how slow it is') : ok
  },
}

const tooSlowNetwork = 95
const networkSlow: StoreRule = {
  facts: {
    severity: 'warning',
    graceMs: 10_000,
    keepFiringMs: 5_000,
    description: 'The network between the store and another one is slow, as they measure it themselves.',
    source: 'pd: evict_slow_store.go, networkSlowStoreIssueThreshold 95; network_slow_score since 8.5.4',
    inhibitedBy: ['node_down', 'store_disconnected', 'peer_unreachable'],
  },
  check({ networkSlowScores }, name) {
    if (networkSlowScores === null) return unknown('PD does not say how slow its network is')
    const slow = Object.entries(networkSlowScores ?? {}).filter(([, score]) => score >= tooSlowNetwork)
    if (slow.length > 0)
      return violated(`${name} has a slow way to ${slow.map(([id]) => `store ${id}`).join(', ')}`, {
        slowScore: Math.max(...slow.map(([, score]) => score)),
      })
    return ok
  },
}

const leastFree = 0.2
const lowSpace: StoreRule = {
  facts: {
    severity: 'warning',
    graceMs: 2_000,
    keepFiringMs: 5_000,
    description: 'The disk of the store is nearly full. When it is full, the store refuses writes or ends.',
    source:
      'tikv.rules.yml: available / capacity < 0.2; pd.rules.yml: PD_cluster_low_space. PD ignores low space while a cluster is small, so by the numbers',
  },
  check({ capacityBytes, availableBytes }, name) {
    if (capacityBytes === null || availableBytes === null || capacityBytes === 0)
      return unknown(`PD does not know the space of ${name}`)
    const free = availableBytes / capacityBytes
    return free >= leastFree
      ? ok
      : violated(`${name} has ${percent(free)} % of its disk free`, { freePercent: percent(free) })
  },
}

const slowByPd: TikvInvariant = {
  name: 'stores_slow_by_trend',
  scope: 'cluster',
  severity: 'warning',
  graceMs: 10_000,
  keepFiringMs: 5_000,
  description: 'PD counts more stores as slow than have a high slow score: it has seen them become slower.',
  source: 'pd.rules.yml: PD_cluster_slow_tikv_nums > 0, which also counts stores evicted by their slow trend',
  inhibitedBy: ['store_slow', 'other_store_slow', 'pd_no_quorum', 'pd_leaderless'],
  check({ cluster }) {
    const slow = cluster.told?.slowStores ?? null
    if (slow === null) return unknown(untold)
    return slow === 0 ? ok : violated(`PD counts ${slow} slow stores`, { stores: slow })
  },
}
/** Reason for a number that only the leader's metrics have. */
export const untold = 'the leader of the PDs is no endpoint, or its metrics were not read'

const unwatched: TikvInvariant = {
  name: 'stores_unwatched',
  scope: 'cluster',
  severity: 'info',
  graceMs: 60_000,
  keepFiringMs: 5_000,
  description: 'PD lists a store that is no endpoint, while others are: it is watched through PD only.',
  source: 'our own: a store that was added and not told to the monitor',
  inhibitedBy: ['pd_no_quorum', 'pd_leaderless'],
  check(observation) {
    // If only PDs are endpoints, the user wants all stores to be watched through PD.
    if (nodesOf(observation, 'tikv').length === 0) return notApplicable('no store is an endpoint')
    const others = observation.cluster.otherStores
    if (others === null) return unknown('no PD says which stores there are')
    const unnamed = others.filter(({ state }) => state !== 'Tombstone').map(({ address }) => address)
    return unnamed.length === 0 ? ok : violated(`no endpoint names ${unnamed.join(', ')}`)
  },
}

const removed: TikvInvariant = {
  name: 'store_removed',
  scope: 'node',
  severity: 'info',
  graceMs: 60_000,
  keepFiringMs: 0,
  description:
    'The endpoint is not a store of this cluster: it was removed, or PD has another address for it.',
  source: 'our own. PD lists removed stores (Tombstone) only when they are asked for',
  inhibitedBy: ['pd_no_quorum', 'pd_leaderless'],
  check(observation, name) {
    const node = observation.nodes[name]
    if (!node) return notSeen(node)
    if (node.kind !== 'tikv') return node.reach === 'answered' ? ok : notSeen(node)
    switch (node.listed) {
      case 'yes':
        return node.reach === 'answered' ? ok : notSeen(node)
      case 'removed':
        return violated(`PD has removed ${name}: take it out of the endpoints`)
      case 'no':
        return violated(`PD lists no store at the address of ${name}`)
      case null:
        return unknown('no PD says which stores there are')
      default:
        return node.listed satisfies never
    }
  },
}

const clusterSpace: TikvInvariant = {
  name: 'cluster_space',
  scope: 'cluster',
  severity: 'warning',
  graceMs: 10_000,
  keepFiringMs: 5_000,
  description: 'All stores together are nearly full, so replicas cannot be moved.',
  source: 'pd.rules.yml: PD_cluster_store_space_used_more_than_80%',
  inhibitedBy: ['pd_no_quorum', 'pd_leaderless'],
  check({ cluster }) {
    if (cluster.stores === null) return unknown('no PD says how large the stores are')
    const stores = cluster.stores.filter(({ state }) => state !== 'Tombstone')
    const sizes = stores.flatMap(({ capacityBytes, availableBytes }) =>
      capacityBytes && availableBytes !== null ? [{ capacityBytes, availableBytes }] : [],
    )
    // The one that is missing may be the full one.
    if (sizes.length < stores.length || sizes.length === 0)
      return unknown('PD does not know the space of every store')
    const total = sizes.reduce((sum, one) => sum + one.capacityBytes, 0)
    const used = 1 - sizes.reduce((sum, one) => sum + one.availableBytes, 0) / total
    return used <= 0.8
      ? ok
      : violated(`${percent(used)} % of all stores is used`, { usedPercent: percent(used) })
  },
}

export const stores = [
  ofNamed('store_disconnected', disconnected),
  ofOthers('other_store_disconnected', disconnected),
  ofNamed('store_slow', slow),
  ofOthers('other_store_slow', slow),
  slowByPd,
  ofNamed('store_network_slow', networkSlow),
  ofOthers('other_store_network_slow', networkSlow),
  ofOthers('other_store_low_space', lowSpace),
  unwatched,
  removed,
  clusterSpace,
]
