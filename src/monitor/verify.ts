import type { Verdict } from '../core/watch/invariant.ts'
import type { Ticket } from '../core/work/ticket.ts'

/** Time for the monitor to confirm a claim before the ticket opens again. */
export const defaultVerifyMs = 30_000

/**
 * Decides about an unresolved ticket after an observation. A ticket is resolved only by an observation that saw `ok`, with
 * nothing left to clear, or by a person where nothing is checked. A claim fails when an observation sees the violation. An
 * agent's claim also fails where nothing is checked: it would never be confirmed, and the ticket would never reach a person.
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
  // The check is off, so only the person's word remains.
  if (verdict.kind === 'not_applicable' && ticket.claimBy === 'person') return 'resolve'
  const expired = now >= (ticket.verifyUntil ?? now)
  return expired && (verdict.kind === 'violated' || verdict.kind === 'not_applicable') ? 'return' : 'wait'
}
