import { BadInput } from '../core/errors.ts'
import type { ChaosType, Fault, Plan } from './chaos-type.ts'

/** Words that a target may be instead of a node's name; with several kinds of nodes also `pd`, `pd-leader` ... */
const targetWords: readonly string[] = ['random', 'leader', 'follower']

type Choice = Omit<Plan<unknown>, 'params'> & {
  /** The other end of a damaged link. It must be a node's name, never one of these words. */
  peer?: string | undefined
}

/** Nodes with the same role, such as `pd` for `pd-1`. Each kind needs a majority of its own. */
const kindOf = (name: string): string => name.replace(/-?\d+$/, '')
const kindsOf = (names: readonly string[]): string[] => [...new Set(names.map(kindOf))]

/** The node or nodes (separated by commas) that a plan's target names. The seed decides what a word stands for. */
export function chooseTarget(choice: Choice): string {
  const { cluster, target, roles, rng, allowQuorumLoss, broken = [], peer } = choice
  const names = cluster.nodes.map(({ name }) => name)
  const asked = target.split(',').map((name) => name.trim())
  if (asked.every((name) => names.includes(name))) {
    const chosen = names.filter((name) => asked.includes(name))
    requireMinority(chosen, names, allowQuorumLoss)
    return chosen.join(',')
  }
  // Prefers a node that leaves a majority, counting the nodes that are broken already.
  const free = names.filter((name) => allowQuorumLoss || isMinority([...new Set([...broken, name])], names))
  const kinds = kindsOf(names)
  const ofKinds =
    kinds.length === 1 ? [] : kinds.flatMap((kind) => [kind, `${kind}-leader`, `${kind}-follower`])
  if (![...targetWords, ...ofKinds].includes(target))
    throw new BadInput(
      `no target '${target}'; there are: ${[...targetWords, ...ofKinds, ...names].join(', ')}`,
    )
  const { kind, role } = meaningOf(target, kinds)
  const all = names
    .filter((name) => kind === undefined || kindOf(name) === kind)
    .filter((name) => role === undefined || roles[name] === role)
    .filter((name) => name !== peer)
  const fitting = all.some((name) => free.includes(name)) ? all.filter((name) => free.includes(name)) : all
  if (fitting.length > 0) return rng.pick(fitting)
  throw new BadInput(
    `target '${target}': no node of this cluster is known to have this role; name a node: ${names.join(', ')}`,
  )
}

/** The nodes that a word other than a node's name may stand for. */
const meaningOf = (target: string, kinds: readonly string[]) => ({
  kind: kinds.length === 1 ? undefined : kinds.find((one) => target === one || target.startsWith(`${one}-`)),
  role: /(leader|follower)$/.exec(target)?.[1],
})

/** The nodes that two targets may both choose, whichever node leads. */
export function nodesInBoth(one: string, other: string, names: readonly string[]): string[] {
  const kinds = kindsOf(names)
  const [first, second] = [one, other].map((target) => {
    const asked = target.split(',').map((name) => name.trim())
    if (asked.every((name) => names.includes(name))) return { nodes: asked, role: undefined }
    const { kind, role } = meaningOf(target, kinds)
    return { nodes: names.filter((name) => kind === undefined || kindOf(name) === kind), role }
  })
  if (first?.role && second?.role && first.role !== second.role) return []
  return names.filter((name) => first?.nodes.includes(name) && second?.nodes.includes(name))
}

/** The other end of a damaged link, where one is named: a node that is not one of the targets. */
export function requirePeer(peer: unknown, targets: readonly string[], names: readonly string[]): void {
  const others = names.filter((name) => !targets.includes(name))
  if (peer === undefined || others.some((name) => name === peer)) return
  const whose = targets.length > 0 ? ` of ${targets.join(', ')}` : ''
  throw new BadInput(`peer '${peer}'${whose}: one of ${others.join(', ') || 'none'}`)
}

/** Targets that leave the choice open come last, because they are planned around the others. */
export const choosersLast = <F extends { target: string }>(faults: readonly F[]): F[] =>
  faults.toSorted((a, b) => Number(a.target === 'random') - Number(b.target === 'random'))

/** For damage that only one node at a time can have. */
export function chooseOne(plan: Choice): string {
  const target = chooseTarget(plan)
  const why = whyNotOne(target)
  if (why) throw new BadInput(why)
  return target
}

/** The error in the target of damage that takes one node, as far as the words show it. */
export function whyNotOne(target: string): string | undefined {
  const names = [...new Set(target.split(',').map((name) => name.trim()))]
  return names.length === 1
    ? undefined
    : `target '${target}': this damage takes one node; choose ${names.join(' or ')}`
}

export const targetsOf = (fault: Fault): string[] => fault.target.split(',')

/** One node may always be broken, even in a cluster so small that one node is no minority. */
const mostOf = (names: readonly string[]): number => Math.max(1, Math.floor((names.length - 1) / 2))
/** Whether the chosen nodes are at most a minority of each kind. */
export const isMinority = (chosen: readonly string[], names: readonly string[]): boolean =>
  tooMany(chosen, names) === undefined

/** The kind of node of which more than a minority is chosen. */
const tooMany = (chosen: readonly string[], names: readonly string[]): string | undefined =>
  kindsOf(chosen).find((kind) => of(kind, chosen).length > mostOf(of(kind, names)))

const of = (kind: string, names: readonly string[]): string[] => names.filter((name) => kindOf(name) === kind)

/**
 * The nodes that are broken once this fault is injected, too. A fault that harms no node adds none.
 * @throws BadInput when these are more than a minority and the plan does not allow that.
 */
export function brokenWith(
  broken: readonly string[],
  type: Pick<ChaosType, 'harmless' | 'clusterWide'> | undefined,
  targets: readonly string[],
  names: readonly string[],
  allowed: boolean,
): string[] {
  if (type?.harmless || type?.clusterWide) return [...broken]
  const all = [...new Set([...broken, ...targets])]
  requireMinority(all, names, allowed)
  return all
}

function requireMinority(chosen: readonly string[], names: readonly string[], allowed = false): void {
  const kind = tooMany(chosen, names)
  if (allowed || kind === undefined) return
  const all = of(kind, names)
  const most = mostOf(all)
  throw new BadInput(
    `${of(kind, chosen).length} of ${all.length} ${kindsOf(names).length === 1 ? 'nodes' : `${kind} nodes`} at once would leave no majority; at most ${most}, unless allow_quorum_loss is set`,
  )
}

/** Whether something holds for every target. */
export async function allTargets(fault: Fault, holds: (node: string) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(targetsOf(fault).map(holds))).every(Boolean)
}

/** Whether something holds for any target. */
export async function someTarget(fault: Fault, holds: (node: string) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(targetsOf(fault).map(holds))).some(Boolean)
}

export async function eachTarget(fault: Fault, act: (node: string) => Promise<void>): Promise<void> {
  await Promise.all(targetsOf(fault).map(act))
}
