import { liveness } from './invariants/liveness.ts'
import { pace } from './invariants/pace.ts'
import { scheduling } from './invariants/scheduling.ts'
import type { TikvInvariant } from './invariants/shared.ts'
import { stores } from './invariants/stores.ts'

/** Adds the counts of the node's log in the last minute to every violation, for the agent. */
const withLog = (invariant: TikvInvariant): TikvInvariant => ({
  ...invariant,
  check(observation, node) {
    const verdict = invariant.check(observation, node)
    const log = observation.nodes[node]?.log
    if (verdict.kind !== 'violated' || !log) return verdict
    const said = Object.entries(log).map(([name, count]) => [`log ${name} per minute`, count])
    return { ...verdict, values: { ...verdict.values, ...Object.fromEntries(said) } }
  },
})

/** Most telling first. */
export const invariants: readonly TikvInvariant[] = [...liveness, ...stores, ...scheduling, ...pace].map(
  withLog,
)
