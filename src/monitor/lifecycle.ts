import type { Verdict } from '../core/watch/invariant.ts'
import type { Tracked } from '../store/operator/violations.ts'

/** What one verdict does to one violation. `for` and `keep_firing_for` are as Prometheus has them. */
export interface Step {
  next: Tracked | null
  /** The grace is over: a ticket is due. */
  opens: boolean
  /** It was clearing and is violated again. */
  recurred: boolean
}

/** `isDue`: its grace is not waited for, see intermittent.ts. */
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

/** Nobody looked: nothing is resolved, and only the next clear look starts the clock again. */
function onUnknown(prev: Tracked | null): Tracked | null {
  return prev?.phase === 'clearing' ? { ...prev, clearAt: null } : prev
}

/** Nobody was there to look for a while: what was within its grace begins anew, what was clearing, too. */
export function afterGap(prev: Tracked | null): Tracked | null {
  return prev?.phase === 'pending' ? null : onUnknown(prev)
}
