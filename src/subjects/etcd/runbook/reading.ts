import { z } from 'zod'
import type { Service } from '../../shared/services.ts'

const statusList = z.array(
  z.object({
    Endpoint: z.string(),
    Status: z.object({
      header: z.object({ revision: z.number() }).optional(),
      leader: z.number().optional(),
      errors: z.array(z.string()).optional(),
      dbSize: z.number().optional(),
      dbSizeInUse: z.number().optional(),
    }),
  }),
)

export interface MemberStatus {
  name: string
  revision: number
  hasLeader: boolean
  /** Errors that the member reports about itself: no leader, an alarm. */
  errors: string[]
  dbBytes: number | null
  usedBytes: number | null
}

/** Those of the members that answered. */
export function statusesIn(json: string): MemberStatus[] {
  return (statusList.safeParse(jsonLine(json, '[')).data ?? []).map(({ Endpoint, Status }) => ({
    name: Endpoint.replace(/:\d+$/, ''),
    revision: Status.header?.revision ?? 0,
    hasLeader: (Status.leader ?? 0) !== 0,
    errors: Status.errors ?? [],
    dbBytes: Status.dbSize ?? null,
    usedBytes: Status.dbSizeInUse ?? null,
  }))
}

const memberList = z.object({
  members: z.array(
    z.object({
      ID: z.string(),
      name: z.string().optional(),
      peerURLs: z.array(z.string()),
      isLearner: z.boolean().optional(),
    }),
  ),
})

export interface ListedMember {
  /** As etcdctl takes it: hexadecimal. */
  id: string
  /** Empty until it has started once. */
  name: string
  peerUrl: string
  isLearner: boolean
}

/** null: the list could not be read. */
export function membersIn(json: string): ListedMember[] | null {
  // Ids are too large for a JavaScript number.
  const list = memberList.safeParse(jsonLine(json.replace(/"ID":(\d+)/g, '"ID":"$1"'), '{'))
  if (!list.success) return null
  return list.data.members.map(({ ID, name = '', peerURLs, isLearner = false }) => ({
    id: BigInt(ID).toString(16),
    name,
    peerUrl: peerURLs[0] ?? '',
    isLearner,
  }))
}

export interface Alarm {
  /** Hexadecimal; null: nobody's, as etcd raises it where it cannot tell whose. */
  memberId: string | null
  kind: string
}

/** Parses `alarm list`: one alarm in each line, `memberID:1027 alarm:NOSPACE`, without the first part when the id is 0. */
export const alarmsIn = (output: string): Alarm[] =>
  [...output.matchAll(/^\s*(?:memberID:\s*(\d+)\s+)?alarm:\s*(\w+)/gm)].map(([, id, kind = '']) => ({
    memberId: id === undefined || id === '0' ? null : BigInt(id).toString(16),
    kind,
  }))

/** Members that do not answer are complained about on other lines. */
function jsonLine(output: string, opening: string): unknown {
  const line = output.split('\n').find((one) => one.startsWith(opening))
  if (line === undefined) return null
  try {
    return JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

export function commandFor(services: readonly Pick<Service, 'name'>[], what: string): string {
  const endpoints = services.map(({ name }) => `${name}:2379`).join(',')
  return `etcdctl --endpoints=${endpoints} --dial-timeout=1s --command-timeout=2s ${what}`
}

/** Succeeds as well where etcd refuses because somebody has done it before. */
export const already = (command: string, refusal: string): string =>
  `{ said=$(${command} 2>&1); code=$?; echo "$said"; [[ $code == 0 || $said == *"${refusal}"* ]]; }`
