import { existsSync } from 'node:fs'
import { messageOf } from '../../core/errors.ts'
import type { Ability, Capability, Cluster } from '../contract.ts'
import { can, delayAbility, delayTrials, type Outcome } from '../trials.ts'
import { cpuAbility } from './bounds/cpu.ts'
import { execute } from './process.ts'
import { up } from './up.ts'

const patienceMs = 10_000

/** Tries each ability in a world of its own: a kernel may announce more than a user is allowed to do. */
export async function abilities(): Promise<Record<Capability, Ability>> {
  const empty = { subject: 'none', nodes: [], programs: [] }
  try {
    await using world = await up(empty, { signal: AbortSignal.timeout(patienceMs) })
    const [firewall, netem, queue, bandwidth] = await Promise.all([
      trial(
        world,
        'iptables -w -A INPUT -p tcp --dport 9 -m statistic --mode random --probability 0.5 -j DROP',
      ),
      trial(world, delayTrials.netem),
      // The rule is added by a program of this host.
      trial(world, delayTrials.queue, world.join).then((rule) =>
        rule.exitCode === 0 ? tried(world.join(delayTrials.relay)) : rule,
      ),
      trial(
        world,
        'ip link add d1 type veth peer name p1 && tc qdisc add dev d1 root tbf rate 1mbit burst 32kbit latency 99ms',
      ),
    ])
    const yes: Ability = { can: true }
    return {
      clusters: yes,
      signals: yes,
      disk: yes,
      cpu: cpuAbility(),
      firewall: can(
        firewall,
        'sudo apt-get install iptables; sudo modprobe -a nf_tables nft_compat xt_statistic',
      ),
      delay: delayAbility(netem, queue),
      bandwidth: can(bandwidth, 'sudo modprobe sch_tbf'),
    }
  } catch (error) {
    const no: Ability = { can: false, why: messageOf(error), fix: namespaceFix() }
    return { clusters: no, signals: no, disk: no, cpu: no, firewall: no, delay: no, bandwidth: no }
  }
}

const trial = (world: Cluster, script: string, way = world.enter): Promise<Outcome> =>
  tried(way(['bash', '-c', script]))

async function tried(argv: readonly string[]): Promise<Outcome> {
  const { exitCode, stderr, stdout } = await execute(argv, { timeoutMs: patienceMs })
  return { exitCode, complaint: (stderr || stdout).trim().split('\n')[0] ?? '' }
}

/** unshare prints nearly the same error for different restrictions; finds out which one it is. */
function namespaceFix(): string {
  if (existsSync('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'))
    return 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 23.10 and later)'
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv'))
    return 'containers forbid namespaces: run on the host, or start the container with --privileged'
  return 'sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000'
}
