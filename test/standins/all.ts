/** Whether every cell of the matrices is played (`scripts/test --all`), or of each a covering sample (docs/tests.md). */
export const playsAll = process.env.TEST_ALL === '1'

/**
 * Chooses from `all` so that everything is shown which any of them shows. Those that alone show something are taken, then the
 * first that shows what is still missing. The choice depends on nothing but the order.
 */
export function covering<T>(all: readonly T[], shows: (one: T) => readonly string[]): Set<T> {
  const showing = new Map<string, T[]>()
  for (const one of all) for (const what of shows(one)) showing.set(what, [...(showing.get(what) ?? []), one])
  const groups = [...showing.values()]
  const chosen = new Set(groups.filter(({ length }) => length === 1).flat())
  for (const [first, ...more] of groups)
    if (first !== undefined && ![first, ...more].some((one) => chosen.has(one))) chosen.add(first)
  return chosen
}

/** What a file of tests says of what it leaves to `--all`; scripts/run-tests.ts adds it up. */
export const leftToAll = (cells: number): string => `left to --all: ${cells}`
