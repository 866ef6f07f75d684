import type { Severity } from '../watch/invariant.ts'
import type { Claim } from './claim.ts'
import type { Variant } from './variant.ts'

export const ticketStates = ['open', 'claimed', 'verifying', 'resolved', 'escalated'] as const
export type TicketState = (typeof ticketStates)[number]

/** A violation that lasted; the unit of work. Times are epoch ms. */
export interface Ticket {
  id: number
  /** The name of the cluster: a lab's id, or what the monitor was told. */
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
  /** Tickets that opened at the same look share it. */
  batch: string
  /** How often the violation began while this ticket was unresolved. */
  occurrences: number
  /** Opened often within the window: severity is raised by one. */
  flapping: boolean
  /** A person holds it: no automatic resolution, no agent. */
  held: boolean
  /** Claims that the monitor did not confirm. */
  attempts: number
  maxAttempts: number
  /** Configuration of the agent, there from the moment the ticket exists. */
  variant: Variant
  violatedAt: number
  openedAt: number
  lastSeenAt: number
  sessionId: string | null
  claimedAt: number | null
  claim: Claim | null
  claimBy: 'agent' | 'person' | null
  /** The monitor confirms by then, or the ticket opens again. */
  verifyUntil: number | null
  resolvedAt: number | null
  resolvedBy: 'agent' | 'self' | 'person' | null
}
