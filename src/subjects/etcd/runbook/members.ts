import type { Work } from '../../../core/work/agent.ts'
import { complaint, type Seen } from '../../shared/procedure.ts'
import type { Finding, Service } from '../../shared/services.ts'
import { commandFor, type MemberStatus, membersIn } from './reading.ts'

/** The list of members beside what the services' configurations say: a wrong peer URL, a stranger, a learner. */
export async function oddMembers(
  work: Work,
  services: readonly Service[],
  statuses: readonly MemberStatus[],
  seen: Seen,
): Promise<Finding | null> {
  const led = statuses.filter(({ hasLeader }) => hasLeader)
  const asked = led.length > 0 ? led : statuses.length > 0 ? statuses : services
  const list = await work.shell(
    commandFor(asked, 'member list -w json'),
    'Who is a member, and at which address?',
  )
  const members = membersIn(list.stdout)
  if (!members) {
    seen.push(`the list of members could not be read${complaint(list)}`)
    return null
  }
  const files = services.map(({ name }) => `/etc/etcd/${name}.yml`).join(' ')
  const config = await work.shell(
    `grep -H '^initial-advertise-peer-urls:' ${files}; true`,
    'Which address does each member have by its own configuration?',
  )
  const urlOf = (name: string) =>
    new RegExp(`/${name}\\.yml:initial-advertise-peer-urls:\\s*['"]?([^\\s'"]+)`).exec(config.stdout)?.[1]
  const known = services.map(({ name }) => ({ name, url: urlOf(name) }))
  const needed = Math.floor(members.filter(({ isLearner }) => !isLearner).length / 2) + 1
  for (const { id, name, peerUrl, isLearner } of members) {
    const itself = known.find((one) => one.name === name)
    if (itself?.url !== undefined && itself.url !== peerUrl)
      return found(
        name,
        `the list of members has ${peerUrl} as peer URL of ${name}, its configuration has ${itself.url}: its peers cannot reach it there`,
      )
    if (!itself && !known.some(({ url }) => url === peerUrl))
      return found(
        'cluster',
        `the list of members has ${name === '' ? 'one that never started' : name} (${id}) with peer URL ${peerUrl}, which is no service of this host: of ${members.length} members ${needed} are needed`,
      )
    if (isLearner && work.tickets.some(({ invariant }) => invariant === 'learner_stays'))
      return found(
        name || 'cluster',
        `${name || id} is a learner, which has no vote; to promote it is for a person`,
      )
  }
  const unread = known.filter(({ url }) => url === undefined)
  seen.push(
    unread.length === 0
      ? `the list of members has ${members.length} with the peer URLs of their configurations`
      : `the list of members has ${members.length}; the peer URLs of ${unread.map(({ name }) => name).join(', ')} could not be compared`,
  )
  return null
}

const found = (component: string, what: string): Finding => ({ component, what, remedy: [] })
