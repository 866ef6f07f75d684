import { z } from 'zod'
import type { Reply } from '../../shared/client/client.ts'
import { authRefusal } from '../auth.ts'
import type { Member, Status } from './observation.ts'

/** The gateway writes 64-bit numbers as strings and leaves zeros out. An id that has to be there is never zero. */
const id = z.string().regex(/^[1-9]\d{0,19}$/)
const maybeId = z
  .string()
  .regex(/^\d{1,20}$/)
  .default('0')
/** Names, addresses, versions and alarms, as long and as many as any cluster has; facts and tickets repeat them. */
const text = z.string().max(1_000)
const count = z
  .union([z.string().regex(/^\d+$/).transform(Number), z.number()])
  .pipe(z.number().nonnegative().max(Number.MAX_SAFE_INTEGER))
/** No member is without a version, and none has an empty database file or a revision below 1. */
const counted = count.pipe(z.number().positive())

const statusAnswer = z.object({
  header: z.object({ cluster_id: id, member_id: id, revision: counted, raft_term: count.default(0) }),
  version: text.min(1),
  dbSize: counted,
  dbSizeInUse: counted.nullable().default(null),
  leader: maybeId,
  isLearner: z.boolean().default(false),
  errors: z.array(text).max(100).default([]),
})

const memberListAnswer = z.object({
  members: z
    .array(
      z.object({
        ID: id,
        name: text.default(''),
        peerURLs: z.array(text).max(100).default([]),
        isLearner: z.boolean().default(false),
      }),
    )
    .min(1)
    .max(100),
})

const hashAnswer = z.object({ hash: z.number(), compact_revision: maybeId })

const healthAnswer = z.object({ health: z.enum(['true', 'false']) })

const parsed = <T>(reply: Reply, schema: z.ZodType<T>, statuses = [200]): T | null => {
  if (reply.kind === 'silent' || !statuses.includes(reply.status)) return null
  const json = jsonOf(reply.body)
  return json === null ? null : (schema.safeParse(json).data ?? null)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

export function statusFrom(reply: Reply): Status | null {
  const status = parsed(reply, statusAnswer)
  return (
    status && {
      clusterId: status.header.cluster_id,
      memberId: status.header.member_id,
      leaderId: status.leader,
      term: status.header.raft_term,
      revision: status.header.revision,
      version: status.version,
      dbBytes: status.dbSize,
      dbInUseBytes: status.dbSizeInUse,
      alarms: status.errors.flatMap(alarmFrom),
      learner: status.isLearner,
    }
  )
}

/** `memberID:13803658152347727308 alarm:NOSPACE `, the text form of etcd's `AlarmMember`, which leaves zeros out. */
function alarmFrom(error: string): Status['alarms'] {
  const alarm = /\balarm:(\w+)/.exec(error)?.[1]
  return alarm ? [{ memberId: /\bmemberID:(\d{1,20})\b/.exec(error)?.[1] ?? null, alarm }] : []
}

export function membersFrom(reply: Reply): Member[] | null {
  const list = parsed(reply, memberListAnswer)
  return (
    list?.members.map((member) => ({
      id: member.ID,
      name: member.name,
      peerUrls: member.peerURLs,
      learner: member.isLearner,
    })) ?? null
  )
}

/** Reads the answer to `POST /v3/maintenance/hash` (HashKV). */
export function hashFrom(reply: Reply): { hash: number; compactRevision: string } | 'forbidden' | null {
  // Where auth is on, only root may ask. Until 3.5 etcd says so with status 500.
  if (authRefusal(reply) !== null) return 'forbidden'
  if (reply.kind === 'answered' && [400, 401, 403].includes(reply.status)) return 'forbidden'
  const answer = parsed(reply, hashAnswer)
  return answer && { hash: answer.hash, compactRevision: answer.compact_revision }
}

export function servingFrom(reply: Reply): boolean | null {
  // A member that is not healthy says so with 503.
  const health = parsed(reply, healthAnswer, [200, 503])
  if (health === null || reply.kind === 'silent') return null
  return health.health === 'false' ? false : reply.status === 200 ? true : null
}
