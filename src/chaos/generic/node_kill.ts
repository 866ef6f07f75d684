import type { z } from 'zod'
import type { ChaosType } from '../chaos-type.ts'
import { again, repetition } from '../repeat.ts'
import { allTargets, chooseTarget, eachTarget, someTarget } from '../target.ts'

/** A crash: the process ends at once, cannot save anything, and is not restarted. */
export const nodeKill: ChaosType<z.infer<typeof repetition>> = {
  name: 'node_kill',
  description:
    'kills the process of a node (SIGKILL); it stays down, and with repeat it dies again when started',
  causes: [/\bkilled\b|SIG ?KILL|kill -(9|KILL)|signal 9\b/i],
  symptoms: [/\b(stopped|crash\w*|died|dead|exited|ended|terminated|down|gone)\b|not running/i],
  params: repetition,
  needs: ['clusters', 'signals'],
  plan: async (plan) => ({
    chaosType: 'node_kill',
    target: chooseTarget(plan),
    params: plan.params,
    undo: {},
  }),
  inject: (cluster, fault) =>
    eachTarget(fault, async (node) => {
      if ((await cluster.state(node)) !== 'stopped') await cluster.signal(node, 'KILL')
    }),
  landed: (cluster, fault) => allTargets(fault, async (node) => (await cluster.state(node)) === 'stopped'),
  remains: (cluster, fault) => someTarget(fault, async (node) => (await cluster.state(node)) !== 'running'),
  hold: (cluster, fault, hold) => again(cluster, fault, 'KILL', hold),
  revert: (cluster, fault) => eachTarget(fault, (node) => cluster.start(node)),
  clean: (cluster, fault) => allTargets(fault, async (node) => (await cluster.state(node)) === 'running'),
}
