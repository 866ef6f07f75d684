import { iso, systemClock } from '../../../src/core/clock.ts'

type Level = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL'

/**
 * A line of TiKV's unified log format, on standard error: `[time] [LEVEL] [file:line] [message] [key=value] ...`. Where a
 * part of the program has a name, that stands before the file.
 */
export function log(
  level: Level,
  source: string,
  message: string,
  fields: Record<string, unknown> = {},
  part = '',
): void {
  const time = iso(systemClock.now()).replace('T', ' ').replaceAll('-', '/').replace('Z', ' +00:00')
  const more = Object.entries(fields).map(([name, value]) => ` [${name}=${quoted(String(value))}]`)
  process.stderr.write(
    `[${time}] [${level}]${part && ` [${part}]`} [${source}] [${quoted(message)}]${more.join('')}\n`,
  )
}

const quoted = (text: string): string => (/^[\w.:/+-]+$/.test(text) ? text : JSON.stringify(text))
