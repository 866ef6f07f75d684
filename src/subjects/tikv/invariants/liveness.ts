import { ok, unknown, violated } from '../../../core/watch/invariant.ts'
import { isThere } from '../../shared/client/reach.ts'
import { cutPerSecond } from '../observe/links.ts'
import type { TikvObservation } from '../observe/observation.ts'
import { isRemoved, nodesOf, perNode, type TikvInvariant } from './shared.ts'

const nodeDown: TikvInvariant = {
  name: 'node_down',
  scope: 'node',
  severity: 'critical',
  // One look is proof enough: the port refused, or the node was silent for a whole second while others answered.
  graceMs: 0,
  keepFiringMs: 2_000,
  explainsUnobservable: true,
  description: 'The node does not answer: its process is gone or stuck, or the network does not reach it.',
  source: 'tikv blacker.rules.yml: probe_success == 0 for 1 m; PD itself sees a dead store only after 20 s',
  check(observation, name) {
    const node = observation.nodes[name]
    if (isRemoved(node)) return ok
    return node ? isThere(name, node) : unknown('not observed')
  },
}

/** PDs that live, that are gone, and that there are, also those that no endpoint names. */
function countPds(observation: TikvObservation) {
  const { knownMembers, otherMembers } = observation.cluster
  const pds = nodesOf(observation, 'pd')
  const others = otherMembers ?? []
  const all = Math.max(knownMembers ?? 0, pds.length)
  return {
    majority: Math.floor(all / 2) + 1,
    all,
    live:
      pds.filter(([, { reach }]) => reach === 'answered').length + others.filter((one) => one.healthy).length,
    gone: pds.filter(([, { healthy, reach }]) => reach !== 'answered' && healthy === false).length,
  }
}

const pdNoQuorum: TikvInvariant = {
  name: 'pd_no_quorum',
  scope: 'cluster',
  severity: 'critical',
  graceMs: 3_000,
  keepFiringMs: 2_000,
  description: 'Fewer than a majority of the PDs live: no timestamps, no routes for clients, no scheduling.',
  source: 'etcd mixin: etcdInsufficientMembers (3 m there), for the etcd in PD',
  check(observation) {
    const { majority, all, live, gone } = countPds(observation)
    if (all - gone < majority)
      return violated(`${live} of ${all} PDs live; ${majority} are needed`, { live, majority })
    // That one of them is led proves a majority, however few of them are endpoints.
    const led = nodesOf(observation, 'pd').some(([, node]) => node.led === true)
    if (led || live >= majority) return ok
    return unknown(`${live} of ${all} PDs are known to live`)
  },
}

const pdLeaderless: TikvInvariant = {
  name: 'pd_leaderless',
  scope: 'cluster',
  severity: 'critical',
  // PD's lease is five seconds by default, and the election of the etcd in it takes up to six: after the end of a leader
  // nobody leads for 12 to 14 s.
  graceMs: 15_000,
  keepFiringMs: 2_000,
  description: 'Enough PDs live, and none leads, for longer than an election takes.',
  source:
    'PD answers 503 "redirect finds no leader" or 500 "redirect failed"; measured: 13 s after a kill -9',
  inhibitedBy: ['pd_no_quorum'],
  check(observation) {
    const pds = nodesOf(observation, 'pd')
    if (pds.some(([, { led }]) => led === true)) return ok
    const without = pds.filter(([, { led }]) => led === false)
    const waiting = pds.some(([, { led, reach }]) => led === null && reach === 'answered')
    if (without.length === 0 || waiting) return unknown('no PD says whether there is a leader')
    return violated(`no leader yet: ${without.map(([name]) => name).join(', ')} reach none`, {
      pds: without.length,
    })
  },
}

const pdNoLeader = perNode(
  'pd',
  {
    name: 'pd_no_leader',
    severity: 'critical',
    graceMs: 15_000,
    keepFiringMs: 2_000,
    description: 'The PD is up and reaches no leader, though others do: it is cut off from them.',
    source: 'PD answers 503 "redirect finds no leader" or 500 "redirect failed"',
    inhibitedBy: ['node_down', 'pd_no_quorum', 'pd_leaderless'],
  },
  ({ led }, name) => {
    if (led === null) return unknown(`${name} has not said yet who leads`)
    return led ? ok : violated(`${name} reaches no leader`)
  },
)

const otherPdsDown: TikvInvariant = {
  name: 'other_pd_down',
  scope: 'cluster',
  severity: 'critical',
  graceMs: 10_000,
  keepFiringMs: 5_000,
  description: 'A PD that is a member, and that no endpoint names, does not answer the others.',
  source: 'PD: GET /health; the same as node_down, by the word of the other PDs',
  inhibitedBy: ['pd_no_quorum', 'pd_leaderless'],
  check({ cluster }) {
    if (cluster.otherMembers === null) return unknown('no PD says which members answer')
    const down = cluster.otherMembers.filter(({ healthy }) => !healthy).map(({ name }) => name)
    return down.length === 0 ? ok : violated(`${down.join(', ')} does not answer the other PDs`)
  },
}

