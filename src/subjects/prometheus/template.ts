/** What a template of a rule's label or annotation is rendered with. */
export interface Scope {
  labels: Readonly<Record<string, string>>
  value: number
  externalLabels?: Readonly<Record<string, string>>
}

type Value = string | number | Readonly<Record<string, string>>

/**
 * Renders what rules usually have: `{{ $labels.x }}`, `{{ $value }}`, strings, numbers, and calls and pipes of the functions below
 * (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/). An action that is none of these, such as
 * `range` or `query`, is left as it stands.
 */
export function render(template: string, scope: Scope): string {
  return template.replaceAll(/\{\{-?\s*(.*?)\s*-?\}\}/gs, (whole, action: string) => {
    const value = evaluate(action, scope)
    return value === null ? whole : textOf(value)
  })
}

const tokenPattern =
  /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(\$?[\w.]*[A-Za-z_][\w.]*|\$)|([|()]))/gy

function evaluate(action: string, scope: Scope): Value | null {
  const tokens: string[] = []
  tokenPattern.lastIndex = 0
  let end = 0
  for (let match = tokenPattern.exec(action); match; match = tokenPattern.exec(action)) {
    tokens.push(match[0].trim())
    end = tokenPattern.lastIndex
  }
  if (action.slice(end).trim() !== '' || tokens.length === 0) return null
  try {
    const reader = { tokens, at: 0 }
    const value = pipeline(reader, scope)
    return reader.at === tokens.length ? value : null
  } catch (error) {
    if (error instanceof Unrendered) return null
    throw error
  }
}

class Unrendered extends Error {}

interface Reader {
  tokens: string[]
  at: number
}

function pipeline(reader: Reader, scope: Scope): Value {
  let value = command(reader, scope)
  while (reader.tokens[reader.at] === '|') {
    reader.at++
    value = command(reader, scope, value)
  }
  return value
}

/** One value, or a function with its arguments; `piped` is the last of them. */
function command(reader: Reader, scope: Scope, piped?: Value): Value {
  const [first, ...given] = operands(reader, scope)
  const more = piped === undefined ? [] : [piped]
  if (typeof first === 'function') return first(...given, ...more)
  if (first === undefined || given.length + more.length > 0) throw new Unrendered()
  return first
}

function operands(reader: Reader, scope: Scope): (Value | Call)[] & { slice: unknown } {
  const all: (Value | Call)[] = []
  for (;;) {
    const token = reader.tokens[reader.at]
    if (token === undefined || token === '|' || token === ')') break
    reader.at++
    if (token === '(') {
      all.push(pipeline(reader, scope))
      if (reader.tokens[reader.at++] !== ')') throw new Unrendered()
    } else all.push(operand(token, scope))
  }
  return all as never
}

function operand(token: string, { labels, value, externalLabels = {} }: Scope): Value | Call {
  if (token.startsWith('"')) return unquoted(token)
  if (token.startsWith('`')) return token.slice(1, -1)
  if (/^-?\d/.test(token)) return Number(token)
  if (token === '$value' || token === '.Value') return value
  for (const [names, map] of [
    [['$labels', '.Labels'], labels],
    [['$externalLabels', '.ExternalLabels'], externalLabels],
  ] as const)
    for (const name of names) {
      if (token === name) return map
      if (token.startsWith(`${name}.`)) return map[token.slice(name.length + 1)] ?? ''
    }
  const call = Object.hasOwn(functions, token) ? functions[token] : undefined
  if (call) return call
  throw new Unrendered()
}

function unquoted(token: string): string {
  try {
    return String(JSON.parse(token))
  } catch {
    throw new Unrendered() // an escape that only Go has
  }
}

type Call = (...given: (Value | Call)[]) => Value

const text = (value: Value | Call | undefined): string => {
  if (typeof value !== 'string') throw new Unrendered()
  return value
}
const number = (value: Value | Call | undefined): number => {
  const found = typeof value === 'string' ? Number(value) : value
  if (typeof found !== 'number') throw new Unrendered()
  return found
}

