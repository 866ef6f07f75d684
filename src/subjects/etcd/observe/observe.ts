import { type Clock, systemClock } from '../../../core/clock.ts'
import type { Access } from '../../../core/watch/access.ts'
import type { Connection, ConnectOptions, NodeView } from '../../../core/watch/subject.ts'
import type { Endpoints, NodeEndpoint } from '../../../core/watch/topology.ts'
import { clientOf, clockOffset, type Reply } from '../../shared/client/client.ts'
import { within } from '../../shared/client/deadline.ts'
import type { NewConnection } from '../../shared/client/new-connection.ts'
import { newConnectionProbe } from '../../shared/client/new-connection-probe.ts'
import { errorOf, healthOf, reachOf, someAnswer } from '../../shared/client/reach.ts'
import { diskWatcher } from '../../shared/disk.ts'
import { authenticated, authRefusal } from '../auth.ts'
import { hashFrom, membersFrom, servingFrom, statusFrom } from './answers.ts'
import { dataComparer, revisionMemory } from './data.ts'
import { type Metrics, metricsFrom } from './metrics.ts'
import type { EtcdNode, EtcdObservation } from './observation.ts'
import { windowOf } from './window.ts'

const deadlineMs = 1000
/**
 * A member that answered the last observation and refuses now has just died. It may have been the leader, and requests that need
 * a leader get no answer until the election is over. So this is how long they are still waited for.
 */
const newsPatienceMs = 250
const maxMetricsBytes = 4 << 20
/** Number of latency samples that are kept, and how many are enough to judge by. */
const latencySamples = { remembered: 10, enough: 4 }

export interface EtcdOptions extends ConnectOptions {
  clock?: Clock
}

/** Asks all nodes in parallel, each with its own deadline, over connections that are kept; now and then also over a new one. */
export function connect(
  endpoints: Endpoints,
  { clock = systemClock, metricsEveryMs = 0, ...access }: EtcdOptions = {},
): Connection<EtcdObservation> {
  const watchers = Object.entries(endpoints).map(([name, endpoint]) => ({
    name,
    watch: nodeWatcher(endpoint, access, clock),
  }))
  const memberIds: Record<string, string> = {}
  let memberList: EtcdObservation['memberList'] = null
  const revisions = revisionMemory()
  const data = dataComparer(Object.fromEntries(watchers.map(({ name, watch }) => [name, watch.hash])), clock)
  let there = new Set<string>()
  let last: EtcdNode[] = []
  let before: EtcdNode[] = []
  const isNews = (name: string, { reach }: EtcdNode) =>
    there.has(name) && (reach === 'refused' || reach === 'reset')
  return {
    async observe(signal) {
      signal.throwIfAborted()
      const at = clock.now()
      const metricsMaxAgeMs = isSteady(before, last) ? metricsEveryMs : 0
      const seen = await within(signal, deadlineMs, async (until) => {
        const consensus = new AbortController()
        const hurry = () => consensus.abort()
        until.addEventListener('abort', hurry)
        let patience: NodeJS.Timeout | undefined
        const observing = watchers.map(async ({ name, watch }) => {
          const node = await watch.observe(at, metricsMaxAgeMs, { all: until, consensus: consensus.signal })
          if (isNews(name, node)) patience ??= setTimeout(hurry, newsPatienceMs)
          return [name, node] as const
        })
        return Promise.all(observing).finally(() => clearTimeout(patience))
      })
      signal.throwIfAborted()
      there = new Set(seen.flatMap(([name, { reach }]) => (reach === 'answered' ? [name] : [])))
      for (const [name, node] of seen) if (node.status) memberIds[name] = node.status.memberId
      memberList = seen.find(([, node]) => node.members)?.[1].members ?? memberList
      const nodes = Object.fromEntries(judged(seen))
      before = last
      last = Object.values(nodes)
      return {
        at,
        nodes,
        memberIds: { ...memberIds },
        memberList,
        revision: revisions.add(clock.monotonic(), nodes),
        data: data.observe(nodes),
      }
    },
    async [Symbol.asyncDispose]() {
      data[Symbol.dispose]()
      for (const { watch } of watchers) watch[Symbol.dispose]()
    },
  }
}

