import { type Call, functions, textOf, Unrendered, type Value } from './template-functions.ts'

/** Values that the template of a label or annotation can use. */
export interface Scope {
  labels: Readonly<Record<string, string>>
  value: number
}

/** Between braces: strings of either kind, comments, and anything else. A dash inside takes the white space outside with it. */
const actionPattern =
  /(?:\s*\{\{-(?=\s)|\{\{)((?:"(?:[^"\\]|\\.)*"|`[^`]*`|\/\*.*?\*\/|[^"`}]|\}(?!\}))*?)(?:\s-\}\}\s*|\}\})/gs

/**
 * Renders what rules usually have: `{{ $labels.x }}`, `{{ $value }}`, strings, numbers, and calls and pipes of functions, as
 * Prometheus does. An action that is none of these, such as `range` or `query`, is left as it stands, and so is one that
 * Prometheus cannot render either.
 */
export function render(template: string, scope: Scope): string {
  return template.replaceAll(actionPattern, (whole, inside: string) => {
    const action = inside.trim()
    if (/^\/\*.*\*\/$/s.test(action)) return ''
    const value = evaluate(action, scope)
    return value === null ? whole : textOf(value)
  })
}

const tokenPattern =
  /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]))|(\$?[\w.]*[A-Za-z_][\w.]*)|([|()]))/gy

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

function operands(reader: Reader, scope: Scope): (Value | Call)[] {
  const all: (Value | Call)[] = []
  for (;;) {
    const token = reader.tokens[reader.at]
    if (token === undefined || token === '|' || token === ')') return all
    reader.at++
    if (token === '(') {
      all.push(pipeline(reader, scope))
      if (reader.tokens[reader.at++] !== ')') throw new Unrendered()
    } else all.push(operand(token, scope))
  }
}

function operand(token: string, { labels, value }: Scope): Value | Call {
  if (token.startsWith('"')) return unquoted(token)
  if (token.startsWith('`')) return token.slice(1, -1)
  if (/^-?\d+$/.test(token)) return BigInt(token)
  if (/^-?[\d.e+-]+$/.test(token)) return Number(token)
  if (token === '$value' || token === '.Value') return value
  const [, isLabel, name] = /^(\$labels|\.Labels)(?:\.(\w+))?$/.exec(token) ?? []
  if (isLabel) return name === undefined ? labels : Object.hasOwn(labels, name) ? (labels[name] ?? '') : ''
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
