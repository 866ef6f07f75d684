import { ok, unknown, violated } from '../../../core/watch/invariant.ts'
import type { StoreView } from '../observe/observation.ts'
import type { LeaderSeries } from '../observe/series.ts'
import type { TikvInvariant } from './shared.ts'
import { untold } from './stores.ts'

// The state of the regions as PD sees it, and whether PD may move them.

const inhibitedBy = ['pd_no_quorum', 'pd_leaderless']

/** Stores tell a new leader of PD about their regions at once, and it counts them every 10 s: before, it knows of fewer. */
const countedByMs = 30_000

/** Counts regions in some state. A tenth of a percent of many regions is normal; one of a few is not. */
function regionCheck(
  metric: keyof LeaderSeries,
  facts: Pick<TikvInvariant, 'name' | 'graceMs' | 'severity' | 'description' | 'source'>,
  what: string,
): TikvInvariant {
  return {
    scope: 'cluster',
    keepFiringMs: 5_000,
    inhibitedBy: ['node_down', ...inhibitedBy, 'store_not_serving'],
    ...facts,
    check({ cluster }) {
      const count = cluster.told?.[metric] ?? null
      if (count === null) return unknown(untold)
      if (cluster.regions === null) return unknown('no PD says how many regions there are')
      const allowed = Math.min(100, Math.floor(cluster.regions / 1_000))
      if (count > allowed) return violated(`${count} regions ${what}`, { count, regions: cluster.regions })
      const { tookOverMs } = cluster.leadership
      return tookOverMs !== null && tookOverMs < countedByMs
        ? unknown('the leader of the PDs is new and has not heard of every region yet')
        : ok
    },
  }
}

const source = (rule: string) => `${rule}; the leader’s pd_regions_status`

const regions = [
  regionCheck(
    'missPeer',
    {
      name: 'regions_miss_peer',
      severity: 'warning',
      graceMs: 60_000,
      description: 'Regions have fewer replicas than they should: the next failure may take their majority.',
      source: source(
        'pd.rules.yml: PD_miss_peer_region_count > 100; its label miss_peer_region_count is not the one that PD writes (miss-peer-region-count), so that the rule is dead',
      ),
    },
    'lack a replica',
  ),
  regionCheck(
    'downPeer',
    {
      name: 'regions_down_peer',
      severity: 'critical',
      graceMs: 30_000,
      description: 'Regions have a replica that their leader has not heard of for minutes.',
      source: source('pd.rules.yml: PD_down_peer_region_nums > 0'),
    },
    'have a replica that is down',
  ),
  regionCheck(
    'pendingPeer',
    {
      name: 'regions_pending_peer',
      severity: 'warning',
      graceMs: 60_000,
      description: 'Regions have a replica that is far behind and does not catch up.',
      source: source('pd.rules.yml: PD_pending_peer_region_count > 100, for 1 m'),
    },
    'have a replica that is behind',
  ),
  regionCheck(
    'extraPeer',
    {
      name: 'regions_extra_peer',
      severity: 'info',
      graceMs: 600_000,
      description: 'Regions have more replicas than they should for a long time: scheduling does not go on.',
      source: source('our own grace'),
    },
    'have a replica too many',
  ),
  regionCheck(
    'offlinePeer',
    {
      name: 'regions_offline_peer',
      severity: 'info',
      graceMs: 1_800_000,
      description: 'Replicas stay on a store that somebody takes away: scheduling does not go on.',
      source: source('our own grace'),
    },
    'have a replica on a store that is being taken away',
  ),
  regionCheck(
    'learnerPeer',
    {
      name: 'regions_learner_peer',
      severity: 'info',
      graceMs: 600_000,
      description: 'Replicas stay learners, which do not vote, for a long time.',
      source: source('our own grace'),
    },
    'have a learner',
  ),
  regionCheck(
    'oversized',
    {
      name: 'regions_oversized',
      severity: 'info',
      graceMs: 600_000,
      description: 'Regions stay far larger than they should be: they are not split, and slow to move.',
      source: source('our own grace'),
    },
    'are too large',
  ),
]

const noTargetStore: TikvInvariant = {
  name: 'no_target_store',
  scope: 'cluster',
  severity: 'warning',
  // Longer than the window: once does not count, PD tries again and again.
  graceMs: 90_000,
  keepFiringMs: 10_000,
  description:
    'PD wants to make or move a replica and finds no store for it: too few, too full, or the wrong labels.',
  source:
    'pd: pd_checker_event_count, no-store-add, no-store-replace, no-target-store and their like, over 1 m. Upstream had such a rule; our own grace',
  inhibitedBy: ['node_down', ...inhibitedBy],
  check({ cluster }) {
    const times = cluster.told?.noTargetStore ?? null
    if (times === null) return unknown(untold)
    return times === 0
      ? ok
      : violated(`PD found no store for a replica ${Math.round(times)} times`, { times })
  },
}

