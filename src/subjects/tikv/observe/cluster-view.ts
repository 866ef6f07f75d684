import type { Clock } from '../../../core/clock.ts'
import type { Client } from '../../shared/client/client.ts'
import { healthOf, operatorsOf, regionsOf, schedulingOf, storesOf } from '../pd/pd.ts'
import type { ClusterView, Member } from './observation.ts'
import { type Standing, standing } from './standing.ts'
import { scoreMemory } from './told.ts'

/** Interval for what only people change, and what need not be known within a second. */
const rareMs = 5_000
/** Longer than a PD waits for a leader before it says that there is none. */
const answerMs = 5_000

export type Asked = Pick<ClusterView, 'stores' | 'regions' | 'scheduling' | 'operators'> & {
  health: { member: Member; healthy: boolean }[] | null
}

/**
 * Asks the leader of the PDs through one PD at a time. Every PD forwards such requests to the leader, so asking all of them
 * would make the leader do the work several times. The number of requests does not depend on the cluster's size.
 */
export function clusterViewer(
  clock: Clock,
): (client: Promise<Client | null>, signal: AbortSignal) => Promise<Asked> {
  const remember = scoreMemory()
  let through: Client | null = null

  /** One request of each kind at a time. The next one goes through a PD that reaches the leader then. */
  const part = <T>(ask: (client: Client, signal: AbortSignal) => Promise<T | null>): Standing<T | null> =>
    standing(async (signal) => (through ? ask(through, signal) : null), { answerMs, clock })
  const rarely = <T>(inner: Standing<T | null>): Standing<T | null> => {
    let known: { at: number; answer: T } | null = null
    return {
      async ask(signal) {
        if (known && clock.monotonic() - known.at < rareMs) return known.answer
        const answer = await inner.ask(signal)
        known = answer === null ? null : { at: clock.monotonic(), answer }
        return answer
      },
      [Symbol.dispose]: () => inner[Symbol.dispose](),
    }
  }

  const parts = {
    stores: part(storesOf),
    regions: part(regionsOf),
    scheduling: rarely(part(schedulingOf)),
    operators: rarely(part(operatorsOf)),
    health: rarely(part(healthOf)),
  }
  return async (client, signal) => {
    through = await client
    // Without a leader, answers of some seconds ago say nothing.
    if (!through) return { stores: null, regions: null, scheduling: null, operators: null, health: null }
    const [stores, regions, scheduling, operators, health] = await Promise.all([
      parts.stores.ask(signal),
      parts.regions.ask(signal),
      parts.scheduling.ask(signal),
      parts.operators.ask(signal),
      parts.health.ask(signal),
    ])
    return { stores: stores && remember(stores), regions, scheduling, operators, health }
  }
}
