/** A link on which more than that many messages per second are not delivered is cut; a lost one now and then is life. */
export const cutPerSecond = 0.4

/**
 * The trouble on the links of each node, by its id: of the nodes with the most bad links, as the others only suffer from
 * those. `reports`: by who reports and whom it was for; a link is bad above `limit`. `well`: the nodes to judge; trouble
 * with one that was away says nothing of the way to it.
 */
export function troubleBetween(
  reports: ReadonlyMap<string, Readonly<Record<string, number>>>,
  well: ReadonlySet<string>,
  { limit, join }: { limit: number; join: (a: number, b: number) => number },
): Map<string, number> {
  const bad = new Map<string, { others: Set<string>; trouble: number }>()
  const note = (one: string, other: string, trouble: number) => {
    const known = bad.get(one) ?? { others: new Set(), trouble: 0 }
    known.others.add(other)
    known.trouble = join(known.trouble, trouble)
    bad.set(one, known)
  }
  for (const [from, links] of reports) {
    for (const [to, trouble] of Object.entries(links)) {
      if (from === to || trouble <= limit || !well.has(from) || !well.has(to)) continue
      note(from, to, trouble)
      note(to, from, trouble)
    }
  }
  const most = Math.max(0, ...[...bad.values()].map(({ others }) => others.size))
  return new Map(
    [...well].map((id) => {
      const own = bad.get(id)
      return [id, own?.others.size === most ? own.trouble : 0]
    }),
  )
}
