import type { Claim } from './claim.ts'
import type { Limits } from './limits.ts'
import type { Ticket } from './ticket.ts'

/** What a command in the sandbox did. Output is already redacted and shortened to head and tail. */
export interface CommandResult {
  stdout: string
  stderr: string
  /** null when a signal ended it. */
  exitCode: number | null
  timedOut: boolean
  durationMs: number
}

/**
 * Runs one shell command where the subject is. Audited, redacted, limited and killable; there is no other way in.
 * `signal` takes this command back; the session's own ends all of them.
 */
export type Shell = (command: string, reasoning: string, signal?: AbortSignal) => Promise<CommandResult>

/** One turn's consumption. null is unknown, never 0: a server need not count, and a price need not be known. */
export interface Usage {
  /** All input, cached or not. */
  tokensIn: number | null
  tokensOut: number | null
  /** The part of the input that was read from the provider's cache. */
  tokensCached: number
  costUsd: number | null
}

/** null once one of both is unknown. */
export const plus = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a + b

/** Of both; what is unknown of one is unknown of the sum. */
export const sumOf = (a: Usage, b: Usage): Usage => ({
  tokensIn: plus(a.tokensIn, b.tokensIn),
  tokensOut: plus(a.tokensOut, b.tokensOut),
  tokensCached: a.tokensCached + b.tokensCached,
  costUsd: plus(a.costUsd, b.costUsd),
})

/** One session's work, and everything an agent may touch. */
export interface Work {
  /** All tickets of one cluster, most severe first. */
  tickets: readonly Ticket[]
  /** What an agent should know of the subject. */
  briefing: string
  /** Summaries of earlier attempts at these tickets, oldest first. */
  history: readonly string[]
  shell: Shell
  /** Puts a thought into the audit. */
  note(reasoning: string): Promise<void>
  /** Reports what one model turn consumed; throws LimitReached once a limit is passed. */
  spend(usage: Usage): Promise<void>
  limits: Limits
  /** Aborts on SIGTERM, a lost lease or a limit; `reason` says which. */
  signal: AbortSignal
}

/** A kind of agent: anything that works on tickets through the shell and ends with a claim. */
export type AgentKind = (work: Work) => Promise<Claim>

/** The model's server refuses for a reason that no waiting changes: a key, money, a name, an address, a window too small. */
export class ModelRefused extends Error {
  override name = 'ModelRefused'
}
