import { z } from 'zod'
import type { Delay } from '../../lab/contract.ts'
import type { ChaosType, Fault } from '../chaos-type.ts'
import { rulesInForce } from '../in-force.ts'
import { connectMs, neighbourOf } from '../link.ts'
import { number } from '../params.ts'
import { outside } from '../run.ts'
import { allTargets, chooseTarget, eachTarget, requirePeer, someTarget, targetsOf } from '../target.ts'

const params = z
  .strictObject({
    min_ms: number('ms', 1, 10_000).default(100),
    max_ms: number('ms', 1, 10_000).optional(),
    peer: z.string('the name of a node').optional(),
  })
  .transform(({ min_ms, max_ms = min_ms, peer }) => ({ min_ms, max_ms, ...(peer !== undefined && { peer }) }))
  .refine(({ min_ms, max_ms }) => min_ms <= max_ms, { path: ['max_ms'], message: 'ms, min_ms or more' })

const attempts = 3
/** Share of the requested delay. The rest of a round trip only adds to it. */
const tolerated = 0.8

/** Matches netem under any handle. One that was changed to no delay prints no time. */
const netem = /qdisc netem .*\bdelay \d/

/** A slow link: every round trip to the node, or between it and one peer, takes longer. */
export const latency: ChaosType<z.infer<typeof params>> = {
  name: 'latency',
  description: 'makes round trips of a node, or between it and one peer, longer by min_ms to max_ms',
  causes: [
    /\bNFQUEUE\b|\b(netfilter|nfnetlink|user[- ]?space) queue\b|\bqueue (of|in) (netfilter|user[- ]?space)\b/i,
    /\bnetem\b|\bRTT\b|round[- ]?trip|(network|link|added|injected|artificial) (latency|delay)/i,
    /(high|increased|extra|excessive) (\w+ )?(latency|delay) (on|to|from|between|towards)|delayed (packets|traffic|link|network)/i,
    /slow (\w+ )?(network|link|connection|interface)|(network|link) (\S+ ){0,6}(is|was|became) slow/i,
    /(latency|delay) of (about |around |~)?\d+|\d+ ?ms (of )?(\w+ )?(latency|delay)/i,
  ],
  params,
  needs: ['clusters', 'delay'],
  plan: async (plan) => {
    const { peer } = plan.params
    const target = chooseTarget({ ...plan, peer })
    const fault = { chaosType: 'latency', target, params: plan.params, undo: {} }
    const names = plan.cluster.nodes.map(({ name }) => name)
    requirePeer(peer, targetsOf(fault), names)
    return fault
  },
  inject: (cluster, fault) => eachTarget(fault, (node) => cluster.delay(node, delayOf(fault))),
  landed: (cluster, fault) =>
    allTargets(fault, async (node) => {
      if (!(await cluster.isDelayed(node))) return false
      const { minMs, maxMs, peer } = delayOf(fault)
      const from = peer ?? neighbourOf(cluster, ...targetsOf(fault))
      // A node that does not know the other's address yet asks for it first, which adds one more delay.
      const times = await connectMs(cluster, from, node, { attempts, patienceMs: 1000 + 3 * maxMs })
      return times.every((ms) => ms !== null && ms >= minMs * tolerated)
    }),
  remains: (cluster, fault) =>
    someTarget(fault, async (node) => {
      const from = delayOf(fault).peer ?? neighbourOf(cluster, ...targetsOf(fault))
      const queues = await rulesInForce(cluster, node, from, (rule) => rule.includes(' -j NFQUEUE'))
      return queues.length > 0 || netem.test(await outside(cluster, node, 'tc qdisc show dev eth0'))
    }),
  revert: (cluster, fault) => eachTarget(fault, (node) => cluster.undelay(node)),
  clean: (cluster, fault) => allTargets(fault, async (node) => !(await cluster.isDelayed(node))),
}

function delayOf(fault: Fault): Delay {
  const { min_ms, max_ms, peer } = params.parse(fault.params)
  return { minMs: min_ms, maxMs: max_ms, ...(peer !== undefined && { peer }) }
}
