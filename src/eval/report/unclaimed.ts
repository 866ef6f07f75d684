import type { Session } from '../../store/operator/sessions.ts'

/**
 * Why sessions ended without a claim of the agent's own, a sentence each: the key was refused, no server was reached, a limit.
 * The same reason of several sessions is one sentence.
 */
export function unclaimedIn(sessions: readonly Session[]): string[] {
  const counts = new Map<string, number>()
  for (const session of sessions) {
    const why = whyOf(session)
    if (why !== null) counts.set(why, (counts.get(why) ?? 0) + 1)
  }
  return [...counts].map(([why, count]) => (count === 1 ? why : `${count} sessions: ${why}`))
}

function whyOf({ agent, model, state, claim, reason, commands }: Session): string | null {
  const who = `${model ?? agent}, ${commands} command${commands === 1 ? '' : 's'}`
  if (claim === null)
    return state === 'interrupted'
      ? `a session (${who}) was interrupted: ${reason ?? 'no reason is recorded'}`
      : null
  return claim.unclaimed || reason !== null
    ? `a session (${who}) claimed nothing: ${reason ?? claim.rootCause}`
    : null
}
