import type { Verdict } from '../core/watch/invariant.ts'
import type { Ticket } from '../core/work/ticket.ts'

/** How long the monitor looks for a claim's confirmation before the ticket opens again. */
export const defaultVerifyMs = 30_000

/**
 * What the monitor does with an unresolved ticket after a look. Only a look that saw `ok`, with nothing left to clear,
 * resolves, or a person's word where nothing is checked. A claim's chance ends with a look that saw the violation, or, an
 * agent's, where nothing is checked: it would never be confirmed, and the ticket never reach a person.
 */
export function settle(
  ticket: Ticket,
  verdict: Verdict,
  stillTracked: boolean,
  now: number,
): 'resolve' | 'return' | 'wait' {
  if (ticket.held) return 'wait'
  if (verdict.kind === 'ok' && !stillTracked && ticket.state !== 'claimed') return 'resolve'
  if (ticket.state !== 'verifying') return 'wait'
  // Nothing is looked at there any more: the person's word is all there is.
  if (verdict.kind === 'not_applicable' && ticket.claimBy === 'person') return 'resolve'
  const expired = now >= (ticket.verifyUntil ?? now)
  return expired && (verdict.kind === 'violated' || verdict.kind === 'not_applicable') ? 'return' : 'wait'
}
