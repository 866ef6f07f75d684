import { z } from 'zod'
import type { ChaosType, Fault } from '../chaos-type.ts'
import { number } from '../params.ts'
import { allTargets, chooseTarget, eachTarget, someTarget } from '../target.ts'

const params = z.strictObject({ percent: number('percent of one CPU', 1, 100).default(5) })

/** A share of one CPU that is too small: the process runs for a moment and then waits for its next slice. */
export const cpuThrottle: ChaosType<z.infer<typeof params>> = {
  name: 'cpu_throttle',
  description: 'limits the CPU time of the process of a node',
  causes: [
    /\bcpu\b.{0,40}(throttl|limit|quota|starv|share|capped|cgroup|bandwidth)|(throttl|starv|limit)\w* .{0,30}\bcpu\b/i,
    /\bcgroup|cpu\.max|\bcfs\b/i,
  ],
  alsoNamed: ['bandwidth', 'latency'],
  params,
  needs: ['clusters', 'cpu'],
  plan: async (plan) => ({
    chaosType: 'cpu_throttle',
    target: chooseTarget(plan),
    params: plan.params,
    undo: {},
  }),
  inject: (cluster, fault) => eachTarget(fault, (node) => cluster.limitCpu(node, percentOf(fault))),
  landed: (cluster, fault) =>
    allTargets(fault, async (node) => {
      const limit = await cluster.cpuLimit(node)
      return limit !== null && Math.abs(limit - percentOf(fault)) < roundedBy
    }),
  // A process that was started again is not in the group, so the group then limits nothing.
  remains: (cluster, fault) => someTarget(fault, async (node) => ((await cluster.cpuLimit(node)) ?? 0) > 0),
  revert: (cluster, fault) => eachTarget(fault, (node) => cluster.unlimitCpu(node)),
  clean: (cluster, fault) => allTargets(fault, async (node) => (await cluster.cpuLimit(node)) === null),
}

/** Kernels count in whole microseconds of a period. */
const roundedBy = 0.01

const percentOf = (fault: Fault): number => params.parse(fault.params).percent
