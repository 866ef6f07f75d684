import type { z } from 'zod'
import type { ChaosType } from '../chaos-type.ts'
import { again, repetition, resume } from '../repeat.ts'
import { allTargets, chooseTarget, eachTarget, someTarget } from '../target.ts'

/** A hang: the process is there, its port is open, and it answers nothing. */
export const pause: ChaosType<z.infer<typeof repetition>> = {
  name: 'pause',
  description: 'stops the process of a node in its tracks (SIGSTOP); its port stays open and answers nothing',
  causes: [
    /SIG ?STOP|kill -(19|STOP)|signal 19\b|state T\b|stopped by (a )?(job control )?signal|SIGCONT/i,
    /\b(paused|suspended|frozen|froze|hung|hangs|hanging)\b/i,
  ],
  params: repetition,
  needs: ['clusters', 'signals'],
  plan: async (plan) => ({ chaosType: 'pause', target: chooseTarget(plan), params: plan.params, undo: {} }),
  inject: (cluster, fault) => eachTarget(fault, (node) => cluster.signal(node, 'STOP')),
  landed: (cluster, fault) => allTargets(fault, async (node) => (await cluster.state(node)) === 'paused'),
  remains: (cluster, fault) => someTarget(fault, async (node) => (await cluster.state(node)) !== 'running'),
  hold: (cluster, fault, hold) => again(cluster, fault, 'STOP', hold),
  revert: (cluster, fault) =>
    eachTarget(fault, async (node) => {
      await resume(cluster, node)
      // The process was killed meanwhile, perhaps as an attempt to repair it.
      await cluster.start(node)
    }),
  clean: (cluster, fault) => allTargets(fault, async (node) => (await cluster.state(node)) === 'running'),
}
