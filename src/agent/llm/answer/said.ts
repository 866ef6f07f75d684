/** The message of a refusal, whatever shape the server's answer has. */
export interface Said {
  /** null: none came, or the refusal stood within an answer of status 200. */
  status: number | null
  /** Every text and number of the body with its key, a line each: `error.code: context_length_exceeded`. */
  text: string
  headers: Record<string, string>
  /** Names of the options at the top of the request, where that is known. */
  sent: readonly string[]
}

/** An error that the wire found in an answer of status 200. */
export class RefusedWithin extends Error {
  override name = 'RefusedWithin'
  readonly body: unknown
  constructor(body: unknown) {
    super(briefly(flattened(body)))
    this.body = body
  }
}

interface ApiError {
  statusCode?: number
  responseHeaders?: Record<string, string>
  responseBody?: string
  requestBodyValues?: unknown
  data?: unknown
  message?: string
}

const maxDepth = 8
const maxChars = 20_000

/** The first error in the chain of causes that carries an answer of the server; null: no server answered at all. */
export function saidIn(error: unknown): Said | null {
  for (let current = error, depth = 0; current && depth < maxDepth; depth++) {
    if (typeof current !== 'object') return null
    if (current instanceof RefusedWithin)
      return { status: statusIn(current.body), text: flattened(current.body), headers: {}, sent: [] }
    const api = current as ApiError
    if (typeof api.statusCode === 'number' && api.statusCode >= 400) {
      const body = api.responseBody?.trim() ? parsed(api.responseBody) : (api.data ?? api.message ?? '')
      const sent = typeof api.requestBodyValues === 'object' ? Object.keys(api.requestBodyValues ?? {}) : []
      return { status: api.statusCode, text: flattened(body), headers: api.responseHeaders ?? {}, sent }
    }
    // An error object that a stream carried, as the SDK passes it on.
    if (!(current instanceof Error))
      return { status: statusIn(current), text: flattened(current), headers: {}, sent: [] }
    current = current.cause
  }
  return null
}

/** Its own words for a person, on one line. */
export function briefly(text: string, maxLength = 300): string {
  const message = /(?:^|\n)[\w.[\]]*(?:message|detail|error|msg)\w*: (.+)/i.exec(text)?.[1] ?? text
  const line = message.replace(/\s+/g, ' ').trim()
  return line.length > maxLength ? `${line.slice(0, maxLength)}...` : line
}

function flattened(body: unknown): string {
  const lines: string[] = []
  const add = (value: unknown, key: string, depth: number): void => {
    if (depth > maxDepth || lines.length > 200) return
    if (typeof value === 'string') {
      const inner = /^\s*[[{]/.test(value) ? parsed(value) : value
      if (typeof inner === 'object') add(inner, key, depth + 1)
      else lines.push(key === '' ? withoutTags(value) : `${key}: ${withoutTags(value)}`)
    } else if (typeof value === 'number' || typeof value === 'boolean') lines.push(`${key}: ${value}`)
    else if (typeof value === 'object' && value !== null)
      for (const [name, part] of Object.entries(value))
        add(part, key === '' ? name : `${key}.${name}`, depth + 1)
  }
  add(body, '', 0)
  return lines.join('\n').slice(0, maxChars)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}

/** A gateway's page of HTML in words. */
const withoutTags = (text: string): string =>
  /^\s*<(?:!doctype|html|head|body|center|h1)\b/i.test(text)
    ? text
        .slice(0, maxChars)
        .replace(/<(?:style|script)\b[\s\S]*?<\/(?:style|script)>/gi, '')
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim()
    : text

/** Gateways put the status of the server behind them into the body. */
function statusIn(body: unknown): number | null {
  const status = /(?:^|\n)[\w.]*(?:code|status|status_?code): ?(\d{3})(?=\n|$)/i.exec(flattened(body))?.[1]
  return status && Number(status) >= 400 ? Number(status) : null
}
