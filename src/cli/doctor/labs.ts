import type { ChaosType } from '../../chaos/chaos-type.ts'
import { type Ability, type Capability, capabilities, type Lab } from '../../lab/contract.ts'
import type { Check } from './check.ts'

type Abilities = Record<Capability, Ability>

/** The use of each capability, for people. */
const meaning: Record<Capability, string> = {
  clusters: 'starts clusters',
  signals: 'kills and pauses nodes',
  disk: 'bounds their disks',
  firewall: 'cuts their links, drops packets',
  delay: 'slows their links',
  bandwidth: 'narrows their links',
  cpu: 'takes their CPU',
}

/** Checks the abilities of each lab on this machine, and which chaos types they allow. */
export async function labChecks(labs: readonly Lab[], chaosTypes: readonly ChaosType[]): Promise<Check[]> {
  const known = await Promise.all(labs.map(async (lab) => ({ lab, abilities: await lab.abilities() })))
  return [
    ...known.flatMap(({ lab, abilities }) => labCheck(lab.name, abilities)),
    ...known.flatMap(({ lab, abilities }) =>
      chaosTypes.map((type) => chaosCheck(`${type.name} (${lab.name})`, type, abilities)),
    ),
  ]
}

function labCheck(name: string, abilities: Abilities): Check[] {
  const { clusters } = abilities
  if (!clusters.can) return [{ group: 'labs', name, can: false, detail: clusters.why, fix: clusters.fix }]
  const can = capabilities.filter((capability) => abilities[capability].can)
  return [
    { group: 'labs', name, can: true, detail: can.map((capability) => meaning[capability]).join('; ') },
    ...capabilities.flatMap((capability): Check[] => {
      const ability = abilities[capability]
      if (ability.can) return []
      const common = { group: 'labs', name: `${name}: ${capability}`, can: false, optional: true } as const
      return [{ ...common, detail: ability.why, fix: ability.fix }]
    }),
  ]
}

function chaosCheck(name: string, { needs, description }: ChaosType, abilities: Abilities): Check {
  const common = { group: 'chaos', name } as const
  for (const need of needs) {
    const ability = abilities[need]
    if (!ability.can)
      return { ...common, can: false, detail: `${need}: ${ability.why}`, fix: ability.fix, optional: true }
  }
  const ways = needs.flatMap((need) => byWayOf(abilities[need]))
  return { ...common, can: true, detail: [description, ...ways].join('; by ') }
}

function byWayOf(ability: Ability): string[] {
  if (!ability.can || !ability.by) return []
  switch (ability.by) {
    case 'netem':
      return ['netem']
    case 'queue':
      return ['a queue of netfilter (NFQUEUE)']
    default:
      return ability.by satisfies never
  }
}
