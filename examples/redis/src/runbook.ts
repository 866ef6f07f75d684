import {
  type AgentKind,
  type Finding,
  follow,
  notRunning,
  paused,
  type Seen,
  type Service,
  type Work,
} from 'operator-sre'

const isNode = (name: string) => name.startsWith('redis-')

/** The control group: looks at services first, then at replication and memory, and repairs what it knows. */
export const runbook: AgentKind = (work) => follow(work, { isNode, diagnose, healthy })

async function diagnose(work: Work, services: Service[], seen: Seen): Promise<Finding | null> {
  const held = services.filter(({ state }) => state === 'paused')
  if (held.length > 0) return paused(held)
  const stopped = services.filter(({ state }) => state === 'stopped')
  if (stopped.length > 0) {
    return {
      component: stopped.map(({ name }) => name).join(','),
      what: `the process is not running: ${notRunning(stopped)}`,
      remedy: stopped.map(({ name }) => ({
        command: `svc start ${name}`,
        why: 'A service that is not running is started again.',
      })),
    }
  }
  const nodes = await infos(work, services)
  for (const { name, info } of nodes) if (!info) seen.push(`${name} could not be asked`)
  return noPrimary(nodes) ?? memory(nodes) ?? stray(nodes)
}

/** Waits for all nodes, since a replica takes a second to find its primary. One command, so that the audit stays readable. */
async function healthy(work: Work, services: Service[]): Promise<boolean> {
  const names = services.map(({ name }) => name).join(' ')
  const roles = `for n in ${names}; do timeout 2 redis-cli -h $n INFO replication | tr -d '\\r'; done`
  const all = `r=$(${roles}); grep -c ^role:master <<<"$r" | grep -qx 1 && grep -c ^master_link_status:up <<<"$r" | grep -qx ${services.length - 1}`
  const wait = `until ${all}; do ((SECONDS < 15)) || exit 1; sleep 0.3; done`
  if ((await work.shell(wait, 'Is there one primary, and does every other node follow it?')).exitCode !== 0)
    return false
  return !memory(await infos(work, services))
}

interface Node {
  name: string
  info: Map<string, string> | null
}

const infos = (work: Work, services: Service[]): Promise<Node[]> =>
  Promise.all(
    services.map(async ({ name }) => {
      const { stdout, exitCode } = await work.shell(
        `timeout 3 redis-cli -h ${name} INFO`,
        `What ${name} says of itself.`,
      )
      const lines = stdout.split(/\r?\n/).flatMap((line) => {
        const [key, ...value] = line.split(':')
        return value.length > 0 ? [[key ?? '', value.join(':')] as const] : []
      })
      return { name, info: exitCode === 0 && lines.length > 0 ? new Map(lines) : null }
    }),
  )

/** All are replicas: the one that has applied most takes over, since it has every write that was acknowledged. */
function noPrimary(nodes: Node[]): Finding | null {
  if (nodes.some(({ info }) => info?.get('role') !== 'slave')) return null
  const offset = ({ info }: Node) => Number(info?.get('slave_repl_offset'))
  const most = nodes.toSorted((a, b) => offset(b) - offset(a) || a.name.localeCompare(b.name))
  const [next, ...rest] = most
  if (!next) return null
  return {
    component: next.name,
    what: 'no node is the primary: the primary was turned into a replica',
    remedy: [
      {
        command: `redis-cli -h ${next.name} REPLICAOF NO ONE`,
        why: `${next.name} has applied most, so it takes writes again.`,
      },
      ...rest
        .filter(({ info }) => info?.get('master_host') !== next.name)
        .map(({ name }) => ({
          command: `redis-cli -h ${name} REPLICAOF ${next.name} 6379`,
          why: `${name} follows another node.`,
        })),
    ],
  }
}

function memory(nodes: Node[]): Finding | null {
  const full = nodes.filter(({ info }) => {
    const limit = Number(info?.get('maxmemory'))
    return limit > 0 && Number(info?.get('used_memory')) >= 0.9 * limit
  })
  if (full.length === 0) return null
  return {
    component: full.map(({ name }) => name).join(','),
    what: 'memory is at its limit, maxmemory',
    remedy: full.map(({ name }) => ({
      command: `redis-cli -h ${name} CONFIG SET maxmemory "$(sed -n 's/^maxmemory //p' /etc/redis/${name}.conf)"`,
      why: 'The limit that is configured is larger than what is used.',
    })),
  }
}

/** One primary, and a replica without a link to it. */
function stray(nodes: Node[]): Finding | null {
  const primary = nodes.find(({ info }) => info?.get('role') === 'master')
  const lost = nodes.filter(
    ({ info }) => info?.get('role') === 'slave' && info.get('master_link_status') !== 'up',
  )
  if (!primary || lost.length === 0) return null
  return {
    component: lost.map(({ name }) => name).join(','),
    what: 'the replication link is down',
    remedy: lost.map(({ name }) => ({
      command: `redis-cli -h ${name} REPLICAOF ${primary.name} 6379`,
      why: `${primary.name} is the primary.`,
    })),
  }
}
