import type { Work } from '../../../core/work/agent.ts'
import type { Finding, Service, Step } from '../../shared/services.ts'
import type { Cause } from './fatal.ts'
import { already, commandFor, membersIn } from './reading.ts'

/**
 * Replaces a member that ended because the others removed it, or because it cannot read its data. It joins again empty and gets the
 * data from the others. Only while all others run.
 */
export async function lostMember(
  work: Work,
  node: Service,
  services: readonly Service[],
  cause: Cause | null,
): Promise<Finding | null> {
  const others = services.filter(({ name }) => name !== node.name)
  const list = await work.shell(
    commandFor(others, 'member list -w json'),
    `Do the others still know ${node.name}?`,
  )
  const members = membersIn(list.stdout)
  if (members === null) return null
  const itself = members.find(({ peerUrl }) => peerUrl.includes(`//${node.name}:`))
  if (itself && !cause?.rejoins) return null
  const what = itself
    ? `${node.name}: ${cause?.what} (${cause?.line})`
    : `${node.name} was removed from the list of members`
  // While the members' data differ, this one may have the only good copy.
  const doubted = work.tickets.some(({ invariant }) =>
    /^(data_differs|alarm_corrupt|revision_fell)$/.test(invariant),
  )
  const safe =
    !doubted && others.every(({ state }) => state === 'running') && members.length >= services.length - 1
  if (!safe) {
    const why = doubted ? "the members' data are in question" : 'not all others run'
    return { component: node.name, what: `${what}; its data is left alone, as ${why}`, remedy: [] }
  }
  return { component: node.name, what, remedy: rejoin(node, others, itself?.id) }
}

function rejoin(node: Service, others: readonly Service[], id: string | undefined): Step[] {
  const config = `/etc/etcd/${node.name}.yml`
  const url = `http://${node.name}:2380`
  // etcd changes its members only while all of them are known to be well.
  const patiently = (command: string) => `until ${command}; do ((SECONDS < 20)) || exit 1; sleep 0.5; done`
  const forget: Step[] = id
    ? [
        {
          command: patiently(already(commandFor(others, `member remove ${id}`), 'member not found')),
          why: 'With its id, it would have to keep its data.',
        },
      ]
    : []
  return [
    ...forget,
    {
      command: patiently(
        already(commandFor(others, `member add ${node.name} --peer-urls=${url}`), 'Peer URLs already exists'),
      ),
      why: 'The others have to expect it.',
    },
    {
      command: `sed -i 's|^initial-cluster-state:.*|initial-cluster-state: existing|' ${config}`,
      why: 'It joins a cluster that exists.',
    },
    {
      command: `rm -rf /var/lib/etcd/${node.name}/data/member`,
      why: 'It gets everything from the others; what it has cannot be used.',
    },
    { command: `svc start ${node.name}`, why: 'It joins.' },
  ]
}