const judged = (seen: (readonly [string, EtcdNode])[]): (readonly [string, EtcdNode])[] => {
  const othersAnswer = someAnswer(seen.map(([, node]) => node))
  return seen.map(([name, node]) => {
    const healthy = healthOf(node.reach, { serves: node.serving, othersAnswer })
    return [name, { ...node, healthy }]
  })
}

/** Both observations are healthy and have the same leader, so metrics read at the first are still good at the second. */
function isSteady(before: readonly EtcdNode[], last: readonly EtcdNode[]): boolean {
  const isWell = ({ healthy, hasLeader, activePeers, status }: EtcdNode) =>
    healthy === true &&
    hasLeader === true &&
    status !== null &&
    Object.values(activePeers ?? {}).every(Boolean)
  const all = [...before, ...last]
  const terms = new Set(all.map(({ status }) => status?.term))
  return before.length > 0 && all.every(isWell) && terms.size === 1
}

interface NodeWatcher extends Disposable {
  /** Metrics that are no older than `metricsMaxAgeMs` are not read again. */
  observe(
    at: number,
    metricsMaxAgeMs: number,
    until: { all: AbortSignal; consensus: AbortSignal },
  ): Promise<EtcdNode>
  /** The hash of all its keys up to a revision. */
  hash(revision: number, signal: AbortSignal): Promise<ReturnType<typeof hashFrom>>
}

