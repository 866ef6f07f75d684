/** Counts of a log in the last minute. */
export interface LogRates {
  leaderElections: number
  snapshots: number
  slowOperations: number
  warnings: number
  errors: number
}

export type Level = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL'

export interface LogEntry {
  /** Epoch ms. */
  at: number
  level: Level
  /** `raft.rs:1170` */
  source: string
  message: string
  fields: Record<string, string>
  /** Lines that came after it without a head of their own: a backtrace, for example. */
  more: string[]
}

const head = /^\[(\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d\.\d{3}) ([+-]\d\d:\d\d)\] \[([A-Z]+)\] /
/** `raft.rs:1170`, or what stands there when nobody knows. */
const place = /^(?:[^\s"]+:\d+|<unknown>)$/
const levels: readonly string[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']
/** A line that does not end, and a backtrace that does not, are cut off there. */
const maxLineChars = 64 * 1024
const maxMoreLines = 200

/**
 * TiKV's and PD's unified log format (tikv/rfcs, 0018-unified-log-format): `[time] [LEVEL] [source] [message] [key=value]...`,
 * of which what holds spaces, quotes, brackets or `=` is a JSON string. The etcd in PD names its part before the source:
 * `[INFO] [raft] [zap_raft.go:77] [...]`. null: the line has no such head.
 */
export function entryFrom(line: string): LogEntry | null {
  const match = head.exec(line)
  if (!match) return null
  const [all, year, month, day, time, zone, level = ''] = match
  const at = Date.parse(`${year}-${month}-${day}T${time}${zone}`)
  if (Number.isNaN(at) || !levels.includes(level)) return null
  const sections = sectionsIn(line.slice(all.length))
  const [first = '', second = ''] = sections
  const named = !place.test(first) && place.test(second)
  const [source = '', message = '', ...pairs] = named ? sections.slice(1) : sections
  if (sections.length === 0) return null
  const fields = pairs.map((pair) => {
    const [name = '', rest = ''] = splitPair(pair)
    return [unquoted(name), unquoted(rest)]
  })
  return {
    at,
    level: level as Level,
    source,
    message: unquoted(message),
    fields: Object.fromEntries(fields),
    more: [],
  }
}

/**
 * The text between brackets. Brackets inside strings do not count. It stops at the closing bracket, since thousands of
 * brackets that are never closed would each be searched to the end of the line.
 */
function sectionsIn(text: string): string[] {
  return [...text.matchAll(/\[((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\] ?/gy)].map(([, section]) => section ?? '')
}

function splitPair(pair: string): [string, string] {
  const name = /^(?:"(?:[^"\\]|\\.)*"|[^="])*/.exec(pair)?.[0] ?? ''
  return [name, pair.slice(name.length + 1)]
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text
  try {
    return String(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}

/** Takes a log as it comes, in pieces of any size; gives each entry once it is certain that it is whole. */
export interface LogReader {
  write(chunk: string): LogEntry[]
  /** Returns the entries that are still held back, at the end or before another file. */
  flush(): LogEntry[]
}

export function logReader(): LogReader {
  let rest = ''
  let open: LogEntry | null = null
  let skipping = false
  const line = (text: string): LogEntry[] => {
    const entry = entryFrom(text)
    if (!entry) {
      if (open && open.more.length < maxMoreLines) open.more.push(text)
      return []
    }
    const done = open ? [open] : []
    open = entry
    return done
  }
  return {
    write(chunk) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      const entries = lines.flatMap((text) => {
        const skip = skipping
        skipping = false
        return skip ? [] : line(text.replace(/\r$/, ''))
      })
      if (rest.length > maxLineChars) {
        if (!skipping) entries.push(...line(rest.slice(0, maxLineChars)))
        rest = ''
        skipping = true
      }
      return entries
    },
    flush() {
      const entries = rest === '' || skipping ? [] : line(rest)
      if (open) entries.push(open)
      rest = ''
      open = null
      skipping = false
      return entries
    },
  }
}

const ratesMs = 60_000

/** Counts what matters in the last minute of a log. */
export function logRates() {
  let seen: { at: number; kinds: (keyof LogRates)[] }[] = []
  return {
    add(entries: readonly LogEntry[], at: number): void {
      for (const entry of entries) {
        const kinds = kindsOf(entry)
        if (kinds.length > 0) seen.push({ at, kinds })
      }
      // A log that floods fills no memory.
      if (seen.length > 10_000) seen = seen.slice(-10_000)
    },
    now(at: number): LogRates {
      seen = seen.filter((one) => one.at > at - ratesMs)
      const rates: LogRates = { leaderElections: 0, snapshots: 0, slowOperations: 0, warnings: 0, errors: 0 }
      for (const { kinds } of seen) for (const kind of kinds) rates[kind]++
      return rates
    },
  }
}

function kindsOf({ level, message, fields }: LogEntry): (keyof LogRates)[] {
  const kinds: (keyof LogRates)[] = []
  if (/\bstarting a new election\b/i.test(message)) kinds.push('leaderElections')
  if (/\bsnapshot\b/i.test(message)) kinds.push('snapshots')
  // TiKV's slow log has no word for it: only what was slow says how long it took.
  const slow = /\bslow[- ](query|log)|^slow\b|took too long/i.test(message) || fields.takes !== undefined
  if (slow) kinds.push('slowOperations')
  if (level === 'WARN') kinds.push('warnings')
  if (level === 'ERROR' || level === 'FATAL') kinds.push('errors')
  return kinds
}
