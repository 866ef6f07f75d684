import { z } from 'zod'
import type { ChaosType, Fault } from '../chaos-type.ts'
import { type Chain, chainsPresent, putChains, removeChain } from '../firewall.ts'
import { chainsInForce } from '../in-force.ts'
import { lostShare, neighbourOf } from '../link.ts'
import { number } from '../params.ts'
import { outside } from '../run.ts'
import { allTargets, chooseTarget, eachTarget, someTarget, targetsOf } from '../target.ts'

const params = z.strictObject({ percent: number('percent', 1, 100).default(20) })

const datagrams = 400

/** A bad cable: a share of the packets that are sent to the node never arrive. */
export const packetLoss: ChaosType<z.infer<typeof params>> = {
  name: 'packet_loss',
  description: 'loses a share of all packets that are sent to a node',
  causes: [
    /packet[- ]?(loss|drop)|\blossy\b|mode random|statistic (match|module|mode)/i,
    /(drop|los)\w* .{0,30}(packets|datagrams)|(packets|datagrams) .{0,20}\b(lost|dropped|disappear|vanish)/i,
  ],
  alsoNamed: ['network_partition', 'latency'],
  params,
  needs: ['clusters', 'firewall'],
  plan: async (plan) => ({
    chaosType: 'packet_loss',
    target: chooseTarget(plan),
    params: plan.params,
    undo: {},
  }),
  inject: (cluster, fault) => eachTarget(fault, (node) => putChains(cluster, node, [chainOf(fault)])),
  landed: (cluster, fault) =>
    allTargets(fault, async (node) => {
      const lost = await lostShare(cluster, neighbourOf(cluster, ...targetsOf(fault)), node, { datagrams })
      const share = percentOf(fault) / 100
      // Five standard deviations: one measurement in two million is wrongly taken for no loss.
      const margin = 5 * Math.sqrt((share * (1 - share)) / datagrams)
      return Math.abs(lost - share) <= margin && (await chainsPresent(cluster, node, [chainOf(fault)])).all
    }),
  remains: (cluster, fault) =>
    someTarget(fault, async (node) => {
      const from = neighbourOf(cluster, ...targetsOf(fault))
      if (await chainsInForce(cluster, node, from, [chainOf(fault).name])) return true
      // A rule with the same effect under another name.
      return (await lostShare(cluster, from, node, { datagrams, through: outside })) >= percentOf(fault) / 200
    }),
  revert: (cluster, fault) => eachTarget(fault, (node) => removeChain(cluster, node, chainOf(fault))),
  clean: (cluster, fault) =>
    allTargets(fault, async (node) => !(await chainsPresent(cluster, node, [chainOf(fault)])).any),
}

const percentOf = (fault: Fault): number => params.parse(fault.params).percent

const chainOf = (fault: Fault): Chain => ({
  hook: 'INPUT',
  name: 'EDGE-IN',
  rules: [`! -i lo -m statistic --mode random --probability ${percentOf(fault) / 100} -j DROP`],
})