function nodeWatcher(endpoint: NodeEndpoint, { tls = {}, credentials }: Access, clock: Clock): NodeWatcher {
  const client = authenticated(clientOf(endpoint.url, clock, tls), credentials, clock)
  // Every member answers this by itself, without a leader.
  const newConnections = newConnectionProbe(endpoint.url, '/version', tls, clock)
  const window = windowOf()
  const disk = endpoint.dataPath === undefined ? null : diskWatcher(endpoint.dataPath)
  const answers: number[][] = []
  const consensus: number[] = []
  let page: { at: number; metrics: Metrics; recent: EtcdNode['recent'] } | null = null
  return {
    async observe(at, metricsMaxAgeMs, { all: signal, consensus: agreed }) {
      const before = newConnections.latest()
      const kept = page && at - page.at < metricsMaxAgeMs ? page : null
      const [health, status, list, metricsReply, space] = await Promise.all([
        client.ask({ method: 'GET', path: '/health', signal: agreed }),
        // Carries the alarms too: asking for them by themselves would be a write through consensus.
        client.ask({ method: 'POST', path: '/v3/maintenance/status', body: {}, signal }),
        client.ask({ method: 'POST', path: '/v3/cluster/member/list', body: {}, signal }),
        // The costliest answer: 150 KB of text, 7 ms of processor time at etcd and 2 ms here.
        kept ? null : client.ask({ method: 'GET', path: '/metrics', signal, maxBytes: maxMetricsBytes }),
        disk?.(signal),
      ])
      const replies: readonly Reply[] = [health, status, list, ...(metricsReply ? [metricsReply] : [])]
      const read =
        metricsReply?.kind === 'answered' && metricsReply.status === 200
          ? metricsFrom(metricsReply.body)
          : null
      const state = statusFrom(status)
      const members = membersFrom(list)
      const serving = servingFrom(health)
      const understood = state !== null || members !== null || serving !== null || read?.hasLeader != null
      const reached = reachOf(replies, understood)
      const isOdd = reached === 'reset' || reached === 'garbled' || isMissing(status)
      const newClient = isOdd ? await newConnections.now(signal) : before
      const mistake = newClient?.kind === 'closed' && newClient.mistaken && reached !== 'answered'
      const reach = mistake ? 'garbled' : reached
      if (reach === 'refused' || reach === 'reset' || reach === 'timeout') newConnections.forget()
      const refused = mistake ? newClient.detail : refusalIn([status, list, health], newClient)
      // A node without any answer is down, not slow.
      if (reach === 'answered') {
        // A refusal, or a page of another server, may come at once. It says nothing about the latency of answers.
        const told: [Reply, unknown][] = [
          [status, state],
          [list, members],
          ...(metricsReply ? [[metricsReply, read?.startedAtSeconds ?? null] as [Reply, unknown]] : []),
        ]
        answers.push(told.flatMap(([reply, meaning]) => (isTimed(reply, meaning) ? tookMs(reply) : [])))
        const wasCut = health.kind === 'silent' && agreed.aborted && !signal.aborted
        if (!wasCut && isTimed(health, serving)) consensus.push(tookMs(health))
      }
      for (const memory of [answers, consensus]) memory.splice(0, memory.length - latencySamples.remembered)
      if (!kept)
        page = read && {
          at,
          metrics: read,
          recent: read.startedAtSeconds != null ? window.add(at, read) : null,
        }
      // Earlier metrics say nothing about a node that does not answer now.
      const { metrics, recent } = (reach === 'answered' && page) || { metrics: null, recent: null }
      const role = roleOf(state, members)
      return {
        healthy: null,
        ...(role && { role }),
        ...(refused === null ? errorOf(reach, replies, { who: 'etcd', deadlineMs }) : { error: refused }),
        reach,
        newClient,
        isTls: endpoint.url.startsWith('https:'),
        serving,
        status: state,
        members,
        hasLeader: state
          ? state.leaderId !== '0'
          : metrics?.hasLeader == null
            ? null
            : metrics.hasLeader === 1,
        quotaBytes: metrics?.quotaBytes || null,
        descriptors: metrics?.descriptors ?? null,
        recent,
        restarts: window.restarts(at),
        activePeers: metrics?.activePeers ?? null,
        answersMs: answers.length < latencySamples.enough ? null : answers.flat(),
        consensusMs: consensus.length < latencySamples.enough ? null : [...consensus],
        clockOffsetMs: state ? clockOffset(status) : serving !== null ? clockOffset(health) : null,
        ...(space !== undefined && { disk: space }),
      }
    },
    hash: async (revision, signal) =>
      hashFrom(
        await client.ask({
          method: 'POST',
          path: '/v3/maintenance/hash',
          body: { revision: String(revision) },
          signal,
        }),
      ),
    [Symbol.dispose]: () => {
      client[Symbol.dispose]()
      newConnections[Symbol.dispose]()
    },
  }
}

/** Everything below /v3 is answered by the gRPC gateway. */
const isMissing = (reply: Reply): boolean => reply.kind === 'answered' && reply.status === 404

/** The reason that a member gives for not answering a request. */
function refusalIn(replies: readonly [Reply, ...Reply[]], newClient: NewConnection | null): string | null {
  for (const reply of replies) {
    const refusal = authRefusal(reply)
    if (refusal !== null) return refusal
  }
  if (!isMissing(replies[0])) return null
  if (newClient?.kind === 'open' && newClient.status === 200)
    return 'the gRPC gateway is off here: start etcd with --enable-grpc-gateway (enable-grpc-gateway: true)'
  return 'this port answers no clients (404 below /v3): give the port for clients, mostly 2379, and not that for metrics'
}

function roleOf(state: EtcdNode['status'], members: EtcdNode['members']): NodeView['role'] {
  if (!state || state.leaderId === '0') return undefined
  if (state.learner || members?.some((member) => member.id === state.memberId && member.learner))
    return 'learner'
  return state.leaderId === state.memberId ? 'leader' : 'follower'
}

/** Time of an answer; without one, the time that we waited. `meaning`: what was read; null: the answer is not etcd's. */
const isTimed = (reply: Reply, meaning: unknown): boolean => reply.kind === 'silent' || meaning !== null

const tookMs = (reply: Reply): number =>
  reply.kind === 'answered' ? reply.receivedAt - reply.sentAt : deadlineMs
