import { z } from 'zod'
import type { Client, Reply } from '../shared/client.ts'
import { bytesOf, jsonOf } from './json.ts'
import {
  type ClusterView,
  type Member,
  type RegionCheck,
  type StoreView,
  storeStates,
} from './observation.ts'

// PD's HTTP API v1 (server/api/router.go). Ids of 64 bits come as numbers, an omitted state is Up, sizes are text.

const prefix = '/pd/api/v1'
/** 1,000 stores are less than a MiB. */
const maxBytes = 8 << 20
/** Of a list of regions only the count that stands before it is read: the list may be the whole cluster. */
const countBytes = 4_096

/** As strings, whether they fit a number or not. */
const id = z.union([z.string().max(20), z.number()]).transform(String)
/** Names, addresses and versions, as long as any cluster has them; facts and tickets repeat them. */
const text = z.string().max(1_000)
/** As many as any cluster has. */
const most = { stores: 1_000, members: 100, names: 1_000 }
const size = z.string().transform(bytesOf).nullable().default(null)

const storesAnswer = z.object({
  stores: z
    .array(
      z.object({
        store: z.object({
          id,
          address: text.default(''),
          status_address: text.default(''),
          version: text.default(''),
          // `state` is the number, and left out when 0; this is the name of what PD makes of it and of the heartbeats.
          state_name: z.enum(storeStates).default('Up'),
        }),
        status: z
          .object({
            capacity: size,
            available: size,
            leader_count: z.number().default(0),
            region_count: z.number().default(0),
            slow_score: z.number().default(1),
            is_busy: z.boolean().default(false),
          })
          .prefault({}),
      }),
    )
    .max(most.stores),
})

const memberAnswer = z.object({
  name: text.default(''),
  member_id: id.default('0'),
  client_urls: z.array(text).max(most.members).default([]),
})
const membersAnswer = z.object({
  members: z.array(memberAnswer).max(most.members),
  leader: memberAnswer.nullish(),
})
const statsAnswer = z.object({ count: z.number() })
const namesAnswer = z.array(text).max(most.names).nullable()
const operatorsAnswer = z.array(z.unknown()).nullable()

export type Members =
  | { kind: 'led'; members: Member[]; leader: string | null }
  | { kind: 'leaderless' }
  | null

/** null: no such answer. A PD that has no leader says 503 to everything that only a leader knows. */
export function membersFrom(reply: Reply): Members {
  if (reply.kind === 'silent') return null
  if (reply.status === 503) return { kind: 'leaderless' }
  const answer = parsed(reply, membersAnswer)
  if (!answer) return null
  const members = answer.members.map(({ name, member_id, client_urls }) => ({
    id: member_id,
    name,
    clientUrls: client_urls,
  }))
  return { kind: 'led', members, leader: answer.leader?.name || null }
}

export const askMembers = (client: Client, signal: AbortSignal): Promise<Reply> =>
  ask(client, '/members', signal)

/** What `/status` says, which each PD answers by itself: whether this is one. */
export function isPd(reply: Reply): boolean {
  return parsed(reply, z.object({ version: z.string(), start_timestamp: z.number() })) !== null
}

export const askStatus = (client: Client, signal: AbortSignal): Promise<Reply> =>
  ask(client, '/status', signal)

export async function storesOf(client: Client, signal: AbortSignal): Promise<StoreView[] | null> {
  const answer = parsed(await ask(client, '/stores', signal), storesAnswer)
  return (
    answer?.stores.map(({ store, status }) => ({
      id: store.id,
      address: store.address,
      statusAddress: store.status_address,
      version: store.version,
      state: store.state_name,
      capacityBytes: status.capacity,
      availableBytes: status.available,
      leaders: status.leader_count,
      regions: status.region_count,
      slowScore: status.slow_score,
      busy: status.is_busy,
    })) ?? null
  )
}

export async function regionsOf(client: Client, signal: AbortSignal): Promise<number | null> {
  return parsed(await ask(client, '/stats/region?count', signal), statsAnswer)?.count ?? null
}

export async function checkOf(
  client: Client,
  check: RegionCheck,
  signal: AbortSignal,
): Promise<number | null> {
  const path = `${prefix}/regions/check/${check}`
  const reply = await client.ask({ method: 'GET', path, signal, headBytes: countBytes })
  if (reply.kind === 'silent' || reply.status !== 200) return null
  const count = /^\s*\{\s*"count":\s*(\d+)/.exec(reply.body)?.[1]
  return count === undefined ? null : Number(count)
}

export async function schedulersOf(client: Client, signal: AbortSignal): Promise<ClusterView['schedulers']> {
  const [running, paused] = await Promise.all(
    ['/schedulers', '/schedulers?status=paused'].map(async (path) => {
      const names = parsedOr(await ask(client, path, signal), namesAnswer)
      return names === undefined ? undefined : (names ?? [])
    }),
  )
  return running && paused ? { running, paused } : null
}

export async function operatorsOf(client: Client, signal: AbortSignal): Promise<number | null> {
  // Without `object` they are text.
  const operators = parsedOr(await ask(client, '/operators?object', signal), operatorsAnswer)
  return operators === undefined ? null : (operators?.length ?? 0)
}

const ask = (client: Client, path: string, signal: AbortSignal): Promise<Reply> =>
  client.ask({ method: 'GET', path: prefix + path, signal, maxBytes })

const parsed = <T>(reply: Reply, schema: z.ZodType<T>): T | null => parsedOr(reply, schema) ?? null

/** undefined: no such answer; null may be one. */
function parsedOr<T>(reply: Reply, schema: z.ZodType<T>): T | undefined {
  if (reply.kind === 'silent' || reply.status !== 200) return undefined
  return schema.safeParse(jsonOf(reply.body)).data
}
