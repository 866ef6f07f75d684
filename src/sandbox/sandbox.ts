import type { Printed } from './capture.ts'

export interface ExecOptions {
  timeoutMs: number
  signal: AbortSignal
  /** Limit for stdout and for stderr each, half of it for the end; the middle is read, counted and dropped. */
  maxBytes: number
  onOutput?(chunk: string): void
}

export interface ExecResult {
  /** All of the output, or its beginning; then `rests` has the end. */
  stdout: string
  stderr: string
  rests?: { stdout?: Rest; stderr?: Rest }
  /** null when a signal ended it. */
  exitCode: number | null
  timedOut: boolean
  durationMs: number
  /** Bytes dropped from both. */
  truncatedBytes: number
}

/** The part of an output after its dropped middle. */
export type Rest = NonNullable<Printed['rest']>

/** The place where an agent's commands run. An agent can only reach what is reachable from there. */
export interface Sandbox {
  /** Description for a person: what it is and what it reaches. */
  describe: string
  /** Rejects with the signal's reason when aborted, after everything the command started is gone. */
  exec(command: string, options: ExecOptions): Promise<ExecResult>
  /** At the end of a session: ends background processes of its commands, where they can be recognised. */
  end?(): Promise<void>
  /**
   * Requests to the container engine since the last call, from the first command on, each with its refusal if it was
   * refused: lines of JSON, in blocks, as there may be many. Only in labs whose commands can reach an engine.
   */
  engineRequests?(): AsyncIterable<readonly string[]>
}
