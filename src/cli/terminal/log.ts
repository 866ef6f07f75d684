import { writeSync } from 'node:fs'
import { pino } from 'pino'
import { messageOf } from '../../core/errors.ts'
import type { Io } from './io.ts'

/** Log of a daemon: lines for people on a terminal, JSON otherwise. */
export interface Log {
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
}

export function daemonLog(io: Io): Log {
  if (process.stderr.isTTY) {
    const line = (mark: string) => (message: string) =>
      io.note(`${new Date(io.clock.now()).toISOString().slice(11, 19)} ${mark}${message}`)
    return { info: line(''), warn: line('! ') }
  }
  const json = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, patient(2))
  return {
    info: (message, fields) => json.info(fields ?? {}, message),
    warn: (message, fields) => json.warn(fields ?? {}, message),
  }
}

/** Lines that cannot be written yet wait up to this size; the oldest give way. */
const keptBytes = 1 << 20

/** A full disk or a reader that went away may silence a daemon for a while, not end it. */
function patient(fd: number) {
  let waiting = Buffer.alloc(0)
  let trouble = ''
  return {
    write(line: string) {
      waiting = Buffer.concat([waiting, Buffer.from(line)]).subarray(-keptBytes)
      try {
        while (waiting.length > 0) waiting = waiting.subarray(writeSync(fd, waiting))
        if (trouble)
          writeSync(fd, `${JSON.stringify({ level: 40, msg: `the log was held up: ${trouble}` })}\n`)
        trouble = ''
      } catch (error) {
        trouble = messageOf(error) // the next line tries again
      }
    },
  }
}
