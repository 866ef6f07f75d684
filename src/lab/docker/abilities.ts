import { randomBytes } from 'node:crypto'
import { MachineLacks } from '../../core/errors.ts'
import type { Ability, Capability } from '../contract.ts'
import { can, delayAbility, delayTrials, type Outcome } from '../trials.ts'
import { type Engine, EngineError, engine } from './engine/engine.ts'
import { execIn } from './engine/exec.ts'
import { requireToolsImage, toolsImage } from './engine/images.ts'
import { labels, ownerLabel } from './labels.ts'

const patienceMs = 10_000
const yes: Ability = { can: true }

/** Tries each ability in a container of its own: a kernel may announce more than a container is allowed to do. */
export async function abilities(): Promise<Record<Capability, Ability>> {
  const docker = engine()
  try {
    await requireToolsImage(docker)
    return await allTried(docker)
  } catch (error) {
    if (!(error instanceof MachineLacks) && !(error instanceof EngineError)) throw error
    const [why = '', fix = 'see the reason'] = error.message.split(/\. (?=[A-Z])/)
    const no: Ability = { can: false, why, fix }
    return { clusters: no, signals: no, disk: no, cpu: no, firewall: no, delay: no, bandwidth: no }
  }
}

async function allTried(docker: Engine): Promise<Record<Capability, Ability>> {
  const id = `try-${randomBytes(4).toString('hex')}`
  const { CpuCfsQuota } = await docker.ask<{ CpuCfsQuota: boolean }>('GET', '/info')
  await docker.ask('POST', '/containers/create', {
    query: { name: id },
    body: {
      Image: toolsImage,
      Cmd: ['cat'],
      OpenStdin: true,
      Labels: { [labels.id]: id, [labels.owner]: ownerLabel() },
      HostConfig: { NetworkMode: 'none', CapAdd: ['NET_ADMIN'], AutoRemove: true },
    },
  })
  try {
    await docker.ask('POST', `/containers/${id}/start`)
    const tried = async (argv: readonly string[]): Promise<Outcome> => {
      const { exitCode, stderr } = await execIn(docker, id, argv, { timeoutMs: patienceMs })
      return { exitCode, complaint: stderr.trim().split('\n')[0] ?? '' }
    }
    const trial = (script: string) => tried(['sh', '-c', script])
    const [firewall, netem, queue, bandwidth] = await Promise.all([
      trial('iptables -w -A INPUT -p tcp --dport 9 -m statistic --mode random --probability 0.5 -j DROP'),
      trial(delayTrials.netem),
      trial(delayTrials.queue).then((rule) => (rule.exitCode === 0 ? tried(delayTrials.relay) : rule)),
      trial(
        'ip link add d1 type veth peer name p1 && tc qdisc add dev d1 root tbf rate 1mbit burst 32kbit latency 99ms',
      ),
    ])
    const cpu: Ability = CpuCfsQuota
      ? yes
      : {
          can: false,
          why: 'the engine cannot limit CPU time',
          fix: 'a kernel with CONFIG_CFS_BANDWIDTH; not rootless without delegated control groups',
        }
    return {
      clusters: yes,
      signals: yes,
      disk: yes,
      cpu,
      firewall: can(firewall, 'sudo modprobe -a nf_tables nft_compat xt_statistic'),
      delay: delayAbility(netem, queue),
      bandwidth: can(bandwidth, 'sudo modprobe sch_tbf'),
    }
  } finally {
    await docker.ask('DELETE', `/containers/${id}`, { query: { force: '1' } })
  }
}
