import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { Rng } from '../../core/rng.ts'
import type { Canaries } from '../../core/watch/subject.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { type Client, clientOf } from '../shared/client/client.ts'
import { within } from '../shared/client/deadline.ts'
import {
  checkPlanted,
  documentOf,
  gone,
  hex,
  keyNames,
  type Planted,
  unguessable,
} from '../shared/load/canaries.ts'

const requestMs = 2_000
/** Generous, because a cluster that has just started on a busy machine is slow. */
const attempts = 10

/** The gateway writes 64-bit numbers as strings, and leaves zeros out. */
const int = z
  .string()
  .regex(/^-?\d{1,20}$/)
  .default('0')
const keyValue = z.object({
  value: z.string().default(''),
  create_revision: int,
  mod_revision: int,
  version: int,
  lease: int,
})
type KeyValue = z.infer<typeof keyValue>
const range = z.object({ kvs: z.array(keyValue).default([]) })
const timeToLive = z.object({ grantedTTL: int, keys: z.array(z.string()).default([]) })
const userAnswer = z.object({ roles: z.array(z.string()).default([]) })
const roleAnswer = z.object({
  perm: z
    .array(
      z.object({
        permType: z.string().default('READ'),
        key: z.string().default(''),
        range_end: z.string().default(''),
      }),
    )
    .default([]),
})

/** Sends a request to one member after the other until one answers with 200 or `not found`. */
type Ask = <T>(
  path: string,
  body: object,
  answer: z.ZodType<T>,
  signal: AbortSignal,
) => Promise<T | 'missing' | null>

/** Errors of etcd for something that does not exist, in all versions. Only some of them have their own status code. */
const notThere = /not found|doesn't exist/

/** Another server may answer at this address, so an answer that is not JSON is ignored. */
function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function askAny(clients: readonly Client[]): Ask {
  return async (path, body, answer, signal) => {
    for (const client of clients) {
      const reply = await within(signal, requestMs, (until) =>
        client.ask({ method: 'POST', path, body, signal: until, once: true }),
      )
      if (reply.kind === 'silent') continue
      if (reply.status !== 200 && notThere.test(reply.body)) return 'missing'
      const found = reply.status === 200 ? answer.safeParse(jsonOf(reply.body)).data : undefined
      if (found !== undefined) return found
    }
    return null
  }
}

/**
 * Planted: keys with a history (some written several times, some deleted and created again, one large), a deleted key, a key
 * with a lease, that lease, a role, and a user with that role. Authentication stays off. A key's revisions and version are
 * compared, too, so writing it again is noticed even when the value is the same.
 */
export function canaries(
  endpoints: Endpoints,
  { clock = systemClock, checkMs = 8_000 }: { clock?: Clock; checkMs?: number } = {},
): Canaries {
  const clients = Object.values(endpoints).map(({ url }) => clientOf(url, clock))
  const ask = askAny(clients)
  const rng = unguessable()
  let planted: Planted[] = []
  let mark: Buffer | null = null
  return {
    get mark() {
      return mark
    },
    async plant(signal) {
      for (let attempt = 1; ; attempt++) {
        try {
          ;({ planted, mark } = await plantAll(ask, rng, signal))
          return
        } catch (error) {
          // A failed attempt leaves only more data behind: every attempt uses new names.
          if (attempt === attempts || signal.aborted) throw error
        }
      }
    },
    check: (signal) => checkPlanted(planted, { clock, signal, withinMs: checkMs }),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client[Symbol.dispose]()
    },
  }
}

const largeBytes = 200_000
/** More than a day, so the lease outlives every trial. */
const ttlSeconds = 86_400

