import type { Work } from '../../core/work/agent.ts'
import type { Seen } from './procedure.ts'
import type { Finding, Service } from './services.ts'

/** Per node its CPU control group, and of a second how long its threads ran and how long they waited, in ms. */
const readCpu = (
  running: readonly Service[],
) => `spent() { cat /proc/$1/task/*/schedstat | awk '{ r += $1; w += $2 } END { printf "%d %d", r / 1e6, w / 1e6 }'; }
pids="${running.map(({ name, pid }) => `${name}:${pid}`).join(' ')}"
for p in $pids; do echo "\${p%:*} group $(grep -E '^[0-9]+:([a-z_]+,)*cpu(,[a-z_]+)*:|^0::' /proc/\${p#*:}/cgroup | head -n 1)"; echo "\${p%:*} from $(spent \${p#*:})"; done
sleep 1
for p in $pids; do echo "\${p%:*} to $(spent \${p#*:})"; done`

/**
 * A node whose process is in a CPU control group of its own while all others share one: somebody limits its time. A
 * host that gives each service a group of its own shows several, and says nothing.
 */
export async function cpuGroup(
  work: Work,
  services: readonly Service[],
  seen: Seen,
): Promise<Finding | null> {
  const running = services.filter(({ pid }) => pid !== null)
  const { stdout } = await work.shell(readCpu(running), 'Does every process get the CPU time that it wants?')
  const groups = new Map(
    [...stdout.matchAll(/^(\S+) group (\S+)$/gm)].map(([, name = '', group = '']) => [name, group]),
  )
  const missing = running.filter(({ name }) => !groups.has(name))
  if (missing.length > 0) {
    seen.push(`the control groups of ${missing.map(({ name }) => name).join(', ')} could not be read`)
    return null
  }
  const apart = running.filter(({ name }) => count(groups, groups.get(name)) === 1)
  const shared = new Set(running.filter((one) => !apart.includes(one)).map(({ name }) => groups.get(name)))
  const [odd] = apart
  if (!odd || apart.length > 1 || shared.size !== 1) {
    seen.push('no process is in a CPU control group that sets it apart')
    return null
  }
  const [ran, waited] = [1, 2].map(
    (i) => figure(stdout, odd.name, 'to', i) - figure(stdout, odd.name, 'from', i),
  )
  const wellApart = services.every(({ name, state }) => name === odd.name || state === 'running')
  const [home] = shared
  return {
    component: odd.name,
    what:
      `the CPU time of ${odd.name} is limited: its process is in a control group of its own (${groups.get(odd.name)}), ` +
      `all others are in ${home}; in a second its threads ran ${ran} ms and waited ${waited} ms`,
    remedy: wellApart
      ? [
          { command: `svc restart ${odd.name}`, why: 'A new process is not in the group of the old one.' },
          {
            command: `grep -qxF '${home}' /proc/$(svc status ${odd.name} | sed -n 's/.* pid \\([0-9]*\\) .*/\\1/p')/cgroup`,
            why: 'Is it with the others now?',
          },
        ]
      : [],
  }
}

const count = (groups: ReadonlyMap<string, string>, group: string | undefined): number =>
  [...groups.values()].filter((one) => one === group).length

const figure = (text: string, name: string, when: string, at: number): number =>
  Number(new RegExp(`^${name} ${when} (\\d+) (\\d+)$`, 'm').exec(text)?.[at] ?? Number.NaN)
