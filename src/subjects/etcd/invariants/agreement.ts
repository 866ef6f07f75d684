import { type Invariant, notApplicable, ok, unknown, violated } from '../../../core/watch/invariant.ts'
import type { EtcdNode, EtcdObservation, Member } from '../observe/observation.ts'
import { notSeen, okIfAllTold } from './shared.ts'

const answering = (observation: EtcdObservation): [string, EtcdNode][] =>
  Object.entries(observation.nodes).filter(([, node]) => node.status !== null)

const say = (byValue: Map<string, string[]>): string =>
  [...byValue].map(([value, names]) => `${names.join(', ')}: ${value}`).join('; ')

function group(entries: [string, string][]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, value] of entries) groups.set(value, [...(groups.get(value) ?? []), name])
  return groups
}

const membersDisagree: Invariant<EtcdObservation> = {
  name: 'members_disagree',
  scope: 'cluster',
  severity: 'critical',
  graceMs: 5000,
  keepFiringMs: 2000,
  description: 'Members that are up differ about which cluster this is, who leads it or who belongs to it.',
  source: 'our own, from what Raft promises: at most one leader in a term, one configuration',
  inhibitedBy: ['no_quorum', 'no_leader'],
  check(observation) {
    const seen = answering(observation)
    const clusters = group(seen.map(([name, node]) => [name, node.status?.clusterId ?? '']))
    if (clusters.size > 1) return violated(`different clusters: ${say(clusters)}`)
    const leaders = group(
      seen.flatMap(([name, { status }]): [string, string][] =>
        status && status.leaderId !== '0' ? [[name, status.leaderId]] : [],
      ),
    )
    if (leaders.size > 1) return violated(`different leaders: ${say(leaders)}`)
    const lists = group(
      seen.flatMap(([name, { members }]): [string, string][] => (members ? [[name, idsOf(members)]] : [])),
    )
    if (lists.size > 1) return violated(`different member lists: ${say(lists)}`)
    // A member without a leader agrees with nobody yet.
    const tellsAll = ({ status, members }: EtcdNode) =>
      status !== null && status.leaderId !== '0' && members !== null
    return okIfAllTold(observation, tellsAll)
  },
}

const idsOf = (members: Member[]): string =>
  members
    .map(({ id }) => id)
    .toSorted()
    .join(' ')

const peerDisconnected: Invariant<EtcdObservation> = {
  name: 'peer_disconnected',
  scope: 'node',
  severity: 'critical',
  // Streams are set up again within a fraction of a second after a restart.
  graceMs: 2000,
  keepFiringMs: 2000,
  description: 'The member has no connection to another one that is up: the network between the two is cut.',
  source:
    'etcd_network_active_peers; etcd mixin: the network half of etcdMembersDown. Noticed by etcd after 5 s',
  inhibitedBy: ['member_down'],
  check(observation, name) {
    const node = observation.nodes[name]
    if (!node?.status) return notSeen(node)
    // A peer that is down has a ticket of its own.
    const peers = answering(observation).filter(([peer]) => peer !== name)
    if (isAlone(observation)) return notApplicable('it is the only member')
    if (peers.length === 0) return unknown('no peer is up')
    const { activePeers } = node
    if (activePeers === null) return unknown(`${name} does not report its connections`)
    const linkTo = (peer: EtcdNode) => activePeers[hex(peer.status?.memberId ?? '0')]
    const cut = peers.filter(([, peer]) => linkTo(peer) === false)
    if (cut.length === 0)
      return okIfAllTold(
        observation,
        (peer, peerName) => peerName === name || (peer.status !== null && linkTo(peer) === true),
      )
    return violated(`${name} has no connection to ${cut.map(([peer]) => peer).join(', ')}`)
  },
}

const hex = (id: string): string => BigInt(id).toString(16)

const maxLag = 1000

const memberLagging: Invariant<EtcdObservation> = {
  name: 'member_lagging',
  scope: 'node',
  severity: 'warning',
  // A member that comes back catches up within seconds.
  graceMs: 10_000,
  keepFiringMs: 2000,
  description: 'The member is up but has not applied what the others have: it answers with old data.',
  source: `our own: more than ${maxLag} revisions behind for 10 s, as etcd's own snapshots catch up in less`,
  inhibitedBy: ['member_down', 'no_leader', 'no_quorum', 'alarm_corrupt'],
  check(observation, name) {
    const own = observation.nodes[name]?.status
    if (!own) return notSeen(observation.nodes[name])
    const newest = Math.max(...answering(observation).map(([, node]) => node.status?.revision ?? 0))
    const lag = newest - own.revision
    if (isAlone(observation)) return notApplicable('it is the only member')
    if (lag <= maxLag) return okIfAllTold(observation, ({ status }) => status !== null)
    return violated(`${name} is ${lag} revisions behind`, { lag, newest })
  },
}

/** The member lists of all that answer. */
const listsOf = (observation: EtcdObservation): Member[][] =>
  answering(observation).flatMap(([, { members }]) => (members ? [members] : []))

