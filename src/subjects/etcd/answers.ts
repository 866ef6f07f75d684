import { z } from 'zod'
import type { Reply } from '../shared/client.ts'
import type { Member, Status } from './observation.ts'

/** The gateway writes 64-bit numbers as strings and leaves zeros out. */
const id = z
  .string()
  .regex(/^\d{1,20}$/)
  .default('0')
/** Names, addresses, versions and alarms, as long and as many as any cluster has; facts and tickets repeat them. */
const text = z.string().max(1_000)
const count = z.coerce.number().nonnegative().default(0)

const statusAnswer = z.object({
  header: z.object({ cluster_id: id, member_id: id, revision: count, raft_term: count }),
  version: text.default(''),
  dbSize: count,
  dbSizeInUse: count,
  leader: id,
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
    .max(100),
})

const healthAnswer = z.object({ health: z.enum(['true', 'false']) })

const parsed = <T>(reply: Reply, schema: z.ZodType<T>): T | null => {
  if (reply.kind === 'silent') return null
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
    }
  )
}

/** `memberID:13803658152347727308 alarm:NOSPACE`, the text form of etcd's `AlarmMember`. */
function alarmFrom(error: string): Status['alarms'] {
  const [, memberId, alarm] = /memberID:(\d{1,20})\s+alarm:(\w+)/.exec(error) ?? []
  return memberId && alarm ? [{ memberId, alarm }] : []
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

export function servingFrom(reply: Reply): boolean | null {
  const health = parsed(reply, healthAnswer)
  return health && health.health === 'true'
}
