import { z } from 'zod'
import type { Client, Reply } from '../../shared/client/client.ts'
import { type Member, type Scheduling, storeStates } from '../observe/observation.ts'
import type { StoreAnswer } from '../observe/told.ts'
import { bytesOf, jsonOf } from './json.ts'

// PD's HTTP API v1 (server/api/router.go). Ids of 64 bits come as numbers, sizes are text, and numbers that are 0 are left out
// in some places and not in others.

const prefix = '/pd/api/v1'
/** 1,000 stores are less than a MiB. */
const maxBytes = 8 << 20

/** As strings, whether they fit a number or not. */
const id = z.union([z.string().regex(/^\d{1,20}$/), z.int().nonnegative()]).transform(String)
/** Names, addresses and versions, as long as any cluster has them; facts and tickets repeat them. */
const text = z.string().max(1_000)
/** As many as any cluster has. */
const most = { stores: 1_000, members: 100, names: 1_000 }
const size = z.string().transform(bytesOf).nullable().default(null)

/** Left out, null or not a number: not known. */
const count = z.number().nullable().default(null)

const storesAnswer = z
  .object({
    count: z.number(),
    stores: z.array(
      z.object({
        store: z.object({
          id,
          address: text.default(''),
          status_address: text.default(''),
          version: text.default(''),
          // `state` is a number, left out when 0; this is the name of what PD makes of it and of the heartbeats.
          state_name: z.enum(storeStates).nullable().default(null).catch(null),
        }),
        status: z
          .object({
            capacity: size,
            available: size,
            leader_count: count,
            slow_score: count,
            is_busy: z.boolean().default(false),
            network_slow_score: z
              .record(z.string().max(20), z.number())
              .refine((scores) => Object.keys(scores).length <= most.stores)
              .nullable()
              .default(null),
          })
          .prefault({}),
      }),
    ),
  })
  .refine(({ stores }) => stores.length <= most.stores)
  // A list that is not whole says nothing of the stores that it lacks.
  .refine(({ count, stores }) => count === stores.length)

const memberAnswer = z.object({
  name: text.default(''),
  member_id: id,
  client_urls: z.array(text).max(most.members).default([]),
})
const membersAnswer = z.object({
  members: z.array(memberAnswer).min(1).max(most.members),
  leader: memberAnswer.extend({ name: text.min(1) }),
})
const statsAnswer = z.object({ count: z.number() })
const namesAnswer = z.array(text).max(most.names).nullable()
const operatorsAnswer = z.array(z.unknown()).nullable()
const healthAnswer = z
  .array(memberAnswer.extend({ health: z.boolean() }))
  .min(1)
  .max(most.members)
const limit = z.number()
const schedulingAnswer = z.object({
  // A text, and left out when false.
  'halt-scheduling': z.union([z.boolean(), z.enum(['true', 'false'])]).default(false),
  'leader-schedule-limit': limit,
  'region-schedule-limit': limit,
  'replica-schedule-limit': limit,
})

export type Members =
  | { kind: 'led'; members: Member[]; leader: string }
  /** It knows no leader, or does not reach the one that it knows. */
  | { kind: 'leaderless'; detail: string }
  /** No such answer. */
  | null

/**
 * Without a leader PD answers 503 after three seconds (older versions at once). While it still believes in one that is
 * gone it answers 500, as the request could not be forwarded (server/api, redirector).
 */
export function membersFrom(reply: Reply): Members {
  if (reply.kind === 'silent') return null
  const detail = reply.body.trim().slice(0, 200)
  if ((reply.status === 503 || reply.status === 500) && /redirect|leader/i.test(detail))
    return { kind: 'leaderless', detail }
  const answer = parsed(reply, membersAnswer)
  return answer && { kind: 'led', members: answer.members.map(memberFrom), leader: answer.leader.name }
}

const memberFrom = ({ name, member_id, client_urls }: z.infer<typeof memberAnswer>): Member => ({
  id: member_id,
  name,
  clientUrls: client_urls,
})

export const askMembers = (client: Client, signal: AbortSignal): Promise<Reply> =>
  ask(client, '/members', signal)

/** When the process started, epoch s, as `/status` says; each PD answers that by itself. null: this is no PD. */
export function pdStartFrom(reply: Reply): number | null {
  return (
    parsed(reply, z.object({ version: z.string(), start_timestamp: z.number() }))?.start_timestamp ?? null
  )
}

export const askStatus = (client: Client, signal: AbortSignal): Promise<Reply> =>
  ask(client, '/status', signal)

/** With those that were removed, which PD lists only when they are asked for. */
const everyStore = '/stores?state=0&state=1&state=2'

export async function storesOf(client: Client, signal: AbortSignal): Promise<StoreAnswer[] | null> {
  const answer = parsed(await ask(client, everyStore, signal), storesAnswer)
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
      slowScore: status.slow_score,
      busy: status.is_busy,
      networkSlowScores: status.network_slow_score,
    })) ?? null
  )
}

export async function regionsOf(client: Client, signal: AbortSignal): Promise<number | null> {
  return parsed(await ask(client, '/stats/region?count', signal), statsAnswer)?.count ?? null
}

export async function schedulingOf(client: Client, signal: AbortSignal): Promise<Scheduling | null> {
  const [running, paused, config] = await Promise.all([
    namesAt(client, '/schedulers', signal),
    namesAt(client, '/schedulers?status=paused', signal),
    ask(client, '/config/schedule', signal),
  ])
  const rules = parsed(config, schedulingAnswer)
  if (!running || !paused || !rules) return null
  const { 'halt-scheduling': halted, ...limits } = rules
  const zero = Object.entries(limits).flatMap(([name, limit]) => (limit === 0 ? [name] : []))
  return { running, paused, halted: halted === true || halted === 'true', zeroLimits: zero }
}

async function namesAt(client: Client, path: string, signal: AbortSignal): Promise<string[] | null> {
  const names = parsedOr(await ask(client, path, signal), namesAnswer)
  return names === undefined ? null : (names ?? [])
}

/** Which members answer the PD that is asked; that says nothing of a quorum. */
export async function healthOf(
  client: Client,
  signal: AbortSignal,
): Promise<{ member: Member; healthy: boolean }[] | null> {
  const answer = parsed(await ask(client, '/health', signal), healthAnswer)
  return answer?.map(({ health, ...member }) => ({ member: memberFrom(member), healthy: health })) ?? null
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
