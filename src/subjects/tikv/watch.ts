import type { Clock } from '../../core/clock.ts'
import type { NodeEndpoint } from '../../core/topology.ts'
import { type Client, clientOf, clockOffset, type Reply } from '../shared/client.ts'
import { diskWatcher } from '../shared/disk.ts'
import { errorOf, reachOf } from '../shared/reach.ts'
import { logFollower } from './log-file.ts'
import type { PdNode, StoreNode, StoreView, ToolNode } from './observation.ts'
import { askMembers, askStatus, isPd, type Members, membersFrom } from './pd.ts'
import { statusPort, storePort } from './ports.ts'
import type { StoreMetrics } from './prometheus.ts'
import { pdSeries, storeSeries } from './series.ts'
import { windowOf } from './window.ts'
import { type Channel, channelTo } from './wire/channel.ts'
import { healthCheck } from './wire/messages.ts'

/** The look that all of one cluster share a deadline for, in ms. */
export const deadlineMs = 1_000
const maxMetricsBytes = 8 << 20

export interface Watcher<N> extends Disposable {
  client: Client
  look(at: number, signal: AbortSignal): Promise<N>
}

/** Of a PD, with what it says of the members. */
export function pdWatcher(
  { url, dataPath, logPath }: NodeEndpoint,
  clock: Clock,
): Watcher<PdNode & { members: Members }> {
  const client = clientOf(url, clock)
  const window = windowOf(pdSeries)
  const disk = dataPath === undefined ? null : diskWatcher(dataPath)
  const logOf = logPath === undefined ? null : logFollower(logPath, clock)
  return {
    client,
    async look(at, signal) {
      const [status, membersReply, metrics, space, log] = await Promise.all([
        askStatus(client, signal),
        askMembers(client, signal),
        client.ask({ method: 'GET', path: '/metrics', signal, maxBytes: maxMetricsBytes }),
        disk?.(signal),
        logOf?.(signal),
      ])
      const members = membersFrom(membersReply)
      const recent = metrics.kind === 'answered' ? window.add(at, metrics.body) : null
      const starts = window.starts(at)
      const reach = reachOf([status, membersReply, metrics], isPd(status))
      return {
        ...{ kind: 'pd', healthy: null, reach, members },
        ...errorOf(reach, [status, membersReply, metrics], { who: 'PD', deadlineMs }),
        led: reach !== 'answered' || members === null ? null : members.kind === 'led',
        recent: reach === 'answered' ? (recent?.series ?? null) : null,
        starts: reach === 'answered' ? starts : null,
        clockOffsetMs: reach === 'answered' ? clockOffset(status) : null,
        ...(space !== undefined && { disk: space }),
        ...(log !== undefined && { log }),
      }
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  }
}

type SeenStore = StoreNode & { undelivered: Record<string, number> | null }

export interface StoreWatcher extends Disposable {
  /** `known`: how PD had it at the last look. `metrics`: of Prometheus; undefined: there is none, ask the store itself. */
  look(
    at: number,
    signal: AbortSignal,
    known: StoreView | null,
    metrics: Promise<StoreMetrics | null> | undefined,
  ): Promise<SeenStore>
}

/** Of a store: PD needs 20 s to notice that one is gone, its own ports say it at once. */
export function storeWatcher(endpoint: NodeEndpoint, clock: Clock): StoreWatcher {
  const { url, dataPath, logPath } = endpoint
  const client = clientOf(url, clock)
  const window = windowOf(storeSeries)
  const disk = dataPath === undefined ? null : diskWatcher(dataPath)
  const logOf = logPath === undefined ? null : logFollower(logPath, clock)
  let channel: { address: string; to: Channel } | null = null
  const served = async (address: string | null, signal: AbortSignal): Promise<boolean | null> => {
    if (address === null) return null
    if (channel?.address !== address) {
      channel?.to[Symbol.dispose]()
      channel = { address, to: channelTo(address) }
    }
    const answer = await channel.to.call(healthCheck, {}, signal)
    // A server without this service is one that serves.
    if (answer.kind === 'ok') return answer.message.status === 1
    return answer.kind === 'failed' && answer.code === unimplemented
  }
  return {
    async look(at, signal, known, prometheus) {
      const [status, metrics, serving, space, log, all] = await Promise.all([
        client.ask({ method: 'GET', path: '/status', signal }),
        prometheus
          ? null
          : client.ask({ method: 'GET', path: '/metrics', signal, maxBytes: maxMetricsBytes }),
        served(grpcAddress(endpoint, known), signal),
        disk?.(signal),
        logOf?.(signal),
        prometheus,
      ])
      const replies = metrics ? [status, metrics] : [status]
      const own = metrics?.kind === 'answered' ? window.add(at, metrics.body) : null
      const starts = window.starts(at)
      const reach = reachOf(replies, isStatus(status))
      const seen = reach === 'answered'
      const series = all && known ? (all.series.get(known.statusAddress) ?? null) : (own?.series ?? null)
      return {
        ...{ kind: 'tikv', healthy: null, reach, store: null, undeliveredPerSecond: null },
        ...errorOf(reach, replies, { who: 'TiKV', deadlineMs }),
        serving: seen ? serving : null,
        recent: seen ? series : null,
        regions: seen ? (series?.regions ?? null) : null,
        leaders: seen ? (series?.leaders ?? null) : null,
        undelivered: all
          ? all.undelivered && Object.fromEntries(all.undelivered)
          : (own?.undelivered ?? null),
        starts: seen ? starts : null,
        clockOffsetMs: seen ? clockOffset(status) : null,
        ...(space !== undefined && { disk: space }),
        ...(log !== undefined && { log }),
      }
    },
    [Symbol.dispose]: () => {
      client[Symbol.dispose]()
      channel?.to[Symbol.dispose]()
    },
  }
}

const unimplemented = 12

/** `GET /status` is an empty 200, from TiKV's first day on. */
const isStatus = (reply: Reply): boolean =>
  reply.kind === 'answered' && reply.status === 200 && reply.body.trim() === ''

/** The store's own port, where it leads from here; null: nobody said so far which it is. */
function grpcAddress({ url, ports }: NodeEndpoint, known: StoreView | null): string | null {
  const { hostname, port } = new URL(url)
  const told = known?.address.split(':').at(-1)
  const own = Number(told || storePort)
  // Where they are mapped, the host is ours, and whatever else listens there is none of the store's.
  if (ports) return ports[own] ?? null
  return told || port === String(statusPort) ? `${hostname}:${own}` : null
}

/** Of Prometheus and Grafana. */
export function toolWatcher({ url }: NodeEndpoint, path: string, clock: Clock): Watcher<ToolNode> {
  const client = clientOf(url, clock)
  return {
    client,
    async look(_, signal) {
      const reply = await client.ask({ method: 'GET', path, signal })
      const reach = reachOf([reply], reply.kind === 'answered' && reply.status === 200)
      const unknown = { starts: null, clockOffsetMs: null }
      return {
        kind: 'tool',
        healthy: null,
        reach,
        ...errorOf(reach, [reply], { who: 'it should', deadlineMs }),
        ...unknown,
      }
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  }
}
