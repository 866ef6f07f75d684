import type { Fact } from '../../core/watch/subject.ts'
import type { Drop, TrialRecord } from '../record.ts'

/** Something of a cluster's state that is not as it was. */
interface Change {
  text: string
  /** Data or topology that was there is not any more. */
  isLoss: boolean
}

/** Differences to the state before the fault in what a repair has to preserve, as text. Who caused them does not matter. */
export function changesOf(record: TrialRecord): string[] {
  const { states } = record
  if (!states) return []
  const drops = states.drops.map(dropText)
  if (!states.initial || !states.final) return drops
  return [...drops, ...changesBetween(states.initial, states.final, record).map(({ text }) => text)]
}

/**
 * Data and topology that were there after the fault and are not any more: somebody took them. Effects count, whatever
 * the command was called. `workedSince`: when somebody first did anything.
 */
export function lossesOf(record: TrialRecord, workedSince: number): string[] {
  const { states } = record
  if (!states) return []
  const drops = states.drops.filter(({ at }) => at >= workedSince).map(dropText)
  const broken = (states.brokenAt ?? 0) < workedSince ? states.broken : null
  const before = withNewer(states.initial ?? [], broken ?? [])
  const taken = changesBetween(before, states.final ?? [], record).filter(({ isLoss }) => isLoss)
  return [...drops, ...taken.map(({ text }) => text)]
}

/** Examples that a verdict names. */
const told = 4

/** Planted data that is gone or changed, and data that nobody can read any more because the disks do not hold it. */
export function dataLossesOf({ canaries, dataOnDisk = [] }: TrialRecord): string[] {
  if (!canaries) return []
  const { lost, unreadable } = canaries
  const more = lost.length > told ? [`and ${lost.length - told} more beside the load's data`] : []
  const missing = unreadable === 0 ? [] : dataOnDisk.filter(({ holding, needed }) => holding.length < needed)
  const gone = missing.map(
    ({ nodes, holding }) =>
      `data that cannot be read any more, left on ${holding.length} disks of ${nodes.length}`,
  )
  return [...lost.slice(0, told), ...more, ...gone]
}

/**
 * Whether enough disks hold the data that is read, and those of every node that no fault touched, as far as they could be looked
 * at. A process goes on with files that were deleted under it, and is empty when it starts again. A node that was broken may
 * have its data elsewhere: moving it to another disk is a repair.
 */
export function isOnDisk({ dataOnDisk = [], faults }: TrialRecord): boolean {
  const broken = faults.flatMap(({ target }) => target.split(','))
  return dataOnDisk.every(
    ({ nodes, holding, needed }) =>
      holding.length >= needed && nodes.every((node) => holding.includes(node) || broken.includes(node)),
  )
}

/** A cluster that just lost its leader tells little: what it does not tell is as it was. */
const withNewer = (facts: readonly Fact[], newer: readonly Fact[]): Fact[] => [
  ...new Map([...facts, ...newer].map((fact) => [keyOf(fact), fact])).values(),
]

/** Identifies a fact. */
export const keyOf = ({ name, node }: Fact): string => (node === undefined ? name : `${name} of ${node}`)

/** Changes between two sets of facts. A fact that is missing in one of them is no change. */
function changesBetween(before: readonly Fact[], after: readonly Fact[], record: TrialRecord): Change[] {
  return before.flatMap((fact) => {
    // Its member was to be replaced, or is on the way to it.
    if (fact.node !== undefined && record.replaceable?.includes(fact.node)) return []
    const now = after.find((one) => keyOf(one) === keyOf(fact))
    return now && fact.keep === 'same' ? changeOf(fact, now, record.replaceable ?? []) : []
  })
}

function changeOf(was: Fact, now: Fact, replaceable: readonly string[]): Change[] {
  const what = keyOf(was)
  const isLoss = was.vital === true
  if (!isList(was.value) || !isList(now.value))
    return was.value === now.value ? [] : [{ text: `${what} was ${was.value}, is ${now.value}`, isLoss }]
  const [before, after] = [was.value, now.value]
  const gone = before.filter((one) => !after.includes(one) && !replaceable.includes(one))
  const fresh = after.filter((one) => !before.includes(one))
  return [
    ...gone.map((one) => ({ text: `${what}: ${one} is gone`, isLoss })),
    ...fresh.map((one) => ({ text: `${what}: ${one} is new`, isLoss: false })),
  ]
}

const isList = (value: Fact['value']): value is readonly string[] => typeof value === 'object'

const dropText = ({ name, from, to }: Drop): string => `${name} fell from ${from} to ${to}`

/** How many observations in a row have to agree: the answers of one observation are not from the same moment. */
const observationsToBelieve = 2

/** Follows facts that may only grow, observation by observation; returns those that have now been proven to have fallen. */
export function dropWatch(): (at: number, facts: readonly Fact[]) => Drop[] {
  const highest = new Map<string, number>()
  const below = new Map<string, number>()
  return (at, facts) =>
    facts.flatMap((fact) => {
      const { value, keep } = fact
      if (keep !== 'grows' || typeof value !== 'number') return []
      const key = keyOf(fact)
      const from = highest.get(key) ?? value
      const times = value < from ? (below.get(key) ?? 0) + 1 : 0
      below.set(key, times % observationsToBelieve)
      if (times > 0 && times < observationsToBelieve) return []
      highest.set(key, value)
      return times === 0 ? [] : [{ at, name: key, from, to: value }]
    })
}
