import { z } from 'zod'
import { BadInput } from '../../core/errors.ts'
import type { Cluster } from '../../lab/contract.ts'
import type { ChaosType, Fault, Plan } from '../chaos-type.ts'
import { type Chain, chainsPresent, putChains, removeChain } from '../firewall.ts'
import { chainsInForce } from '../in-force.ts'
import { addressOf, isCutOff, reaches } from '../link.ts'
import { flag } from '../params.ts'
import { chooseOne, chooseTarget, eachTarget, isMinority, requirePeer, targetsOf } from '../target.ts'

const modes = ['isolate', 'one_way', 'majority', 'pairs'] as const

const params = z
  .strictObject({
    mode: z.enum(modes, `one of ${modes.join(', ')}`).default('isolate'),
    peer: z.string('the name of a node').optional(),
    clients: flag.default(false),
  })
  .refine(({ mode, peer }) => peer === undefined || mode === 'pairs', {
    path: ['peer'],
    message: 'only of mode pairs',
  })
  .transform(({ peer, ...rest }) => ({ ...rest, ...(peer !== undefined && { peer }) }))
type Params = z.infer<typeof params>

/** A cut network between nodes that are well by themselves. Clients still reach all of them, unless they are cut off too. */
export const networkPartition: ChaosType<Params> = {
  name: 'network_partition',
  description:
    'cuts nodes off from each other: isolate, one_way (hears nobody), majority (a minority splits off), pairs',
  causes: [
    /(?<!(disk|data|root|full) )\bpartition(ed|s)?\b(?! (is |was )?(full|filled))|\bisolat(ed|ion|es)\b|cut off|split[- ]brain/i,
    /\b(iptables|nftables|firewall|ZONE-IN|ZONE-OUT)\b/i,
    /\bblock(s|ed|ing)? .{0,40}(traffic|peers?|connections?|ports?|network|packets)/i,
    /(network|connection|connectivity|link|traffic) between .{0,60}\b(cut|lost|down|broken|interrupted|severed|blocked|dropped)\b/i,
    /cannot (reach|connect to|talk to) .{0,20}(peers?|other members?|each other)/i,
  ],
  alsoNamed: ['packet_loss'],
  params,
  needs: ['clusters', 'firewall'],
  // The group that is split off, or cut off from a peer, is chosen around one node.
  takesOne: ({ mode }) => mode === 'majority' || mode === 'pairs',
  plan: async (plan) => {
    const { targets, away } = sides(plan)
    const alone = targets.every((node) => away.every((name) => name === node))
    if (alone && !plan.params.clients)
      throw new BadInput(
        'a cluster of one node has no other node to be cut off from; clients: true cuts off its clients',
      )
    return {
      chaosType: 'network_partition',
      target: targets.join(','),
      params: plan.params,
      undo: { away },
    }
  },
  inject: (cluster, fault) =>
    eachTarget(fault, (node) => putChains(cluster, node, chainsOf(cluster, fault, node))),
  landed: async (cluster, fault) => {
    const cut = targetsOf(fault).flatMap((node) => awayFrom(fault, node).map((other) => ({ node, other })))
    const connected = await Promise.all(cut.map(({ node, other }) => reaches(cluster, other, node)))
    const rules = await Promise.all(
      targetsOf(fault).map((node) => chainsPresent(cluster, node, chainsOf(cluster, fault, node))),
    )
    return rules.every(({ all }) => all) && !connected.some(Boolean)
  },
  remains: async (cluster, fault) => {
    const cut = targetsOf(fault).flatMap((node) => awayFrom(fault, node).map((other) => ({ node, other })))
    const chains = targetsOf(fault).map((node) => {
      const names = chainsOf(cluster, fault, node).map(({ name }) => name)
      return chainsInForce(cluster, node, awayFrom(fault, node)[0] ?? node, names)
    })
    if ((await Promise.all(chains)).some(Boolean)) return true
    // Other rules with the same effect.
    return (await Promise.all(cut.map(({ node, other }) => isCutOff(cluster, other, node)))).some(Boolean)
  },
  revert: (cluster, fault) =>
    eachTarget(fault, async (node) => {
      for (const chain of chainsOf(cluster, fault, node)) await removeChain(cluster, node, chain)
    }),
  clean: async (cluster, fault) => {
    const rules = await Promise.all(
      targetsOf(fault).map((node) => chainsPresent(cluster, node, chainsOf(cluster, fault, node))),
    )
    return !rules.some(({ any }) => any)
  },
}

/** The nodes that get the rules (`targets`) and the nodes that the rules block (`away`). */
function sides(plan: Plan<Params>): { targets: string[]; away: string[] } {
  const names = plan.cluster.nodes.map(({ name }) => name)
  const { mode, peer } = plan.params
  const without = (some: string[]) => names.filter((name) => !some.includes(name))
  switch (mode) {
    case 'isolate':
    case 'one_way': {
      const targets = chooseTarget(plan).split(',')
      return { targets, away: names }
    }
    case 'majority': {
      // The target's side is a minority, which the rest can outvote.
      const first = chooseOne(plan)
      const side = [first]
      for (const name of plan.rng.shuffle(without([first])))
        if (isMinority([...side, name], names)) side.push(name)
      const targets = names.filter((name) => side.includes(name))
      return { targets, away: without(targets) }
    }
    case 'pairs': {
      const target = chooseOne({ ...plan, peer })
      requirePeer(peer, [target], names)
      return { targets: [target], away: [peer ?? plan.rng.pick(without([target]))] }
    }
    default:
      return mode satisfies never
  }
}

function chainsOf(cluster: Cluster, fault: Fault, node: string): Chain[] {
  const { mode, clients } = params.parse(fault.params)
  const rules = (direction: '-s' | '-d', interfaceFlag: '-i' | '-o') =>
    clients
      ? [`! ${interfaceFlag} lo -j DROP`]
      : awayFrom(fault, node).map((name) => `${direction} ${addressOf(cluster, name)} -j DROP`)
  const heard: Chain = { hook: 'INPUT', name: 'ZONE-IN', rules: rules('-s', '-i') }
  const said: Chain = { hook: 'OUTPUT', name: 'ZONE-OUT', rules: rules('-d', '-o') }
  return mode === 'one_way' ? [heard] : [heard, said]
}

const awayFrom = (fault: Fault, node: string): string[] =>
  (fault.undo.away as string[]).filter((name) => name !== node)
