import { type Clock, systemClock } from '../../../core/clock.ts'
import { BadInput } from '../../../core/errors.ts'
import type { Access } from '../../../core/watch/access.ts'
import type { Connection } from '../../../core/watch/subject.ts'
import type { Endpoints } from '../../../core/watch/topology.ts'
import type { Client } from '../../shared/client/client.ts'
import { within } from '../../shared/client/deadline.ts'
import { healthOf, someAnswer } from '../../shared/client/reach.ts'
import { prometheusOf } from '../extras/prometheus.ts'
import { fewestWithin } from '../fewest.ts'
import { type LeaderSeen, leadershipTracker } from '../pd/leadership.ts'
import type { Members } from '../pd/pd.ts'
import { deadlineMs, flushMs, pdWatcher, storeWatcher, toolWatcher } from '../pd/watch.ts'
import { clusterViewer } from './cluster-view.ts'
import { roundTripsOf, undeliveredOf, wellTracker } from './link-reports.ts'
import { isMemberAt, isStoreAt, kindOf } from './nodes.ts'
import type {
  ClusterView,
  PdNode,
  StoreNode,
  StoreView,
  TikvNode,
  TikvObservation,
  ToolNode,
} from './observation.ts'
import { undeliveredMs } from './series.ts'

/** `tls` is for endpoints with `https`, and for the gRPC of the stores behind such. */
export interface ConnectOptions extends Access {
  clock?: Clock
}

/** By then, what etcd says of the way to a PD that was away is of the time since. */
const roundTripsAfterMs = 50_000
/** How long the leader's own answer is waited for once another PD has said who leads. */
const leaderFirstMs = 100

