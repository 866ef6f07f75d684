import type { Clock } from '../../../core/clock.ts'
import type { Tls } from '../../../core/watch/access.ts'
import type { NodeEndpoint } from '../../../core/watch/topology.ts'
import { type Client, clientOf, clockOffset, type Reply } from '../../shared/client/client.ts'
import { errorOf, reachOf } from '../../shared/client/reach.ts'
import { diskWatcher } from '../../shared/disk.ts'
import type { StoreMetrics } from '../extras/prometheus.ts'
import { logFollower } from '../log/log-file.ts'
import type { PdNode, StoreNode, StoreView, ToolNode } from '../observe/observation.ts'
import { type LeaderSeries, leaderSeries, pdSeries, storeSeries } from '../observe/series.ts'
import { standing } from '../observe/standing.ts'
import { type Recent, windowOf } from '../observe/window.ts'
import { statusPort, storePort } from '../ports.ts'
import type { Channel } from '../wire/call.ts'
import { channelTo } from '../wire/channel.ts'
import { healthCheck } from '../wire/messages.ts'
import { askMembers, askStatus, type Members, membersFrom, pdStartFrom } from './pd.ts'

/** The look that all of one cluster share a deadline for, in ms. */
export const deadlineMs = 1_000
const maxMetricsBytes = 8 << 20
/** PD's page is long, and what its leader says there has news every 10 s. */
const pdMetricsEveryMs = 5_000
/** A PD without a leader says so after 3 s. */
const membersMs = 4_000
/** A store refreshes its count of regions every 10 s, at a moment of its own. */
export const flushMs = 12_000

const asked = { method: 'GET', path: '/metrics', maxBytes: maxMetricsBytes } as const
const pageOf = (reply: Reply | null): string =>
  reply?.kind === 'answered' && reply.status === 200 ? reply.body : ''

interface SeenPd extends Omit<PdNode, 'peerP99Seconds'> {
  /** When its process started, as it says itself. */
  startedAt: number | null
  /** Series that count if it is the leader. */
  told: LeaderSeries | null
  /** Round trips to the others, p99 in s, by their ids in hexadecimal digits. */
  roundTrips: Readonly<Record<string, number>> | null
}

export interface PdWatcher extends Disposable {
  client: Client
  /** The members as it reports them; `silent`: it did not answer in time. null: no answer so far. */
  members(signal: AbortSignal): Promise<Members | 'silent'>
  observe(at: number, signal: AbortSignal, members: Promise<Members | 'silent'>): Promise<SeenPd>
}

export function pdWatcher({ url, dataPath, logPath }: NodeEndpoint, clock: Clock, tls: Tls): PdWatcher {
  const client = clientOf(url, clock, tls)
  const window = windowOf({ ...leaderSeries, ...pdSeries })
  const disk = dataPath === undefined ? null : diskWatcher(dataPath)
  const logOf = logPath === undefined ? null : logFollower(logPath, clock)
  const question = standing((signal) => askMembers(client, signal), { answerMs: membersMs, clock })
  const offset = offsetWatcher()
  /** When it said last that it reaches no leader. */
  let without: { at: number; told: Members | 'silent' } | null = null
  let metricsAt = Number.NEGATIVE_INFINITY
  let recent: Recent<keyof typeof leaderSeries | keyof typeof pdSeries> | null = null
  return {
    client,
    async members(signal) {
      const reply = await question.ask(signal)
      // One that knows a leader says so at once: until it answers again, the last word counts.
      if (reply === null)
        return without && clock.monotonic() - without.at < 2 * membersMs ? without.told : null
      const told = reply.kind === 'silent' && reply.why === 'timeout' ? 'silent' : membersFrom(reply)
      without = told === 'silent' || told?.kind === 'leaderless' ? { at: clock.monotonic(), told } : null
      return told
    },
    async observe(at, signal, asking) {
      const due = recent === null || at - metricsAt >= pdMetricsEveryMs
      const [status, members, metrics, space, log] = await Promise.all([
        askStatus(client, signal),
        asking,
        due ? client.ask({ ...asked, signal }) : null,
        disk?.(signal),
        logOf?.(signal),
      ])
      if (due) {
        metricsAt = at
        recent = window.add(at, pageOf(metrics))
      }
      const replies = metrics ? [status, metrics] : [status]
      const startedAt = pdStartFrom(status)
      const reach = reachOf(replies, startedAt !== null)
      const seen = reach === 'answered'
      return {
        kind: 'pd',
        healthy: null,
        reach,
        startedAt,
        ...errorOf(reach, replies, { who: 'PD', deadlineMs }),
        led: seen ? ledBy(members) : null,
        recent: seen && recent ? recent.series : null,
        told: seen && recent ? recent.series : null,
        roundTrips: seen && recent ? recent.groups.peerP99Seconds : null,
        starts: seen ? window.starts(at) : null,
        clockOffsetMs: seen ? offset(status) : null,
        ...(space !== undefined && { disk: space }),
        ...(log !== undefined && { log }),
      }
    },
    [Symbol.dispose]: () => {
      question[Symbol.dispose]()
      client[Symbol.dispose]()
    },
  }
}

function ledBy(members: Members | 'silent'): boolean | null {
  if (members === null) return null
  return members !== 'silent' && members.kind === 'led'
}

/** null: the answer has no date, though earlier ones had. */
function offsetWatcher(): (reply: Reply) => number | null | undefined {
  let told = false
  return (reply) => {
    const offset = clockOffset(reply)
    told ||= offset !== null
    return offset ?? (told ? null : undefined)
  }
}

