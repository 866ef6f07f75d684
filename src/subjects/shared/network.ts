import type { Work } from '../../core/work/agent.ts'
import type { Seen } from './procedure.ts'
import type { Finding, Service, Step } from './services.ts'

/** The network of every member; a line for each thing that may be out of place. */
const readNetwork = (names: string) => `for n in ${names}; do
  svc exec $n -- iptables -S | sed "s/^/$n rule /"
  svc exec $n -- iptables -t mangle -S | sed "s/^/$n queue /"
  svc exec $n -- tc qdisc show | sed "s/^/$n qdisc /"
done`

const qdisc = /^qdisc (netem|tbf) \S+ dev (\S+) root/

/** Rules and queues that no member has of itself: packets dropped or slowed down. */
export async function network(work: Work, services: readonly Service[], seen: Seen): Promise<Finding | null> {
  const names = services.map(({ name }) => name)
  const { stdout } = await work.shell(
    readNetwork(names.join(' ')),
    'Is anything between the members out of place?',
  )
  const odd = stdout.split('\n').flatMap((line) => oddIn(line, names))
  // Every node has a policy and a queue of its own; one without either line was not looked at.
  const read = names.filter((name) => ['rule', 'qdisc'].every((kind) => stdout.includes(`${name} ${kind} `)))
  if (odd.length === 0) {
    const unread = names.filter((name) => !read.includes(name))
    if (read.length > 0)
      seen.push(`no rule that drops packets and no queue that slows them on ${read.join(', ')}`)
    if (unread.length > 0) seen.push(`rules and queues of ${unread.join(', ')} could not be read`)
    return null
  }
  return {
    component: [...new Set(odd.map(({ component }) => component))].join(','),
    what: odd.map(({ component, what }) => `${component}: ${what}`).join('; '),
    remedy: odd.map(({ step }) => step),
  }
}

interface Odd {
  component: string
  what: string
  step: Step
}

function oddIn(line: string, names: readonly string[]): Odd[] {
  const [, node = '', kind, rest = ''] = /^(\S+) (rule|queue|qdisc) (.*)$/.exec(line) ?? []
  if (!names.includes(node)) return []
  const command = `svc exec ${node} --`
  if (kind === 'rule' && /^-A .*-j (DROP|REJECT)\b/.test(rest)) {
    const why = 'A member has no firewall of its own.'
    return [
      {
        component: node,
        what: `a firewall rule drops its packets (${rest})`,
        step: { command: `${command} iptables -D ${rest.slice('-A '.length)}`, why },
      },
    ]
  }
  if (kind === 'queue' && /^-A .*-j NFQUEUE\b/.test(rest)) {
    const why = 'Nobody but the kernel has to see the packets of a member.'
    return [
      {
        component: node,
        what: `its packets wait in a queue of netfilter (${rest})`,
        step: { command: `${command} iptables -t mangle -D ${rest.slice('-A '.length)}`, why },
      },
    ]
  }
  const [, discipline, device] = (kind === 'qdisc' && qdisc.exec(rest)) || []
  if (!discipline) return []
  const why = 'A member sends as fast as it can.'
  return [
    {
      component: node,
      what: `its network interface is slowed down (${discipline})`,
      step: { command: `${command} tc qdisc del dev ${device} root`, why },
    },
  ]
}