/** Looks at every node at once, and at the cluster through one PD that reaches the leader; all within one deadline. */
export function connect(
  endpoints: Endpoints,
  { clock = systemClock, tls = {}, credentials }: ConnectOptions = {},
): Connection<TikvObservation> {
  if (credentials)
    throw new BadInput('PD and TiKV know no users and passwords, only certificates: --ca, --cert, --key')
  const declared = Object.entries(endpoints).map(([name, endpoint]) => ({
    name,
    endpoint,
    kind: kindOf(name, endpoint),
  }))
  const of = (kind: ReturnType<typeof kindOf>) => declared.filter((one) => one.kind === kind)
  const pds = of('pd').map((one) => ({ ...one, watch: pdWatcher(one.endpoint, clock, tls) }))
  const stores = of('tikv').map((one) => ({ ...one, watch: storeWatcher(one.endpoint, clock, tls) }))
  const toolsLike = (kind: 'prometheus' | 'grafana', path: string) =>
    of(kind).map((one) => ({ ...one, watch: toolWatcher(one.endpoint, path, clock, tls) }))
  const tools = [...toolsLike('prometheus', '/-/healthy'), ...toolsLike('grafana', '/api/health')]
  const scraper = tools.find(({ kind }) => kind === 'prometheus')
  const metricsOf = scraper && prometheusOf(scraper.watch.client, clock)
  const viewOf = clusterViewer(clock)
  const leadershipOf = leadershipTracker()
  const fewest = fewestWithin(2 * flushMs)
  const storesWell = wellTracker(undeliveredMs)
  const pdsWell = wellTracker(roundTripsAfterMs)
  let known: ClusterView['stores'] = null
  let knownMembers: ClusterView['members'] = null
  /** Stores that PD has removed, by node name: it forgets those some day, and they are gone all the same. */
  const removed = new Set<string>()

  /** Client to ask for the cluster view: the leader, or else the first PD that reaches it. */
  async function clientToAsk(asking: readonly Promise<Members | 'silent'>[]): Promise<Client | null> {
    const clientAt = (i: number) => pds[i]?.watch.client ?? null
    const led = asking.map(async (one, i) => {
      const members = ledIn(await one)
      if (!members) throw notLed
      return { members, i }
    })
    const first = await Promise.any(led).catch(() => null)
    if (!first) return null
    const leader = first.members.members.find(({ name }) => name === first.members.leader)
    const at = pds.findIndex(({ name, endpoint }) => leader && isMemberAt(leader, name, endpoint))
    const own = led[at]
    if (!own || at === first.i) return clientAt(first.i)
    return await Promise.race([
      own.then(
        () => clientAt(at),
        () => clientAt(first.i),
      ),
      clock.sleep(leaderFirstMs).then(() => clientAt(first.i)),
    ])
  }

  return {
    async observe(signal) {
      signal.throwIfAborted()
      const startedAt = clock.now()
      const at = clock.monotonic()
      const [asked, seenPds, seenStores, seenTools, told] = await within(signal, deadlineMs, (until) => {
        const metrics = metricsOf?.(until)
        const asking = pds.map(({ watch }) => watch.members(until))
        return Promise.all([
          viewOf(clientToAsk(asking), until),
          Promise.all(
            pds.map(({ watch }, i) => watch.observe(at, until, asking[i] ?? Promise.resolve(null))),
          ),
          Promise.all(
            stores.map(({ name, endpoint, watch }) => {
              const view = known?.find((store) => isStoreAt(store, name, endpoint)) ?? null
              return watch.observe(at, until, view, metrics)
            }),
          ),
          Promise.all(tools.map(({ watch }) => watch.observe(at, until))),
          Promise.all(asking),
        ])
      })
      signal.throwIfAborted()
      const othersAnswer = someAnswer([...seenPds, ...seenStores, ...seenTools])
      const healthy = (node: Pick<TikvNode, 'reach'>, serves: boolean | null) =>
        healthOf(node.reach, { serves, othersAnswer })

      const { members = null, leader = null } = told.map(ledIn).find((one) => one !== null) ?? {}
      knownMembers = members ?? knownMembers
      known = asked.stores ?? known
      const memberAt = pds.map(({ name, endpoint }) =>
        knownMembers?.find((one) => isMemberAt(one, name, endpoint)),
      )
      const leading = leader === null ? -1 : memberAt.findIndex((one) => one?.name === leader)
      const viewAt = stores.map(({ name, endpoint }) => known?.find((one) => isStoreAt(one, name, endpoint)))
      stores.forEach(({ name }, i) => {
        if (viewAt[i]?.state === 'Tombstone') removed.add(name)
        else if (viewAt[i]) removed.delete(name)
      })

      const roundTrips = roundTripsOf(
        seenPds.map(({ reach, roundTrips }, i) => ({
          id: memberAt[i]?.id,
          reach,
          reports: roundTrips,
          lost:
            asked.health?.some(({ member, healthy }) => member.id === memberAt[i]?.id && !healthy) ?? false,
        })),
        pdsWell(
          at,
          seenPds.map(({ reach }) => reach === 'answered'),
        ),
      )
      const undelivered = undeliveredOf(
        seenStores.map(({ reach, undelivered }, i) => ({
          id: viewAt[i]?.id,
          reach,
          reports: undelivered,
          lost: viewAt[i]?.state !== 'Up' && viewAt[i]?.state != null,
        })),
        storesWell(
          at,
          seenStores.map(({ reach, serving }) => reach === 'answered' && serving !== false),
        ),
      )

      const nodes = new Map<string, TikvNode>()
      pds.forEach(({ name }, i) => {
        const { told: _, roundTrips: __, startedAt: ___, ...node } = seenPds[i] as (typeof seenPds)[number]
        const role = node.led ? ({ role: i === leading ? 'leader' : 'follower' } as const) : {}
        const view: PdNode = { ...node, ...role, peerP99Seconds: roundTrips[i] ?? null }
        nodes.set(name, { ...view, healthy: healthy(node, node.led) })
      })
      stores.forEach(({ name }, i) => {
        const { undelivered: _, ...node } = seenStores[i] as (typeof seenStores)[number]
        const store = asked.stores?.find(({ id }) => id === viewAt[i]?.id) ?? null
        const view: StoreNode = {
          ...node,
          store,
          listed: listedBy(asked.stores, store, removed.has(name)),
          undeliveredPerSecond: undelivered[i] ?? null,
        }
        nodes.set(name, { ...view, healthy: healthy(node, node.serving !== false) })
      })
      tools.forEach(({ name }, i) => {
        const node = seenTools[i] as ToolNode
        nodes.set(name, { ...node, healthy: healthy(node, true) })
      })

      const { health, ...parts } = asked
      const named = (store: StoreView) => viewAt.some((one) => one?.id === store.id)
      const cluster: ClusterView = {
        ...parts,
        members,
        leader,
        leadership: leadershipOf(at, leaderSeenIn(leader, seenPds[leading]?.startedAt ?? null, told)),
        otherMembers:
          health
            ?.filter(({ member }) => !pds.some(({ name, endpoint }) => isMemberAt(member, name, endpoint)))
            .map(({ member, healthy }) => ({ name: member.name, healthy })) ?? null,
        otherStores: asked.stores?.filter((store) => !named(store)) ?? null,
        fewestRegions: fewest(at, asked.regions),
        told: seenPds[leading]?.told ?? null,
        knownMembers: knownMembers?.length ?? null,
      }
      // In the order in which they were declared.
      const ordered = declared.flatMap(({ name }) => {
        const node = nodes.get(name)
        return node ? [[name, node] as const] : []
      })
      return { at: startedAt, nodes: Object.fromEntries(ordered), cluster }
    },
    async [Symbol.asyncDispose]() {
      for (const { watch } of [...pds, ...stores, ...tools]) watch[Symbol.dispose]()
    },
  }
}

const notLed = new Error('it reaches no leader')

const ledIn = (told: Members | 'silent') =>
  told !== null && told !== 'silent' && told.kind === 'led' ? told : null

function listedBy(
  all: readonly StoreView[] | null,
  store: StoreView | null,
  removed: boolean,
): StoreNode['listed'] {
  if (removed) return 'removed'
  if (all === null) return null
  return store ? 'yes' : 'no'
}

/** That nobody leads is known when somebody says so and nobody says otherwise. */
function leaderSeenIn(
  leader: string | null,
  startedAt: number | null,
  told: readonly (Members | 'silent')[],
): LeaderSeen {
  if (leader !== null) return { kind: 'leads', name: leader, startedAt }
  return told.some((one) => one !== null && one !== 'silent' && one.kind === 'leaderless')
    ? { kind: 'none' }
    : null
}