async function plantAll(
  ask: Ask,
  rng: Rng,
  signal: AbortSignal,
): Promise<{ planted: Planted[]; mark: Buffer }> {
  const demand = async (path: string, body: object) => {
    const done = await ask(path, body, z.object({ ID: int }), signal)
    if (done === null || done === 'missing') throw new Error(`${path}: no member accepted the request`)
    return done
  }
  const put = (key: string, value: string, lease = '0') =>
    demand('/v3/kv/put', { key: base64(key), value: base64(value), lease })
  const remove = (key: string) => demand('/v3/kv/deleterange', { key: base64(key) })

  const [plain = '', edited = '', again = '', large = '', leased = '', deleted = ''] = keyNames(rng, 6)
  const ttl = ttlSeconds + rng.int(86_400)
  const role = `${rng.pick(['billing', 'catalog', 'gateway', 'tenants'])}-${hex(rng, 4)}`
  const user = `svc-${role}`
  const area = `${plain.split('/')[0]}/`

  const { ID: lease } = await demand('/v3/lease/grant', { TTL: String(ttl) })
  // Writes to the same key run one after the other, since their order is the history; the others run together.
  const history = async (key: string, ...values: (string | null)[]) => {
    for (const value of values) await (value === null ? remove(key) : put(key, value))
  }
  await Promise.all([
    put(plain, documentOf(rng, 80)),
    history(edited, documentOf(rng, 200), documentOf(rng, 200), documentOf(rng, 200)),
    history(again, documentOf(rng, 100), null, documentOf(rng, 100), documentOf(rng, 100)),
    history(deleted, documentOf(rng, 100), null),
    put(large, documentOf(rng, largeBytes)),
    put(leased, documentOf(rng, 60), lease),
    demand('/v3/auth/role/add', { name: role })
      .then(() =>
        demand('/v3/auth/role/grant', {
          name: role,
          perm: { permType: 'READWRITE', key: base64(area), range_end: base64(endOf(area)) },
        }),
      )
      // Without a password no member has to hash one, which would take long.
      .then(() => demand('/v3/auth/user/add', { name: user, options: { no_password: true } }))
      .then(() => demand('/v3/auth/user/grant', { user, role })),
  ])

  const things: Omit<Planted, 'was'>[] = [
    ...[plain, edited, again, large, leased, deleted].map((key) => ({
      what: `key ${key}`,
      read: (until: AbortSignal) => keyText(ask, key, until),
    })),
    { what: `lease ${BigInt(lease).toString(16)}`, read: (until) => leaseText(ask, lease, until) },
    { what: `user ${user}`, read: (until) => userText(ask, user, until) },
    { what: `role ${role}`, read: (until) => roleText(ask, role, until) },
  ]
  const planted = await Promise.all(
    things.map(async (thing) => {
      const was = await thing.read(signal)
      if (was === null || (was === gone) !== (thing.what === `key ${deleted}`))
        throw new Error(`${thing.what} cannot be read after it was written`)
      return { ...thing, was }
    }),
  )
  const kept = await ask('/v3/kv/range', { key: base64(edited) }, range, signal)
  const [kv] = kept === null || kept === 'missing' ? [] : kept.kvs
  if (!kv) throw new Error(`key ${edited} cannot be read after it was written`)
  return { planted, mark: storedAs(edited, kv) }
}

/**
 * The bytes in the database for the beginning of a key and its history: fields 1 to 4 of `KeyValue` (etcd,
 * api/mvccpb/kv.proto). A key that is written again has other revisions, and so other bytes.
 */
function storedAs(key: string, kv: KeyValue): Buffer {
  const number = (field: number, value: string) => [field << 3, ...varint(BigInt(value))]
  return Buffer.concat([
    Buffer.from([0x0a, ...varint(BigInt(Buffer.byteLength(key)))]),
    Buffer.from(key),
    Buffer.from([...number(2, kv.create_revision), ...number(3, kv.mod_revision), ...number(4, kv.version)]),
  ])
}

const varint = (value: bigint): number[] =>
  value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...varint(value >> 7n)]

async function keyText(ask: Ask, key: string, signal: AbortSignal): Promise<string | null> {
  const found = await ask('/v3/kv/range', { key: base64(key) }, range, signal)
  if (found === null || found === 'missing') return null
  const [kv] = found.kvs
  if (!kv) return gone
  const hash = createHash('sha256').update(kv.value).digest('hex').slice(0, 16)
  const lease = kv.lease === '0' ? '' : `, lease ${BigInt(kv.lease).toString(16)}`
  return `made at ${kv.create_revision}, changed at ${kv.mod_revision}, version ${kv.version}, content ${hash}${lease}`
}

async function leaseText(ask: Ask, lease: string, signal: AbortSignal): Promise<string | null> {
  const found = await ask('/v3/lease/timetolive', { ID: lease, keys: true }, timeToLive, signal)
  if (found === null) return null
  // etcd reports an unknown lease with a time of -1, or as not found.
  if (found === 'missing' || found.grantedTTL === '0') return gone
  return `for ${found.grantedTTL} s, of ${found.keys.length} keys`
}

async function userText(ask: Ask, name: string, signal: AbortSignal): Promise<string | null> {
  const found = await ask('/v3/auth/user/get', { name }, userAnswer, signal)
  if (found === null) return null
  return found === 'missing' ? gone : `with the roles ${found.roles.toSorted().join(', ') || 'none'}`
}

async function roleText(ask: Ask, name: string, signal: AbortSignal): Promise<string | null> {
  const found = await ask('/v3/auth/role/get', { role: name }, roleAnswer, signal)
  if (found === null) return null
  if (found === 'missing') return gone
  const may = found.perm.map(
    ({ permType, key, range_end }) => `${permType} ${text(key)} to ${text(range_end)}`,
  )
  return `may ${may.toSorted().join(', ') || 'nothing'}`
}

const base64 = (plain: string) => Buffer.from(plain).toString('base64')
const text = (coded: string) => Buffer.from(coded, 'base64').toString()

/** End of the range of keys with this prefix, by etcd's rule for ASCII. */
const endOf = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
