import type { Verdict } from '../core/watch/invariant.ts'
import type { Tracked } from '../store/operator/violations.ts'

/** Applies one verdict to one violation. `for` and `keep_firing_for` work as in Prometheus. */
export interface Step {
  next: Tracked | null
  /** The grace is over: a ticket is due. */
  opens: boolean
  /** It was clearing and is violated again. */
  recurred: boolean
}

/** `isDue`: skip the grace, see intermittent.ts. */
export function advance(
  prev: Tracked | null,
  verdict: Verdict,
  rule: { graceMs: number; keepFiringMs: number },
  inhibited: boolean,
  now: number,
  isDue = false,
): Step {
  switch (verdict.kind) {
    case 'violated':
      return onViolated(prev, isDue ? 0 : rule.graceMs, inhibited, now)
    case 'ok':
      return { next: onOk(prev, rule.keepFiringMs, now), opens: false, recurred: false }
    case 'unknown':
    case 'not_applicable':
      return { next: onUnknown(prev), opens: false, recurred: false }
    default:
      return verdict satisfies never
  }
}

function onViolated(prev: Tracked | null, graceMs: number, inhibited: boolean, now: number): Step {
  const violatedAt = prev?.violatedAt ?? now
  const hasTicket = prev !== null && prev.phase !== 'pending'
  const opens = !hasTicket && !inhibited && now - violatedAt >= graceMs
  const phase = hasTicket || opens ? 'firing' : 'pending'
  return {
    next: { phase, violatedAt, clearAt: null, lastSeenAt: now },
    opens,
    recurred: prev?.phase === 'clearing',
  }
}

function onOk(prev: Tracked | null, keepFiringMs: number, now: number): Tracked | null {
  if (prev === null || prev.phase === 'pending') return null
  const clearAt = prev.clearAt ?? now
  if (now - clearAt >= keepFiringMs) return null
  return { ...prev, phase: 'clearing', clearAt }
}

/** No observation was made: nothing is resolved, and only the next clear one starts the clock again. */
function onUnknown(prev: Tracked | null): Tracked | null {
  return prev?.phase === 'clearing' ? { ...prev, clearAt: null } : prev
}

/** The monitor was away for a while: a violation within its grace starts its grace anew, a clearing one its clearing. */
export function afterGap(prev: Tracked | null): Tracked | null {
  return prev?.phase === 'pending' ? null : onUnknown(prev)
}
