import { z } from 'zod'
import { rngFrom } from '../../core/rng.ts'
import type { Cluster } from '../../lab/contract.ts'
import type { ChaosType, Hold } from '../chaos-type.ts'
import { neighbourOf, placeOf } from '../link.ts'
import { whole } from '../params.ts'
import { lasts, resume, signalled } from '../repeat.ts'
import { allTargets, chooseTarget, eachTarget, targetsOf } from '../target.ts'
import { wellWords } from './none.ts'

const params = z.strictObject({ every_ms: whole('ms', 500, 600_000).default(5000) })

/** Short disturbances of any machine, which end before they matter. */
const disturbances = { hiccup, housekeeping, scan }

/** Harmless disturbances at seeded moments. An operator must tell them from a fault. */
export const noise: ChaosType<z.infer<typeof params>> = {
  name: 'noise',
  description: 'disturbs a node harmlessly now and then: a short pause, housekeeping, a burst of connections',
  causes: [...wellWords, /\bhiccup|garbage collection|port scan|housekeeping|background (job|load|noise)/i],
  alsoNamed: ['pause'],
  params,
  needs: ['clusters', 'signals'],
  harmless: true,
  plan: async (plan) => ({
    chaosType: 'noise',
    target: chooseTarget(plan),
    params: plan.params,
    undo: { seed: plan.rng.int(2 ** 31) },
  }),
  inject: async () => undefined,
  landed: async () => true,
  hold: async (cluster, fault, hold) => {
    const { every_ms } = params.parse(fault.params)
    const rng = rngFrom(Number(fault.undo.seed))
    const kinds = Object.values(disturbances)
    while (await lasts(hold, every_ms * (0.5 + rng.next()))) {
      const disturb = rng.pick(kinds)
      const node = rng.pick(targetsOf(fault))
      if ((await cluster.state(node)) === 'running') await disturb(cluster, node, hold)
    }
  },
  revert: (cluster, fault) => eachTarget(fault, (node) => resume(cluster, node)),
  clean: (cluster, fault) => allTargets(fault, async (node) => (await cluster.state(node)) !== 'paused'),
}

const hiccupMs = 300

/** Imitates a long garbage collection or a busy hypervisor. */
async function hiccup(cluster: Cluster, node: string, hold: Hold): Promise<void> {
  if (!(await signalled(cluster, node, 'STOP'))) return
  await lasts(hold, hiccupMs)
  await resume(cluster, node)
}

/** Imitates a nightly job: some CPU, some disk. */
async function housekeeping(cluster: Cluster, node: string): Promise<void> {
  const script =
    'timeout 2 nice tar -C /usr/share -cf - perl perl5 doc 2>/dev/null | timeout 2 gzip -9 | wc -c'
  await cluster.run(node, ['sh', '-c', script], { timeoutMs: 10_000 })
}

/** Imitates a port scanner or a badly configured client. */
async function scan(cluster: Cluster, node: string): Promise<void> {
  const script = 'for ((i = 0; i < 50; i++)); do echo HELP >/dev/tcp/$0/$1; done 2>/dev/null; :'
  const argv = ['timeout', '5', 'bash', '-c', script, ...placeOf(cluster, node)]
  await cluster.run(neighbourOf(cluster, node), argv, { timeoutMs: 10_000 })
}
