import type { Severity } from '../watch/invariant.ts'
import type { Claim } from './claim.ts'
import type { Variant } from './variant.ts'

export const ticketStates = ['open', 'claimed', 'verifying', 'resolved', 'escalated'] as const
export type TicketState = (typeof ticketStates)[number]

/** A violation that outlasted its grace; the unit of work. Times are epoch ms. */
export interface Ticket {
  id: number
  /** The name of the cluster: a lab's id, or the name given to the monitor. */
  cluster: string
  subject: string
  /** `subject/invariant/node`, unique among unresolved tickets of a cluster. */
  key: string
  invariant: string
  node: string
  severity: Severity
  state: TicketState
  message: string
  /** The values that the check saw when it last fired. */
  values: Record<string, number | string>
  /** Tickets that opened at the same observation share it. */
  batch: string
  /** Number of times that the violation began while this ticket was unresolved. */
  occurrences: number
  /** The ticket's key opened often within the window, so its severity is raised by one. */
  flapping: boolean
  /** A person holds the ticket: no automatic resolution, no agent. */
  held: boolean
  /** Claims that the monitor did not confirm. */
  attempts: number
  maxAttempts: number
  /** Configuration of the agent, set when the ticket is opened. */
  variant: Variant
  violatedAt: number
  openedAt: number
  lastSeenAt: number
  sessionId: string | null
  claimedAt: number | null
  claim: Claim | null
  claimBy: 'agent' | 'person' | null
  /** If the monitor has not confirmed the claim by then, the ticket opens again. */
  verifyUntil: number | null
  resolvedAt: number | null
  resolvedBy: 'agent' | 'self' | 'person' | null
}