type SeenStore = Omit<StoreNode, 'undeliveredPerSecond' | 'store' | 'listed'> & {
  /** Messages per second that it could not deliver, by the id of the store that they were for. */
  undelivered: Readonly<Record<string, number>> | null
}

export interface StoreWatcher extends Disposable {
  /** `known`: PD's view of the store at the last observation. `metrics`: those of Prometheus; undefined: ask the store itself. */
  observe(
    at: number,
    signal: AbortSignal,
    known: StoreView | null,
    metrics: Promise<StoreMetrics | null> | undefined,
  ): Promise<SeenStore>
}

/** Watches a store at its own ports, which show at once that it is gone. PD needs 20 s to notice. */
export function storeWatcher(endpoint: NodeEndpoint, clock: Clock, tls: Tls): StoreWatcher {
  const { url, dataPath, logPath } = endpoint
  const client = clientOf(url, clock, tls)
  const secure = new URL(url).protocol === 'https:' ? tls : null
  const window = windowOf(storeSeries)
  const disk = dataPath === undefined ? null : diskWatcher(dataPath)
  const logOf = logPath === undefined ? null : logFollower(logPath, clock)
  const offset = offsetWatcher()
  const leadersOf = highestWithin(flushMs)
  let channel: { address: string; to: Channel } | null = null
  const served = async (address: string | null, signal: AbortSignal): Promise<Served> => {
    if (address === null) return untold
    if (channel?.address !== address) {
      channel?.to[Symbol.dispose]()
      channel = { address, to: channelTo(address, secure) }
    }
    const answer = await channel.to.call(healthCheck, {}, signal)
    if (answer.kind === 'ok') return servedBy(answer.message.status)
    // A server without this service is one that serves.
    return { serving: answer.kind === 'failed' && answer.code === unimplemented, diskStalled: false }
  }
  return {
    async observe(at, signal, known, prometheus) {
      const [status, metrics, { serving, diskStalled }, space, log, all] = await Promise.all([
        client.ask({ method: 'GET', path: '/status', signal }),
        prometheus ? null : client.ask({ ...asked, signal }),
        served(grpcAddress(endpoint, known), signal),
        disk?.(signal),
        logOf?.(signal),
        prometheus,
      ])
      const replies = metrics ? [status, metrics] : [status]
      const own = metrics ? window.add(at, pageOf(metrics)) : null
      const starts = window.starts(at)
      const reach = reachOf(replies, isStatus(status))
      const seen = reach === 'answered'
      const recent = prometheus ? (known && all?.get(known.statusAddress)) || null : own
      return {
        kind: 'tikv',
        healthy: null,
        reach,
        ...errorOf(reach, replies, { who: 'TiKV', deadlineMs }),
        serving: seen ? serving : null,
        diskStalled: seen ? diskStalled : null,
        recent: seen && recent ? recent.series : null,
        leaders: leadersOf(at, seen ? (recent?.series.leaders ?? null) : null),
        undelivered: recent?.groups.undeliveredPerSecond ?? null,
        starts: seen ? starts : null,
        clockOffsetMs: seen ? offset(status) : null,
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

/** The highest number lately; null when there is none now. */
function highestWithin(ms: number): (at: number, now: number | null) => number | null {
  let seen: { at: number; value: number }[] = []
  return (at, now) => {
    seen = seen.filter((one) => one.at > at - ms)
    if (now === null) return null
    seen.push({ at, value: now })
    return Math.max(...seen.map(({ value }) => value))
  }
}

interface Served {
  serving: boolean | null
  diskStalled: boolean | null
}
const untold: Served = { serving: null, diskStalled: null }

/** grpc.health.v1, as TiKV uses it: SERVICE_UNKNOWN while its check of the disk has had no answer for a round. */
function servedBy(status: number): Served {
  switch (status) {
    case 1:
      return { serving: true, diskStalled: false }
    case 2:
      return { serving: false, diskStalled: false }
    case 3:
      return { serving: true, diskStalled: true }
    default:
      return untold
  }
}

const unimplemented = 12

/** `GET /status` is an empty 200, from TiKV's first day on. */
const isStatus = (reply: Reply): boolean =>
  reply.kind === 'answered' && reply.status === 200 && reply.body.trim() === ''

/** Address of the store's own port as seen from here; null: not known so far. */
function grpcAddress({ url, ports }: NodeEndpoint, known: StoreView | null): string | null {
  const { hostname, port } = new URL(url)
  const told = known?.address.split(':').at(-1)
  const own = Number(told || storePort)
  // Where they are mapped, the host is ours, and whatever else listens there is none of the store's.
  if (ports) return ports[own] ?? null
  return told || port === String(statusPort) ? `${hostname}:${own}` : null
}

interface ToolWatcher extends Disposable {
  client: Client
  observe(at: number, signal: AbortSignal): Promise<ToolNode>
}

/** Watches Prometheus or Grafana. */
export function toolWatcher({ url }: NodeEndpoint, path: string, clock: Clock, tls: Tls): ToolWatcher {
  const client = clientOf(url, clock, tls)
  return {
    client,
    async observe(_, signal) {
      const reply = await client.ask({ method: 'GET', path, signal })
      const reach = reachOf([reply], reply.kind === 'answered' && reply.status === 200)
      const unknown = { starts: null, clockOffsetMs: undefined }
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
