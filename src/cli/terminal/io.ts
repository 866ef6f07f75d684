import type { Command } from 'commander'
import { type Clock, systemClock } from '../../core/clock.ts'

/** Access to terminal and signals, which every verb gets from main. No other code uses them. */
export interface Io {
  /** Aborts on SIGINT, SIGTERM and when a parent that asked for it is gone. */
  signal: AbortSignal
  clock: Clock
  /** Results: a line on stdout. */
  print(line: string): void
  /**
   * Results that are long: text as it is, no line end is added. Resolves when a reader has room for more, so that nothing
   * piles up before a slow one.
   */
  write(text: string): Promise<void>
  /** Results for scripts: one JSON document on stdout. */
  printJson(document: unknown): void
  /** Progress and remarks: a line on stderr. */
  note(line: string): void
  /** Sets the exit code for "it ran, but the answer is no". */
  answerNo(): void
  color: boolean
}

/** One file per verb: adds its command to the program. */
export interface Verb {
  register(program: Command, io: Io): void
}

export function terminalIo(signal: AbortSignal): Io {
  return {
    signal,
    clock: systemClock,
    print: (line) => process.stdout.write(`${line}\n`),
    // Whether it could be written is seen from the stream's errors, which abort the signal.
    write: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
    printJson: (document) => process.stdout.write(`${JSON.stringify(document, null, 2)}\n`),
    note: (line) => process.stderr.write(`${line}\n`),
    answerNo: () => {
      process.exitCode = 1
    },
    color: process.stdout.isTTY === true && !process.env.NO_COLOR,
  }
}
