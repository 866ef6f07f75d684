import type { Printed } from './capture.ts'

export interface ExecOptions {
  timeoutMs: number
  signal: AbortSignal
  /** Kept of stdout and of stderr each, half of it from the end; what lies between is read, counted and dropped. */
  maxBytes: number
  onOutput?(chunk: string): void
}

export interface ExecResult {
  /** All of it, or its beginning: then `rests` has the end. */
  stdout: string
  stderr: string
  rests?: { stdout?: Rest; stderr?: Rest }
  /** null when a signal ended it. */
  exitCode: number | null
  timedOut: boolean
  durationMs: number
  /** How much was dropped, of both. */
  truncatedBytes: number
}

/** What follows where the middle of an output was dropped. */
export type Rest = NonNullable<Printed['rest']>

/** Where an agent's commands run. What is not reachable from in there is not reachable for the agent. */
export interface Sandbox {
  /** For a person: what it is and what it reaches. */
  describe: string
  /** Rejects with the signal's reason when aborted, after everything the command started is gone. */
  exec(command: string, options: ExecOptions): Promise<ExecResult>
  /** At the end of a session: ends what its commands left running in the background, where it can be told. */
  end?(): Promise<void>
  /**
   * What was asked of the container engine since this was read last, from the first command on, and whether it was refused:
   * lines of JSON, in blocks, as there may be many. Only where commands can reach one.
   */
  engineRequests?(): AsyncIterable<readonly string[]>
}
