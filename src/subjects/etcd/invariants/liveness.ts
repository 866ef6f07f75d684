import { type Invariant, ok, unknown, violated } from '../../../core/watch/invariant.ts'
import { isThere } from '../../shared/client/reach.ts'
import type { EtcdNode, EtcdObservation } from '../observe/observation.ts'
import { notSeen } from './shared.ts'

const memberDown: Invariant<EtcdObservation> = {
  name: 'member_down',
  scope: 'node',
  severity: 'critical',
  // One look is proof enough: the port refused, or the node was silent for a whole second while others answered.
  graceMs: 0,
  keepFiringMs: 2000,
  explainsUnobservable: true,
  description: 'The member does not answer: its process is gone or stuck, or the network does not reach it.',
  source: 'etcd mixin: etcdMembersDown (20 m there, meant for paging)',
  check(observation, name) {
    const node = observation.nodes[name]
    return node ? isThere(name, node) : unknown('not observed')
  },
}

const noLeader: Invariant<EtcdObservation> = {
  name: 'no_leader',
  scope: 'node',
  severity: 'critical',
  // An election takes one to two election timeouts, 1 to 2 s by default.
  graceMs: 3000,
  keepFiringMs: 2000,
  description: 'The member knows no leader: it serves neither writes nor linearizable reads.',
  source: 'etcd mixin: etcdNoLeader (1 m there)',
  inhibitedBy: ['member_down', 'no_quorum'],
  check(observation, name) {
    const node = observation.nodes[name]
    if (node?.hasLeader == null) return notSeen(node)
    return node.hasLeader ? ok : violated(`${name} knows no leader`)
  },
}

const noQuorum: Invariant<EtcdObservation> = {
  name: 'no_quorum',
  scope: 'cluster',
  severity: 'critical',
  graceMs: 3000,
  keepFiringMs: 2000,
  description:
    'Fewer than a majority of the voting members are up and know a leader: nothing can be written.',
  source: 'etcd mixin: etcdInsufficientMembers (3 m there)',
  check(observation) {
    const voters = votersOf(observation)
    const majority = Math.floor(voters.length / 2) + 1
    const led = voters.filter((node) => node?.hasLeader === true).length
    const lost = voters.filter((node) => node && (node.hasLeader === false || node.healthy === false)).length
    if (led >= majority) return ok
    if (voters.length - lost >= majority)
      return unknown(`${led} of ${voters.length} voters are known to follow a leader`)
    return violated(`${led} of ${voters.length} voters follow a leader; ${majority} are needed`, {
      led,
      majority,
    })
  },
}

/** By the members' own list, where one was told: learners have no vote, and nobody may watch a member that has one. */
function votersOf({ nodes, memberIds, memberList }: EtcdObservation): (EtcdNode | undefined)[] {
  if (memberList === null) return Object.values(nodes)
  const nameOf = new Map(Object.entries(memberIds).map(([name, id]) => [id, name]))
  // A node that never told its id may be any of the members that no other node is.
  const nameless = Object.keys(nodes).filter((name) => memberIds[name] === undefined)
  return memberList
    .filter(({ learner }) => !learner)
    .map(({ id }) => nodes[nameOf.get(id) ?? nameless.pop() ?? ''])
}

const notServing: Invariant<EtcdObservation> = {
  name: 'not_serving',
  scope: 'node',
  severity: 'critical',
  graceMs: 5000,
  keepFiringMs: 2000,
  description:
    'The member is up and knows a leader, yet its own linearizable read fails or takes more than a second.',
  source: "etcd's GET /health, which reads through consensus; manual: Monitoring etcd",
  inhibitedBy: ['member_down', 'no_leader', 'no_quorum', 'alarm_nospace', 'alarm_corrupt'],
  check(observation, name) {
    const node = observation.nodes[name]
    if (node?.reach !== 'answered') return notSeen(node)
    if (node.serving === true) return ok
    return violated(`${name}: ${node.serving === false ? '/health says false' : '/health does not answer'}`)
  },
}

export const liveness = [memberDown, noQuorum, noLeader, notServing]
