import { isIP } from 'node:net'
import { durationMs } from './duration.ts'
import { exponential, fixed, general, specialOf } from './go-format.ts'

/** Go's strings, floating-point numbers, whole numbers and maps. */
export type Value = string | number | bigint | Readonly<Record<string, string>>

export type Call = (...given: (Value | Call)[]) => Value

/** That an action is one that is not rendered here, or one that Prometheus cannot render either. */
export class Unrendered extends Error {}

/** https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#functions, those that ask nothing of Prometheus. */
export const functions: Readonly<Record<string, Call>> = {
  humanize: (v) => humanized(number(v), 1_000, ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']),
  humanize1024: (v) => humanized(number(v), 1_024, ['', 'ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']),
  humanizeDuration: (v) => duration(number(v)),
  humanizePercentage: (v) => `${general(number(v) * 100, 4)}%`,
  humanizeTimestamp: (v) => specialOf(number(v)) ?? timestamp(number(v)),
  toTime: (v) => timestamp(number(v)),
  parseDuration: (v) => seconds(text(v)),
  title: (v) => text(v).replace(/(?<=^|\s|(?=\p{ASCII})\W)\p{Ll}/gu, (letter) => letter.toUpperCase()),
  toUpper: (v) => text(v).toUpperCase(),
  toLower: (v) => text(v).toLowerCase(),
  reReplaceAll: (pattern, by, v) => replaced(text(pattern), text(by), text(v)),
  stripPort: (v) => hostAndPort(text(v))?.host ?? text(v),
  stripDomain: (v) => withoutDomain(text(v)),
  printf: (format, ...given) => printf(text(format), given),
  print: (...given) => printed(given),
  println: (...given) => `${given.map((one) => textOf(value(one))).join(' ')}\n`,
}

/** As Go prints it. */
export function textOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return general(value, null)
    case 'bigint':
      return String(value)
    default: {
      const pairs = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
      return `map[${pairs.map(([name, one]) => `${name}:${one}`).join(' ')}]`
    }
  }
}

function value(given: Value | Call | undefined): Value {
  if (given === undefined || typeof given === 'function') throw new Unrendered()
  return given
}

function text(given: Value | Call | undefined): string {
  if (typeof given !== 'string') throw new Unrendered()
  return given
}

const numberPattern = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i

/** The functions take numbers as texts, too. */
function number(given: Value | Call | undefined): number {
  if (typeof given === 'number' || typeof given === 'bigint') return Number(given)
  if (numberPattern.test(text(given))) return Number(given)
  throw new Unrendered()
}

function humanized(value: number, base: number, units: readonly string[]): string {
  if (value === 0 || !Number.isFinite(value)) return general(value, 4)
  let [left, unit] = [value, '']
  if (base === 1_000 && Math.abs(value) < 1)
    for (const next of ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y']) {
      if (Math.abs(left) >= 1) break
      ;[left, unit] = [left * 1_000, next]
    }
  else
    for (const next of units.slice(1)) {
      if (Math.abs(left) < base) break
      ;[left, unit] = [left / base, next]
    }
  return general(left, 4) + unit
}

/** Go counts in 64 bits, and what is larger comes out as anything. */
const mostInteger = 2 ** 63

function duration(seconds: number): string {
  const special = specialOf(seconds)
  if (special !== null) return special
  if (seconds === 0) return '0s'
  const [sign, size] = [seconds < 0 ? '-' : '', Math.abs(seconds)]
  if (size >= mostInteger) throw new Unrendered()
  if (size < 1) return `${sign + humanized(size, 1_000, [''])}s`
  const whole = Math.floor(size)
  const [d, h, m] = [Math.floor(whole / 86_400), Math.floor(whole / 3_600) % 24, Math.floor(whole / 60) % 60]
  if (d > 0) return `${sign}${d}d ${h}h ${m}m ${whole % 60}s`
  if (h > 0) return `${sign}${h}h ${m}m ${whole % 60}s`
  if (m > 0) return `${sign}${m}m ${whole % 60}s`
  return `${sign}${general(size, 4)}s`
}

function timestamp(seconds: number): string {
  const nanoseconds = seconds * 1e9
  if (!(Math.abs(nanoseconds) < mostInteger)) throw new Unrendered()
  const at = new Date(Number(BigInt(Math.trunc(nanoseconds)) / 1_000_000n))
  const [day, time = ''] = at.toISOString().replace('Z', '').split('T')
  return `${day} ${time.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')} +0000 UTC`
}

