import { messageOf } from '../../core/errors.ts'
import { boundedIn } from '../../lab/netns/bounds/groups.ts'
import { netns } from '../../lab/netns/netns.ts'
import { worlds } from '../../lab/netns/world/marker.ts'
import { labSandbox } from '../../sandbox/lab.ts'
import type { Check } from './check.ts'

const patienceMs = 10_000
const names = ['descriptors', 'memory', 'processes', 'system calls', 'what is left behind'] as const
type Name = (typeof names)[number]

// Prints the descriptors that are open besides the three standard ones, the filter, and the mark of its processes.
const openFilesAndLimits = `perl -e 'opendir(my $d, "/proc/self/fd"); my @open = grep { !m{/fd$} } map { readlink("/proc/self/fd/$_") // () } grep { $_ > 2 } grep /^[0-9]/, readdir($d); print "open:@open\\n"'
grep ^Seccomp: /proc/$$/status; [ /proc/$$/ns/cgroup -ef /proc/1/ns/cgroup ] || echo marked`

/** Which bounds of an agent's shell hold in the namespace lab on this machine: tried in a world of its own. */
export async function boundChecks(): Promise<Check[]> {
  const signal = AbortSignal.timeout(patienceMs)
  try {
    await using cluster = await netns.up({ subject: 'none', nodes: [], programs: [] }, { signal })
    const holder = worlds().find(({ id }) => id === cluster.id)?.holder
    const bounded = holder === undefined ? new Map() : boundedIn(holder)
    const { stdout } = await labSandbox(cluster).exec(openFilesAndLimits, {
      timeoutMs: patienceMs,
      signal,
      maxBytes: 10_000,
    })
    const group = (name: 'memory' | 'pids') => `by a control group of its own, version ${bounded.get(name)}`
    return [
      stdout.includes('open:\n')
        ? yes('descriptors', 'only those that it is given')
        : no('descriptors', `others are open: ${stdout}`, 'report this, with the output'),
      bounded.has('memory')
        ? yes('memory', group('memory'))
        : no(
            'memory',
            'file systems by their size; processes not together: no memory group can be made',
            fixOfGroups,
          ),
      bounded.has('pids')
        ? yes('processes', group('pids'))
        : no('processes', 'by a limit of the agent’s commands (RLIMIT_NPROC); not of nodes', fixOfGroups),
      /^Seccomp:\s+2$/m.test(stdout)
        ? yes('system calls', `a filter for ${process.arch}, capabilities dropped`)
        : no(
            'system calls',
            `no filter: the numbers of ${process.arch}'s calls are not known here`,
            'run on x64 or arm64, with a kernel that has CONFIG_SECCOMP_FILTER',
          ),
      stdout.includes('marked')
        ? yes('what is left behind', 'ends with its command, whatever it did')
        : no('what is left behind', 'is not told from others', 'use a kernel that has cgroup namespaces'),
    ]
  } catch (error) {
    return names.map((name) => no(name, messageOf(error), 'make the netns lab work first: see labs'))
  }
}

const fixOfGroups =
  process.getuid?.() === 0
    ? 'mount the cgroup file systems writable; in a container of version 2, move its processes into a group below its own'
    : 'run it in a delegated group: systemd-run --user --scope -p Delegate=yes operator ...; or as root'

const yes = (name: Name, detail: string): Check => ({ group: 'bounds', name, can: true, detail })
const no = (name: Name, detail: string, fix: string): Check => ({
  group: 'bounds',
  name,
  can: false,
  detail,
  fix,
  optional: true,
})
