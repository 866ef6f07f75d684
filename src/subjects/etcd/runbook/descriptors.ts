import type { Work } from '../../../core/work/agent.ts'
import type { Seen } from '../../shared/procedure.ts'
import type { Finding, Service } from '../../shared/services.ts'

/** Share of the limit at which etcd itself starts to warn. */
const many = 0.8

/** Clients that keep their connections use up a member's file descriptors: no new client is served, and it ends. */
export async function descriptors(
  work: Work,
  services: readonly Service[],
  seen: Seen,
): Promise<Finding | null> {
  const running = services.filter(({ pid }) => pid !== null)
  const pairs = running.map(({ name, pid }) => `${name}:${pid}`).join(' ')
  const listDescriptors = `for p in ${pairs}; do echo "\${p%:*} files $(ls /proc/\${p#*:}/fd | wc -l) of $(awk '/^Max open files/ { print $4 }' /proc/\${p#*:}/limits)"; done`
  const { stdout } = await work.shell(listDescriptors, 'Has every process file descriptors left?')
  const rows = [...stdout.matchAll(/^(\S+) files (\d+) of (\d+)$/gm)].map(([, name = '', used, limit]) => ({
    name,
    used: Number(used),
    limit: Number(limit),
  }))
  const worst = rows.filter(({ used, limit }) => used >= limit * many)
  const [first] = worst
  if (!first) {
    seen.push(
      rows.length === running.length
        ? 'file descriptors are left everywhere'
        : 'file descriptors could not be counted everywhere',
    )
    return null
  }
  const words = worst
    .map(({ name, used, limit }) => `${name} uses ${used} of ${limit} file descriptors`)
    .join(', ')
  const what = `${words}: clients hold them; which of these may go, or a higher limit, is for a person`
  return { component: worst.map(({ name }) => name).join(','), what, remedy: [] }
}