/** By id, never by name: a person may call the endpoints of a cluster what they like. */
const memberList: Invariant<EtcdObservation> = {
  name: 'member_list_as_declared',
  scope: 'cluster',
  severity: 'critical',
  graceMs: 3000,
  keepFiringMs: 2000,
  description: 'The cluster has members other than the declared ones: one was removed, added or replaced.',
  source: "our own: etcd's member list against the endpoints that were declared",
  check(observation) {
    const [list] = listsOf(observation)
    if (!list) return unknown('no member tells the member list')
    const declared = Object.keys(observation.nodes)
    const listed = new Set(list.map(({ id }) => id))
    const strangers = declared.filter((name) => {
      const id = observation.memberIds[name]
      return id !== undefined && !listed.has(id)
    })
    if (strangers.length > 0) return violated(`not a member any more: ${strangers.join(', ')}`)
    const twice = group(Object.entries(observation.memberIds).map(([name, id]) => [name, id]))
    const same = [...twice.values()].find((names) => names.length > 1)
    if (same) return violated(`${same.join(' and ')} are one and the same member`)
    if (list.length === declared.length) return ok
    const watched = new Set(Object.values(observation.memberIds))
    const unwatched = list.filter(({ id }) => !watched.has(id)).map(({ id, name }) => name || hex(id))
    const values = { members: list.length, declared: declared.length }
    return violated(
      `${list.length} members, ${declared.length} declared${unwatched.length > 0 ? `; nobody watches ${unwatched.join(', ')}` : ''}`,
      values,
    )
  },
}

/** As the members themselves have it; as declared where none told. */
const isAlone = ({ nodes, memberList }: EtcdObservation): boolean =>
  (memberList ?? Object.keys(nodes)).length === 1

const learnerStays: Invariant<EtcdObservation> = {
  name: 'learner_stays',
  scope: 'cluster',
  severity: 'warning',
  // A learner is promoted by hand once it has caught up.
  graceMs: 30_000,
  keepFiringMs: 2000,
  description:
    'A member joined as a learner and was not promoted: it has no vote, and counts for no majority.',
  source: "our own: the members' own list (manual: Learner)",
  check(observation) {
    const lists = listsOf(observation)
    const list = lists.find((members) => members.some(({ learner }) => learner)) ?? lists[0]
    if (!list) return unknown('no member tells the member list')
    const learners = list.filter(({ learner }) => learner)
    if (learners.length === 0) return ok
    const voters = list.length - learners.length
    const spare = voters - (Math.floor(voters / 2) + 1)
    return violated(
      `${learners.map(({ name, id }) => name || hex(id)).join(', ')} is still a learner: ${voters} voters, of which ${spare} may fail`,
      { voters, spare },
    )
  },
}

const revisionFell: Invariant<EtcdObservation> = {
  name: 'revision_fell',
  scope: 'cluster',
  severity: 'critical',
  graceMs: 3000,
  keepFiringMs: 0,
  description: 'The cluster has forgotten writes: its revision is lower than it was. Watchers see old data.',
  source: 'our own: a revision never falls, except by a restore from an older snapshot',
  inhibitedBy: ['no_quorum'],
  check({ revision: { highest, now } }) {
    if (now === null) return unknown('no member proves its revision by a read through consensus')
    return now >= highest ? ok : violated(`the revision was ${highest} and is ${now}`, { highest, now })
  },
}

const dataDiffers: Invariant<EtcdObservation> = {
  name: 'data_differs',
  scope: 'cluster',
  severity: 'critical',
  graceMs: 0,
  keepFiringMs: 0,
  description:
    'Members hold different data at the same revision: which of them is asked decides what is read.',
  source: 'our own: HashKV of all members at one revision, twice a minute (manual: Data corruption)',
  check(observation) {
    if (isAlone(observation)) return notApplicable('there is one member only')
    const { data } = observation
    if (data === null) return unknown('the data of the members has not been compared yet')
    if (data === 'too_large') return notApplicable('the database is too large to be read twice a minute')
    if (data === 'forbidden')
      return notApplicable('auth is on, and only root may ask for hashes of the data (--user-file)')
    const told = Object.entries(data.hashes)
    const byCompaction = Map.groupBy(told, ([, { compactRevision }]) => compactRevision)
    for (const alike of byCompaction.values()) {
      const hashes = group(alike.map(([name, { hash }]) => [name, String(hash)]))
      if (hashes.size > 1) return violated(`at revision ${data.revision} the data differs: ${say(hashes)}`)
    }
    if (byCompaction.size > 1) return unknown('members compacted in between, and cannot be compared')
    return okIfAllTold(observation, ({ status }, name) => status !== null && data.hashes[name] !== undefined)
  },
}

export const agreement = [
  memberList,
  membersDisagree,
  peerDisconnected,
  memberLagging,
  learnerStays,
  revisionFell,
  dataDiffers,
]