const storeNotServing = perNode(
  'tikv',
  {
    name: 'store_not_serving',
    severity: 'critical',
    graceMs: 1_000,
    keepFiringMs: 2_000,
    description:
      'The store lives and answers on its status port, but not on the one for clients and other stores: a gray failure.',
    source:
      'our own: grpc.health.v1 on the store’s port, NOT_SERVING or no answer. PD keeps such a store Up, as its heartbeats go out',
    inhibitedBy: ['node_down'],
  },
  ({ serving }, name) => {
    if (serving === null) return unknown('whether it serves gRPC is not known')
    return serving ? ok : violated(`${name} does not serve gRPC, though its status port answers`)
  },
)

const storeDiskStalled = perNode(
  'tikv',
  {
    name: 'store_disk_stalled',
    severity: 'warning',
    graceMs: 5_000,
    keepFiringMs: 5_000,
    description: 'The store serves, and its own check of its disk had no answer for a round.',
    source: 'tikv: grpc.health.v1 SERVICE_UNKNOWN, which its health controller sets for that',
    inhibitedBy: ['node_down', 'store_not_serving'],
  },
  ({ diskStalled }, name) => {
    if (diskStalled === null) return unknown('whether it serves gRPC is not known')
    return diskStalled ? violated(`${name} says that its disk does not answer`) : ok
  },
)

const peerUnreachable = perNode(
  'tikv',
  {
    name: 'peer_unreachable',
    severity: 'critical',
    graceMs: 3_000,
    keepFiringMs: 2_000,
    description:
      'Other stores cannot deliver their messages to this one, though it answers us: the way between is cut.',
    source:
      'tikv.rules.yml: TiKV_server_report_failure_msg_total{type="unreachable"} > 10 per s and store; here by the store that is not reached, so that it is named, and from 0.4 per s',
    inhibitedBy: ['node_down', 'store_not_serving'],
  },
  ({ undeliveredPerSecond }, name) => {
    if (undeliveredPerSecond === null) return unknown('not every other store says whether it reaches it')
    if (undeliveredPerSecond <= cutPerSecond) return ok
    const shown = Math.round(undeliveredPerSecond * 10) / 10
    return violated(`${shown} messages per second between ${name} and other stores are not delivered`, {
      perSecond: shown,
    })
  },
)

const regionsWithoutLeader: TikvInvariant = {
  name: 'regions_without_leader',
  scope: 'cluster',
  severity: 'critical',
  // An election takes one to two election timeouts, 10 s each by default.
  graceMs: 20_000,
  keepFiringMs: 2_000,
  description: 'Fewer regions are led than there are: what is in the others can be neither read nor written.',
  source:
    'our own: tikv_raftstore_region_count{type="leader"} of all stores against PD’s count, both as they were within the last seconds, since stores refresh theirs every 10 s. PD itself goes on showing the last leader that it heard of',
  inhibitedBy: ['pd_no_quorum', 'pd_leaderless'],
  check(observation) {
    const { regions, fewestRegions, otherStores } = observation.cluster
    if (regions === null || otherStores === null) return unknown('no PD says how many regions there are')
    const named = nodesOf(observation, 'tikv').filter(([, { listed }]) => listed !== 'removed')
    // A store that is no endpoint is known from PD only. What PD says about a store that it has lost is outdated.
    const others = otherStores
      .filter(({ state }) => state !== 'Tombstone')
      .map(({ address, state, leaders }) => ({
        name: address,
        leaders: state === 'Disconnected' || state === 'Down' ? 0 : leaders,
      }))
    // One that is down leads nothing; of one that could not be asked nobody knows.
    const stores = [
      ...named.map(([name, { leaders, healthy }]) => ({
        name,
        leaders: healthy === false ? (leaders ?? 0) : leaders,
      })),
      ...others,
    ]
    const led = stores.reduce((sum, { leaders }) => sum + (leaders ?? 0), 0)
    if (led >= regions) return ok
    const unsaid = stores.filter(({ leaders }) => leaders === null)
    if (unsaid.length > 0)
      return unknown(`${unsaid.map(({ name }) => name).join(', ')} does not say how many it leads`)
    if (fewestRegions === null)
      return unknown(`${led} of ${regions} regions are led, by numbers that may be old`)
    return led >= fewestRegions ? ok : violated(`${led} of ${regions} regions are led`, { led, regions })
  },
}

const restarting: TikvInvariant = {
  name: 'restarting',
  scope: 'node',
  severity: 'warning',
  graceMs: 0,
  keepFiringMs: 5_000,
  description: 'The process starts again and again.',
  source:
    'tikv.rules.yml, pd.rules.yml: changes(process_start_time_seconds[5m]) > 0; here three starts, as one may be a repair',
  inhibitedBy: ['node_down'],
  check(observation, name) {
    const node = observation.nodes[name]
    if (isRemoved(node)) return ok
    if (node?.reach !== 'answered') return unknown(node?.error ?? 'not observed')
    if (node.kind === 'tool') return ok
    const starts = node.starts ?? (node.recent?.startedAtSeconds == null ? null : 1)
    if (starts === null) return unknown(`${name} does not say when it started`)
    return starts < manyStarts
      ? ok
      : violated(`${name} was started ${starts} times within five minutes`, { starts })
  },
}
const manyStarts = 4

export const liveness = [
  nodeDown,
  pdNoQuorum,
  pdLeaderless,
  pdNoLeader,
  otherPdsDown,
  storeNotServing,
  storeDiskStalled,
  peerUnreachable,
  regionsWithoutLeader,
  restarting,
]