const functions: Record<string, Call> = {
  humanize: (v) => humanized(number(v), 1_000, ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']),
  humanize1024: (v) => humanized(number(v), 1_024, ['', 'ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']),
  humanizeDuration: (v) => duration(number(v)),
  humanizePercentage: (v) => `${significant(number(v) * 100)}%`,
  humanizeTimestamp: (v) =>
    `${new Date(number(v) * 1_000).toISOString().replace('T', ' ').replace('Z', '')} +0000 UTC`,
  title: (v) => text(v).replace(/(^|\s)\p{Ll}/gu, (letter) => letter.toUpperCase()),
  toUpper: (v) => text(v).toUpperCase(),
  toLower: (v) => text(v).toLowerCase(),
  reReplaceAll: (pattern, by, v) => text(v).replaceAll(regularExpression(text(pattern)), text(by)),
  printf: (format, ...given) => printf(text(format), given),
  print: (...given) => given.map((one) => textOf(one as Value)).join(''),
  stripPort: (v) => text(v).replace(/:\d+$/, ''),
  stripDomain: (v) => text(v).replace(/\..*?(:\d+)?$/, '$1'),
  toTime: (v) => number(v),
  value: (v) => number(v),
}

function regularExpression(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'g')
  } catch {
    throw new Unrendered() // RE2 has forms that JavaScript has not
  }
}

/** As Go's `%.4g`. */
function significant(value: number): string {
  if (!Number.isFinite(value)) return special(value)
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  if (exponent < -4 || exponent >= 4)
    return value
      .toExponential(3)
      .replace(/\.?0+e/, 'e')
      .replace(/e([+-])(\d)$/, 'e$10$2')
  return String(Number(value.toPrecision(4)))
}

const special = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf')

function humanized(value: number, base: number, units: readonly string[]): string {
  if (value === 0 || !Number.isFinite(value)) return significant(value)
  if (base === 1_000 && Math.abs(value) < 1) {
    const small = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y']
    let [left, unit] = [value, '']
    for (const next of small) {
      if (Math.abs(left) >= 1) break
      left *= 1_000
      unit = next
    }
    return significant(left) + unit
  }
  let [left, unit] = [value, '']
  for (const next of units.slice(1)) {
    if (Math.abs(left) < base) break
    left /= base
    unit = next
  }
  return significant(left) + unit
}

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return special(seconds)
  if (seconds === 0) return '0s'
  const [sign, size] = [seconds < 0 ? '-' : '', Math.abs(seconds)]
  if (size < 1) return `${sign + humanized(size, 1_000, [''])}s`
  const whole = Math.floor(size)
  const [d, h, m] = [Math.floor(whole / 86_400), Math.floor(whole / 3_600) % 24, Math.floor(whole / 60) % 60]
  if (d > 0) return `${sign}${d}d ${h}h ${m}m ${whole % 60}s`
  if (h > 0) return `${sign}${h}h ${m}m ${whole % 60}s`
  if (m > 0) return `${sign}${m}m ${whole % 60}s`
  return `${sign}${significant(size)}s`
}

function printf(format: string, given: (Value | Call)[]): string {
  const left = [...given]
  const said = format.replaceAll(
    /%(?:%|([-+0 #]*)(\d*)(?:\.(\d+))?([a-zA-Z]))/g,
    (whole, flags, width, digits, verb) => {
      if (whole === '%%') return '%'
      const rendered = formatted(verb, digits === undefined ? null : Number(digits), left.shift())
      const pad = String(flags).includes('0') && !String(flags).includes('-') ? '0' : ' '
      return String(flags).includes('-')
        ? rendered.padEnd(Number(width))
        : rendered.padStart(Number(width), pad)
    },
  )
  if (left.length > 0) throw new Unrendered()
  return said
}

function formatted(verb: string, digits: number | null, value: Value | Call | undefined): string {
  if (value === undefined || typeof value === 'function') throw new Unrendered()
  switch (verb) {
    case 's':
    case 'v':
      return textOf(value)
    case 'q':
      return JSON.stringify(text(value))
    case 'd':
      return String(Math.trunc(number(value)))
    case 'f':
      return Number.isFinite(number(value)) ? number(value).toFixed(digits ?? 6) : special(number(value))
    case 'e':
      return number(value)
        .toExponential(digits ?? 6)
        .replace(/e([+-])(\d)$/, 'e$10$2')
    case 'g':
      return digits === null ? textOf(number(value)) : String(Number(number(value).toPrecision(digits || 1)))
    default:
      throw new Unrendered()
  }
}

/** As Go prints it. */
function textOf(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object') {
    const pairs = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `map[${pairs.map(([name, one]) => `${name}:${one}`).join(' ')}]`
  }
  if (!Number.isFinite(value)) return special(value)
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  if (exponent < -4 || exponent >= 6) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  return String(value)
}
