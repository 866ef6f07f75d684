import type { Work } from '../../../core/work/agent.ts'
import type { Finding, Service, Step } from '../../shared/services.ts'

/** Keys that differ between members, or between a member's first start and later ones. */
const ownKeys = /^(initial-cluster|initial-cluster-state):/

/** Lines of a member's configuration that are not as those of a member that runs. */
export async function strayConfig(
  work: Work,
  node: Service,
  services: readonly Service[],
): Promise<Finding | null> {
  const peer = services.find(({ name, state }) => name !== node.name && state === 'running')
  if (!peer) return null
  const file = (name: string) => `/etc/etcd/${name}.yml`
  const diff = `diff <(sed 's/${peer.name}/${node.name}/g' ${file(peer.name)}) ${file(node.name)}`
  const { stdout } = await work.shell(diff, `Is ${node.name} configured as ${peer.name} is, names apart?`)
  const side = (mark: '<' | '>') =>
    stdout.split('\n').flatMap((line) => (line.startsWith(`${mark} `) ? [line.slice(2)] : []))
  const [wanted, found] = [side('<'), side('>')].map((lines) => lines.filter((line) => !ownKeys.test(line)))
  const remedy = (wanted ?? []).flatMap((line): Step[] => {
    const key = /^([a-z0-9-]+):/.exec(line)?.[1]
    // A line that this could not put back exactly is for a person.
    if (key === undefined || /['|&\\]/.test(line)) return []
    const command = `sed -i 's|^${key}:.*|${line}|' ${file(node.name)}`
    return [{ command, why: `The other members have: ${line}` }]
  })
  if (remedy.length === 0) return null
  return {
    component: node.name,
    what: `the configuration of ${node.name} is not as the others': ${(found ?? []).join('; ')}`,
    remedy: [
      ...remedy,
      { command: `svc start ${node.name}`, why: 'A corrected configuration is read at the start.' },
    ],
  }
}
