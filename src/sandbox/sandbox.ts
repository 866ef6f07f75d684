export interface ExecOptions {
  timeoutMs: number
  signal: AbortSignal
  /** Kept of stdout and of stderr each; the rest is read and dropped. */
  maxBytes: number
  onOutput?(chunk: string): void
}

export interface ExecResult {
  stdout: string
  stderr: string
  /** null when a signal ended it. */
  exitCode: number | null
  timedOut: boolean
  durationMs: number
  /** How much was dropped. */
  truncatedBytes: number
}

/** Where an agent's commands run. What is not reachable from in there is not reachable for the agent. */
export interface Sandbox {
  /** For a person: what it is and what it reaches. */
  describe: string
  /** Rejects with the signal's reason when aborted, after everything the command started is gone. */
  exec(command: string, options: ExecOptions): Promise<ExecResult>
  /**
   * What was asked of the container engine since this was read last, from the first command on, and whether it was refused:
   * lines of JSON, in blocks, as there may be many. Only where commands can reach one.
   */
  engineRequests?(): AsyncIterable<readonly string[]>
}
