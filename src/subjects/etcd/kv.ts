import { z } from 'zod'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { Access } from '../../core/watch/access.ts'
import { type Client, clientOf, type Reply } from '../shared/client/client.ts'
import { within } from '../shared/client/deadline.ts'
import type { KeyValue } from '../shared/load/kv.ts'
import { authenticated } from './auth.ts'

const operationMs = 1000
const revision = z.object({ header: z.object({ revision: z.string() }) })
const range = revision.extend({ kvs: z.array(z.object({ value: z.string().default('') })).default([]) })

export function keyValue(
  url: string,
  clock: Clock = systemClock,
  { tls, credentials }: Access = {},
): KeyValue {
  const client = authenticated(clientOf(url, clock, tls), credentials, clock)
  return {
    async put(key, value, signal) {
      const reply = await post(client, '/v3/kv/put', { key: base64(key), value: base64(value) }, signal)
      if (reply.kind === 'silent') return reply.why === 'refused' ? 'no' : 'perhaps'
      // No error is proof of no effect: at its quota etcd applies the write, and then says that there is no space
      // (etcd, server/etcdserver/apply: quotaApplierV3.Put).
      return reply.status === 200 && read(reply, revision) ? 'acknowledged' : 'perhaps'
    },
    async get(key, signal) {
      const reply = await post(client, '/v3/kv/range', { key: base64(key) }, signal)
      const found = reply.kind === 'answered' && reply.status === 200 ? read(reply, range) : null
      if (!found) return { kind: 'failed' }
      const raw = found.kvs[0]?.value
      return { kind: 'value', value: raw === undefined ? null : Buffer.from(raw, 'base64').toString() }
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

const post = (client: Client, path: string, body: unknown, signal: AbortSignal): Promise<Reply> =>
  within(signal, operationMs, (until) =>
    client.ask({ method: 'POST', path, body, signal: until, once: true }),
  )

function read<T>(reply: Reply & { kind: 'answered' }, schema: z.ZodType<T>): T | null {
  try {
    return schema.safeParse(JSON.parse(reply.body)).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
