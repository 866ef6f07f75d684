import type { Clock } from '../../../core/clock.ts'
import type { hashFrom } from './answers.ts'
import type { EtcdNode, EtcdObservation } from './observation.ts'

type Nodes = Record<string, EtcdNode>
type Hash = ReturnType<typeof hashFrom>
type Data = EtcdObservation['data']

/** A fallen revision is told of for so long; then the data is what it is, and a person has decided. */
const rememberMs = 3_600_000

/** Only a member that has just read through consensus proves how far the cluster is. `at`: ms by the monotonic clock. */
export function revisionMemory(): { add(at: number, nodes: Nodes): EtcdObservation['revision'] } {
  let highest = 0
  let fellAt: number | null = null
  return {
    add(at, nodes) {
      const proven = Object.values(nodes).flatMap(({ status, serving }) =>
        status && serving ? [status.revision] : [],
      )
      const now = proven.length === 0 ? null : Math.max(...proven)
      if (now !== null && (now >= highest || (fellAt !== null && at - fellAt > rememberMs))) {
        highest = now
        fellAt = null
      } else if (now !== null) fellAt ??= at
      return { highest, now }
    },
  }
}

/** Seldom, as a member reads all its keys for it; members with a large database are not asked. */
const compareEveryMs = 30_000
const largestBytes = 512 * 2 ** 20
const patienceMs = 5_000

/** A difference counts when it is still there after this long: a member hashes while it writes, and may be between two. */
const confirmAfterMs = 2_000

export interface DataComparer extends Disposable {
  /** The last comparison; begins another one when it is time. */
  observe(nodes: Nodes): Data
}

/**
 * Asks all members for the hash of their data at a revision that all of them have. Runs beside the observations and never holds
 * one up: what it finds is in a later observation.
 */
export function dataComparer(
  hashes: Record<string, (revision: number, signal: AbortSignal) => Promise<Hash>>,
  clock: Clock,
): DataComparer {
  let found: Data = null
  let nextAt = Number.NEGATIVE_INFINITY
  let running = false
  const over = new AbortController()
  const ask = async (revision: number, names: readonly string[]) => {
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(patienceMs)])
    const told = names.map(async (name) => [name, (await hashes[name]?.(revision, signal)) ?? null] as const)
    return Promise.all(told)
  }
  const compare = async (revision: number, names: readonly string[]) => {
    let told = await ask(revision, names)
    if (told.every(([, hash]) => hash === 'forbidden')) found = 'forbidden'
    if (differ(told)) {
      await clock.sleep(confirmAfterMs, over.signal)
      const before = new Map(told)
      // Data at one revision does not change: a hash that did was taken in the midst of something.
      told = (await ask(revision, names)).filter(([name, hash]) => isSame(hash, before.get(name)))
    }
    const known = told.flatMap(([name, hash]) => (isHash(hash) ? [[name, hash] as const] : []))
    // One alone proves nothing, and takes nothing back.
    if (known.length > 1) found = { revision, hashes: Object.fromEntries(known) }
  }
  return {
    observe(nodes) {
      const telling = Object.entries(nodes).flatMap(([name, { status }]) =>
        status ? [{ name, ...status }] : [],
      )
      if (telling.some(({ dbBytes }) => dbBytes > largestBytes)) found = 'too_large'
      else if (!running && telling.length > 1 && clock.monotonic() >= nextAt) {
        running = true
        nextAt = clock.monotonic() + compareEveryMs
        const revision = Math.min(...telling.map((one) => one.revision))
        const names = telling.map(({ name }) => name)
        void compare(revision, names)
          .catch((error) => {
            if (!over.signal.aborted) throw error
          })
          .finally(() => {
            running = false
          })
      }
      return found
    },
    [Symbol.dispose]: () => over.abort(),
  }
}

const isHash = (hash: Hash | undefined): hash is Exclude<Hash, null | 'forbidden'> =>
  hash !== null && hash !== undefined && hash !== 'forbidden'

const isSame = (a: Hash, b: Hash | undefined): boolean =>
  isHash(a) && isHash(b) && a.hash === b.hash && a.compactRevision === b.compactRevision

const differ = (told: readonly (readonly [string, Hash])[]): boolean =>
  new Set(told.flatMap(([, hash]) => (isHash(hash) ? [`${hash.compactRevision} ${hash.hash}`] : []))).size > 1
