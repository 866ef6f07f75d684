import {
  type Endpoints,
  type Got,
  type KeyValue,
  keyValueWorkload,
  type Put,
  type Workload,
  type WorkloadOptions,
} from 'operator-sre'
import { type Answer, type Redis, Refusal, redisAt } from './resp.ts'

/**
 * What is acknowledged: the primary has applied the write, and one replica says that it has, too (WAIT 1). So a failover to
 * the replica that is furthest loses none. Reads ask the primary, since a replica may be behind.
 */
const replicasThatHaveIt = '1'
const waitMs = 800

export function workload(endpoints: Endpoints, options: WorkloadOptions): Workload {
  const urls = Object.values(endpoints).map(({ url }) => url)
  const password = options.access?.credentials
  const login = password && ['AUTH', password.user, password.password]
  // All applications use one entry point: the current primary.
  const entryPoints = urls.map((_, i) => ({ prefix: `cart:${i + 1}:`, open: () => store(urls, login) }))
  return keyValueWorkload(entryPoints, options)
}

/** A client as applications have it: it asks the nodes who the primary is, and again when that one does not take it. */
export function store(urls: readonly string[], login?: readonly string[]): KeyValue {
  const peers = urls.map((url) => redisAt(url, login))
  let known: Redis | null = null

  async function primary(signal: AbortSignal): Promise<Redis | null> {
    if (known) return known
    const roles = await Promise.all(
      peers.map((peer) => peer.ask(['ROLE'], AbortSignal.any([signal, AbortSignal.timeout(500)]))),
    )
    const found = peers.filter((_, i) => isMaster(roles[i]))
    // Two primaries: writing to either may lose what is written.
    if (found.length !== 1) return null
    known = found[0] ?? null
    return known
  }

  async function ask(words: readonly string[], signal: AbortSignal): Promise<Answer | null> {
    const peer = await primary(signal)
    if (!peer) return null
    const answer = await peer.ask(words, signal)
    if (answer.kind === 'silent' || answer.value instanceof Refusal) known = null
    return answer
  }

  return {
    async put(key, value, signal): Promise<Put> {
      const written = await ask(['SET', key, value], signal)
      if (!written) return 'no'
      if (written.kind === 'silent') return written.why === 'refused' ? 'no' : 'perhaps'
      if (written.value !== 'OK') return 'no'
      const copies = await ask(['WAIT', replicasThatHaveIt, String(waitMs)], signal)
      const enough = copies?.kind === 'answered' && Number(copies.value) >= Number(replicasThatHaveIt)
      return enough ? 'acknowledged' : 'perhaps'
    },
    async get(key, signal): Promise<Got> {
      const read = await ask(['GET', key], signal)
      if (read?.kind !== 'answered') return { kind: 'failed' }
      if (typeof read.value !== 'string' && read.value !== null) return { kind: 'failed' }
      // A node that has become a replica meanwhile answers reads, too, with old data.
      const role = await ask(['ROLE'], signal)
      if (role?.kind !== 'answered' || !isMaster(role)) {
        known = null
        return { kind: 'failed' }
      }
      return { kind: 'value', value: read.value }
    },
    [Symbol.dispose]() {
      for (const peer of peers) peer[Symbol.dispose]()
    },
  }
}

const isMaster = (answer: Answer | undefined) =>
  answer?.kind === 'answered' && Array.isArray(answer.value) && answer.value[0] === 'master'
