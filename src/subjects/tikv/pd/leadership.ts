/** Upstream counts changes of leader over ten minutes. */
const changesMs = 10 * 60_000

/** History of PD's leadership, from the observations so far. */
export interface Leadership {
  /** For how long this leader has been seen to lead; null: there is none now, or nobody says. */
  seenForMs: number | null
  /** Time since it took over, when that was seen; null: it led when we came. */
  tookOverMs: number | null
  /** How often leadership was taken over or regained within ten minutes. */
  changes: number
}

/** `startedAt`: of the leader's process; null: not known. */
export type LeaderSeen = { kind: 'leads'; name: string; startedAt: number | null } | { kind: 'none' } | null

/** Follows who leads. Looks at which nobody says who leads change nothing. `at`: monotonic, in ms. */
export function leadershipTracker(): (at: number, seen: LeaderSeen) => Leadership {
  let leader: {
    name: string
    startedAt: number | null
    firstSeenAt: number
    tookOverAt: number | null
  } | null
  leader = null
  let lost = false
  let changes: number[] = []
  return (at, seen) => {
    if (seen?.kind === 'none') lost = true
    if (seen?.kind === 'leads') {
      const { name, startedAt } = seen
      const restarted = leader?.startedAt != null && startedAt !== null && leader.startedAt !== startedAt
      if (!leader) leader = { name, startedAt, firstSeenAt: at, tookOverAt: null }
      else if (lost || restarted || leader.name !== name) {
        leader = { name, startedAt, firstSeenAt: at, tookOverAt: at }
        changes.push(at)
      } else leader.startedAt ??= startedAt
      lost = false
    }
    changes = changes.filter((one) => one > at - changesMs)
    const leads = seen?.kind === 'leads' ? leader : null
    return {
      seenForMs: leads ? at - leads.firstSeenAt : null,
      tookOverMs: leads?.tookOverAt == null ? null : at - leads.tookOverAt,
      changes: changes.length,
    }
  }
}
