import { z } from 'zod'
import type { CommandResult } from '../../core/work/agent.ts'

/** Where a program that works as the agent finds its session: the path of a Unix socket. */
export const sessionVariable = 'OPERATOR_SESSION'

/** One request a connection, a line of JSON; closing the connection takes it back. */
export const request = z.discriminatedUnion('want', [
  z.object({ want: z.literal('shell'), command: z.string().min(1), reasoning: z.string() }),
  z.object({ want: z.literal('tickets') }),
  z.object({ want: z.literal('claim'), claim: z.record(z.string(), z.unknown()) }),
])

export type Request = z.infer<typeof request>

export interface Answers {
  shell: CommandResult
  tickets: object
  claim: { noted: true }
}

/** The answer, also a line of JSON. */
export type Response = { value: Answers[Request['want']] } | { error: string }

/** More than any command that somebody writes. */
export const maxRequestBytes = 1024 * 1024
