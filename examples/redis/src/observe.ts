import {
  type Connection,
  type Endpoints,
  errorOf,
  healthOf,
  type NodeView,
  type Observation,
  type Reach,
  reachOf,
  someAnswer,
  systemClock,
} from 'operator-sre'
import { type Answer, type Redis, redisAt } from './resp.ts'

export interface RedisNode extends NodeView {
  reach: Reach
  /** What it said of itself; null when it could not be asked. */
  info: Info | null
}
export interface RedisObservation extends Observation {
  nodes: Record<string, RedisNode>
}

/** The fields of INFO that are watched. */
export interface Info {
  runId: string
  version: string
  role: 'master' | 'slave'
  loading: boolean
  /** Bytes of the replication stream that it has written (primary) or applied (replica). */
  offset: number
  /** A replica's link to its primary; null: it is a primary. */
  link: { primary: string; up: boolean } | null
  /** Replicas refuse writes of clients. */
  readOnly: boolean
  connectedReplicas: number
  usedBytes: number
  /** 0: no limit. */
  maxBytes: number
  snapshotOk: boolean
  logOk: boolean
  /** Connections refused since the look before; null at the first look at this process. */
  rejected: number | null
  keys: number
}

const deadlineMs = 1000

/** Asks every node for INFO, in parallel, each with a deadline of its own. */
export function connect(endpoints: Endpoints, login?: readonly string[]): Connection<RedisObservation> {
  const peers = Object.entries(endpoints).map(([name, { url }]) => ({ name, peer: redisAt(url, login) }))
  const before = new Map<string, { runId: string; rejected: number }>()

  async function observeNode(name: string, peer: Redis, signal: AbortSignal) {
    const answer = await peer.ask(['INFO'], AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]))
    const fields = fieldsIn(answer)
    const info = fields && infoIn(fields)
    if (info) {
      const total = Number(fields.get('rejected_connections'))
      const last = before.get(name)
      // A counter starts over with the process.
      if (last?.runId === info.runId) info.rejected = Math.max(0, total - last.rejected)
      before.set(name, { runId: info.runId, rejected: total })
    }
    return { name, answer, info, reach: reachOf([answer], info !== null) }
  }

  return {
    async observe(signal) {
      signal.throwIfAborted()
      const at = systemClock.now()
      const observed = await Promise.all(peers.map(({ name, peer }) => observeNode(name, peer, signal)))
      // What was cut off by the caller is no observation.
      signal.throwIfAborted()
      const othersAnswer = someAnswer(observed)
      const nodes: Record<string, RedisNode> = {}
      for (const { name, answer, info, reach } of observed) {
        nodes[name] = {
          reach,
          info,
          healthy: healthOf(reach, { serves: info && serves(info), othersAnswer }),
          ...(info && { role: info.role === 'master' ? 'leader' : 'follower' }),
          ...errorOf(reach, [answer], { who: 'Redis', deadlineMs }),
        }
      }
      return { at, nodes }
    },
    async [Symbol.asyncDispose]() {
      for (const { peer } of peers) peer[Symbol.dispose]()
    },
  }
}

/** A replica that has lost its primary still answers reads, with data that grows old: that is not serving. */
const serves = ({ loading, link }: Info) => !loading && (link?.up ?? true)

function fieldsIn(answer: Answer): Map<string, string> | null {
  if (answer.kind !== 'answered' || typeof answer.value !== 'string') return null
  const fields = new Map<string, string>()
  for (const line of answer.value.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}

/** null where a field that every Redis has is missing, or is nothing that Redis says. */
export function infoIn(fields: ReadonlyMap<string, string>): Info | null {
  const role = fields.get('role')
  const runId = fields.get('run_id')
  if ((role !== 'master' && role !== 'slave') || !runId) return null
  const number = (name: string) => Number(fields.get(name) ?? Number.NaN)
  const info: Info = {
    runId,
    role,
    version: fields.get('redis_version') ?? '',
    loading: fields.get('loading') === '1',
    offset: number(role === 'master' ? 'master_repl_offset' : 'slave_repl_offset'),
    link:
      role === 'master'
        ? null
        : {
            primary: `${fields.get('master_host')}:${fields.get('master_port')}`,
            up: fields.get('master_link_status') === 'up',
          },
    readOnly: fields.get('slave_read_only') !== '0',
    connectedReplicas: number('connected_slaves'),
    usedBytes: number('used_memory'),
    maxBytes: number('maxmemory'),
    snapshotOk: fields.get('rdb_last_bgsave_status') === 'ok',
    logOk: fields.get('aof_last_write_status') === 'ok',
    rejected: null,
    keys: Number(/keys=(\d+)/.exec(fields.get('db0') ?? 'keys=0')?.[1]),
  }
  const numbers = [
    info.offset,
    info.connectedReplicas,
    info.usedBytes,
    info.maxBytes,
    info.keys,
    number('rejected_connections'),
  ]
  return numbers.every(Number.isSafeInteger) ? info : null
}
