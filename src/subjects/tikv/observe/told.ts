import type { StoreView } from './observation.ts'

/** As PD answers: what is left out of an answer is null. */
export type StoreAnswer = Omit<StoreView, 'slowScore' | 'networkSlowScores'> & {
  slowScore: number | null
  networkSlowScores: Record<string, number> | null
}

/**
 * PD leaves out scores of stores that are too old to have them, and of those that it has not heard since it leads. What a
 * store has told once is missing when it is left out; what it never told does not apply to it.
 */
export function scoreMemory(): (stores: readonly StoreAnswer[]) => StoreView[] {
  const told = new Set<string>()
  return (stores) =>
    stores.map(({ slowScore, networkSlowScores, ...store }) => {
      const recall = <T>(name: string, value: T | null): T | null | undefined => {
        const key = `${store.id} ${name}`
        if (value !== null) told.add(key)
        return value ?? (told.has(key) ? null : undefined)
      }
      return {
        ...store,
        slowScore: recall('slow', slowScore),
        networkSlowScores: recall('network', networkSlowScores),
      }
    })
}
