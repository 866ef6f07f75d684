import type { Claim } from './claim.ts'
import type { Limits } from './limits.ts'
import type { Ticket } from './ticket.ts'

/** Result of a command in the sandbox. Output is already redacted and shortened to head and tail. */
export interface CommandResult {
  stdout: string
  stderr: string
  /** null when a signal ended it. */
  exitCode: number | null
  timedOut: boolean
  durationMs: number
}

/**
 * Runs one shell command where the subject is. It is audited, redacted, limited and can be killed; an agent has no other way
 * in. `signal` stops this command; the session's own signal stops all of them.
 */
export type Shell = (command: string, reasoning: string, signal?: AbortSignal) => Promise<CommandResult>

/** Consumption of one turn. null is unknown, never 0: a server may not count, and a price may be unknown. */
export interface Usage {
  /** All input, cached or not. */
  tokensIn: number | null
  tokensOut: number | null
  /** The part of the input that was read from the provider's cache. */
  tokensCached: number
  costUsd: number | null
}

/** The sum, or null when either is unknown. */
export const plus = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a + b

/** The sum of both. A figure that is unknown in one is unknown in the sum. */
export const sumOf = (a: Usage, b: Usage): Usage => ({
  tokensIn: plus(a.tokensIn, b.tokensIn),
  tokensOut: plus(a.tokensOut, b.tokensOut),
  tokensCached: a.tokensCached + b.tokensCached,
  costUsd: plus(a.costUsd, b.costUsd),
})

/** The work of one session, and everything that an agent may touch. */
export interface Work {
  /** All tickets of one cluster, most severe first. */
  tickets: readonly Ticket[]
  /** Knowledge of the subject for the agent. */
  briefing: string
  /** Summaries of earlier attempts at these tickets, oldest first. */
  history: readonly string[]
  shell: Shell
  /** Writes a thought to the audit. */
  note(reasoning: string): Promise<void>
  /** Reports the consumption of one model turn; throws LimitReached once a limit is passed. */
  spend(usage: Usage): Promise<void>
  limits: Limits
  /** Aborts on SIGTERM, a lost lease or a limit; `reason` says which. */
  signal: AbortSignal
}

/** A kind of agent: anything that works on tickets through the shell and ends with a claim. */
export type AgentKind = (work: Work) => Promise<Claim>

/** The model's server refuses for a reason that waiting does not change: key, credit, model name, address, window too small. */
export class ModelRefused extends Error {
  override name = 'ModelRefused'
}
