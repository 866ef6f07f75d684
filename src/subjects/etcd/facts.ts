import type { Fact } from '../../core/watch/subject.ts'
import type { EtcdNode, EtcdObservation, Status } from './observe/observation.ts'

/** Identity, membership and data of an etcd cluster, as far as its members tell them. */
export function facts({ nodes }: EtcdObservation): Fact[] {
  const seen = Object.entries(nodes)
  const telling = seen.flatMap(([name, { status }]): [string, Status][] => (status ? [[name, status]] : []))
  if (telling.length === 0) return []
  const nameOf = new Map(telling.map(([name, { memberId }]) => [memberId, name]))
  const named = (id: string) => nameOf.get(id) ?? hex(id)
  return [
    ...identity(telling),
    ...membership(seen),
    ...revision(seen),
    {
      name: 'leader',
      value: distinct(telling.map(([, { leaderId }]) => (leaderId === '0' ? 'none' : named(leaderId)))),
      keep: 'free',
    },
    {
      name: 'alarms',
      value: distinct(
        telling.flatMap(([, { alarms }]) =>
          alarms.map(
            ({ alarm, memberId }) => `${alarm} of ${memberId === null ? 'nobody' : named(memberId)}`,
          ),
        ),
      ),
      keep: 'same',
    },
    ...telling.flatMap(([node, { memberId, version, dbBytes }]): Fact[] => [
      { name: 'member id', node, value: hex(memberId), keep: 'same' },
      { name: 'version', node, value: version, keep: 'same' },
      { name: 'database bytes', node, value: dbBytes, keep: 'free' },
    ]),
    // Room that somebody made: no loss, and not what was asked for.
    ...seen.flatMap(([node, { quotaBytes, disk }]): Fact[] => [
      ...(quotaBytes === null
        ? []
        : [{ name: 'quota bytes', node, value: quotaBytes, keep: 'same' } as const]),
      ...(disk ? [{ name: 'disk bytes', node, value: disk.totalBytes, keep: 'same' } as const] : []),
    ]),
  ]
}

/** Members that differ belong to different clusters: all of them are told, so that one more is a change. */
const identity = (telling: [string, Status][]): Fact[] => [
  {
    name: 'cluster id',
    value: distinct(telling.map(([, { clusterId }]) => hex(clusterId))).join(' and '),
    keep: 'same',
    vital: true,
  },
]

/** As a member sees it that has a majority behind it. One that has not started once has no name yet. */
function membership(seen: [string, EtcdNode][]): Fact[] {
  const list = seen.find(([, { members, serving }]) => members && serving)?.[1].members
  if (!list) return []
  const value = distinct(list.map(({ name, id, peerUrls }) => name || (peerUrls[0] ?? hex(id))))
  return [{ name: 'members', value, keep: 'same', vital: true }]
}

/** Only a member that has just read through consensus proves how far the cluster is. */
function revision(seen: [string, EtcdNode][]): Fact[] {
  const proven = seen.flatMap(([, { status, serving }]) => (status && serving ? [status.revision] : []))
  return proven.length === 0
    ? []
    : [{ name: 'revision', value: Math.max(...proven), keep: 'grows', vital: true }]
}

const distinct = (values: readonly string[]): string[] => [...new Set(values)].toSorted()

const hex = (id: string): string => BigInt(id).toString(16)