const balancing: TikvInvariant = {
  name: 'balancing_stopped',
  scope: 'cluster',
  severity: 'info',
  graceMs: 60_000,
  keepFiringMs: 5_000,
  description: 'A scheduler that balances leaders or regions was removed or is paused, or may do nothing.',
  source:
    'pd-ctl: scheduler show, config show; a forgotten `scheduler pause` is a common cause of hot stores. Our own',
  inhibitedBy: ['scheduling_halted', ...inhibitedBy],
  check({ cluster }) {
    if (cluster.scheduling === null) return unknown('no PD says which schedulers run')
    const { running, paused, zeroLimits } = cluster.scheduling
    const wanted = ['balance-leader-scheduler', 'balance-region-scheduler']
    const idle = wanted.filter((name) => !running.includes(name) || paused.includes(name))
    const why = [
      ...(idle.length > 0 ? [`not running: ${idle.join(', ')}`] : []),
      ...(zeroLimits.length > 0 ? [`set to 0: ${zeroLimits.join(', ')}`] : []),
    ]
    return why.length === 0 ? ok : violated(why.join('; '))
  },
}

const halted: TikvInvariant = {
  name: 'scheduling_halted',
  scope: 'cluster',
  severity: 'warning',
  graceMs: 60_000,
  keepFiringMs: 5_000,
  description:
    'PD moves and repairs nothing, as somebody set halt-scheduling; its schedulers are listed as before.',
  source: 'pd-ctl: config show, halt-scheduling. Our own',
  inhibitedBy,
  check({ cluster }) {
    if (cluster.scheduling === null) return unknown('no PD says whether scheduling is halted')
    return cluster.scheduling.halted ? violated('halt-scheduling is true') : ok
  },
}

/** Below that, one leader or one hot region more or less is no imbalance. */
const enoughLeaders = 30
const enoughHot = 10

const leaderBalance: TikvInvariant = {
  name: 'leaders_unbalanced',
  scope: 'cluster',
  severity: 'info',
  graceMs: 600_000,
  keepFiringMs: 10_000,
  description: 'One store leads far more regions than another, for long: it has most of the load.',
  source: 'tikv dashboards, overview; twice the mean, our own',
  inhibitedBy: [
    'node_down',
    'store_not_serving',
    'store_disconnected',
    'other_store_disconnected',
    ...inhibitedBy,
  ],
  check({ cluster }) {
    if (cluster.stores === null) return unknown('no PD says how many each store leads')
    const up = cluster.stores.filter(({ state }) => state === 'Up')
    if (up.length === 0 || cluster.stores.some(({ leaders, state }) => leaders === null || state === null))
      return unknown('PD does not say how many each store leads')
    const all = up.reduce((sum, { leaders }) => sum + (leaders ?? 0), 0)
    const most = up.toSorted((a, b) => (b.leaders ?? 0) - (a.leaders ?? 0))[0]
    const leads = most?.leaders ?? 0
    if (most && all >= enoughLeaders && leads > (2 * all) / up.length)
      return violated(`${hostName(most)} leads ${leads} of ${all} regions`, { leaders: leads, all })
    const { tookOverMs } = cluster.leadership
    return tookOverMs !== null && tookOverMs < countedByMs
      ? unknown('the leader of the PDs is new and has not heard of every region yet')
      : ok
  },
}
const hostName = ({ address }: StoreView): string => address.replace(/:\d+$/, '')

const hotBalance: TikvInvariant = {
  name: 'hot_regions_unbalanced',
  scope: 'cluster',
  severity: 'info',
  graceMs: 600_000,
  keepFiringMs: 10_000,
  description: 'One store leads most of the hot regions, for long: it is the bottleneck.',
  source:
    'pd: pd_hotspot_status, hot_write_region_as_leader and hot_read_region_as_leader; twice the mean, our own',
  inhibitedBy: ['leaders_unbalanced', ...inhibitedBy],
  check({ cluster }) {
    const [most, all] = [cluster.told?.hotLeaders ?? null, cluster.told?.hotLeadersOfAll ?? null]
    if (most === null || all === null || cluster.stores === null) return unknown(untold)
    if (cluster.stores.some(({ state }) => state === null))
      return unknown('PD does not say which stores are up')
    const up = cluster.stores.filter(({ state }) => state === 'Up').length
    return up === 0 || all < enoughHot || most <= (2 * all) / up
      ? ok
      : violated(`one store leads ${most} of ${all} hot regions`, { most, all })
  },
}

export const scheduling = [...regions, noTargetStore, halted, balancing, leaderBalance, hotBalance]