function seconds(text: string): number {
  const ms = durationMs(text)
  if (ms === null) throw new Unrendered()
  return ms / 1_000
}

/** Go's net.SplitHostPort; null: it is no host with a port. */
function hostAndPort(text: string): { host: string; port: string } | null {
  const [, inBrackets, plain, port] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text) ?? []
  return port === undefined ? null : { host: inBrackets ?? plain ?? '', port }
}

function withoutDomain(text: string): string {
  const { host, port } = hostAndPort(text) ?? { host: text, port: '' }
  if (isIP(host) !== 0) return text
  const name = host.split('.')[0] ?? ''
  const shown = name.includes(':') ? `[${name}]` : name
  return port === '' ? name : `${shown}:${port}`
}

/** Forms that only one of RE2 and JavaScript has, or that mean something else there. */
const otherPattern = /\\[pPAzQEC1-9]|\(\?(?!:|P<)|\[\[:/
/** Nested repetitions can take exponential time in JavaScript, but not in RE2, so they are refused. */
const slowPattern = /[+*}][^()]*\)[+*{]/

function replaced(pattern: string, by: string, text: string): string {
  const [, flags = '', plain = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern) ?? []
  if (otherPattern.test(plain) || slowPattern.test(plain)) throw new Unrendered()
  let regular: RegExp
  try {
    regular = new RegExp(plain.replaceAll('(?P<', '(?<'), `g${[...new Set(flags)].join('')}`)
  } catch {
    throw new Unrendered()
  }
  return text.replaceAll(regular, (...match) => {
    const named = (typeof match.at(-1) === 'object' ? match.at(-1) : {}) as Record<string, string>
    const numbered = match.slice(
      0,
      match.findIndex((one, i) => i > 0 && typeof one === 'number'),
    )
    return by.replaceAll(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar, braced, bare) => {
      const name = braced ?? bare
      return dollar ?? (/^\d+$/.test(name) ? numbered[Number(name)] : named[name]) ?? ''
    })
  })
}

/** Go puts a space between two that are no strings. */
function printed(given: readonly (Value | Call)[]): string {
  return given
    .map((one, i) => {
      const isApart = i > 0 && typeof one !== 'string' && typeof given[i - 1] !== 'string'
      return (isApart ? ' ' : '') + textOf(value(one))
    })
    .join('')
}

const mostDigits = 100
const mostWidth = 1_000

function printf(format: string, given: readonly (Value | Call)[]): string {
  const left = [...given]
  const said = format.replaceAll(/%([-+0]*)(\d*)(?:\.(\d*))?(.|$)/gsu, (_, flags, width, digits, verb) => {
    if (verb === '%') return '%'
    const precision = digits === undefined ? null : Number(digits)
    if (Number(width) > mostWidth || (precision ?? 0) > mostDigits) throw new Unrendered()
    return padded(formatted(verb, precision, value(left.shift())), flags, Number(width))
  })
  if (left.length > 0) throw new Unrendered()
  return said
}

function formatted(
  verb: string,
  precision: number | null,
  value: Value,
): { text: string; isNumber: boolean } {
  if (typeof value === 'bigint') {
    if (!/^[dv]$/.test(verb) || precision !== null) throw new Unrendered()
    return { text: String(value), isNumber: true }
  }
  if (typeof value === 'number') {
    const by = { f: fixed, F: fixed, e: exponential }[verb]
    if (by) return { text: by(value, precision ?? 6), isNumber: true }
    if (!/^[gv]$/.test(verb)) throw new Unrendered()
    return { text: general(value, precision), isNumber: true }
  }
  const whole = textOf(value)
  const text = precision === null ? whole : [...whole].slice(0, precision).join('')
  if (verb === 's' || verb === 'v') return { text, isNumber: false }
  // Go and JSON write these in the same way.
  if (verb !== 'q' || /[^\P{C}\n\t\r]/u.test(text)) throw new Unrendered()
  return { text: JSON.stringify(text), isNumber: false }
}

function padded(
  { text, isNumber }: { text: string; isNumber: boolean },
  flags: string,
  width: number,
): string {
  if (!isNumber && /[+0]/.test(flags)) throw new Unrendered()
  const signed = flags.includes('+') && !/^[-+]/.test(text) ? `+${text}` : text
  const missing = Math.max(0, width - [...signed].length)
  if (flags.includes('-')) return signed + ' '.repeat(missing)
  if (!flags.includes('0') || /[IN]/.test(signed)) return ' '.repeat(missing) + signed
  return signed.replace(/^[-+]?/, (sign) => sign + '0'.repeat(missing))
}
