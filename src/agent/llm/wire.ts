import { type Answer, answerIn } from './answer/answer.ts'
import { RefusedWithin } from './answer/said.ts'
import { type Adjustment, adjusted } from './refusal/adjust.ts'

/** Knowledge about a server and its model, from its answers and refusals. */
export interface Endpoint {
  adjustments: Set<Adjustment>
  /** null: it has not told. */
  contextTokens: number | null
  maxOutputTokens: number | null
  /** Whether it was asked for its window. */
  asked: boolean
}

const endpoints = new Map<string, Endpoint>()

/** The same for everybody in this process who asks that server for that model. */
export function endpoint(baseUrl: string, model: string): Endpoint {
  const key = `${baseUrl} ${model}`
  const known = endpoints.get(key)
  if (known) return known
  const fresh: Endpoint = { adjustments: new Set(), contextTokens: null, maxOutputTokens: null, asked: false }
  endpoints.set(key, fresh)
  return fresh
}

/** Something answered that is no model server. */
export class WrongAnswer extends Error {
  override name = 'WrongAnswer'
}

/** Status 200, and nothing in it. */
export class EmptyAnswer extends Error {
  override name = 'EmptyAnswer'
}

export interface WireOptions {
  endpoint: Endpoint
  /** A call of a tool is demanded. */
  mustCall?: boolean
  /** Something came; `saysSomething`: more than a comment that keeps the connection. */
  alive?(saysSomething: boolean): void
  /** Reports a defect of an answer that was repaired. */
  remark?(text: string): void
  /** The answer is incomplete, and why. Its beginning is passed on, since the first event may say what it cost. */
  broke?(error: unknown): void
}

/** Larger than any answer of a model. Reading stops here if a server does not stop sending. */
const maxAnswerBytes = 32 * 1024 * 1024

/**
 * The way to a server and back, for the SDK in place of fetch. Out: the request in the form that this server takes. Back: the
 * whole answer is read before any of it is passed on, so that what is no answer is told apart: a page of HTML, an error
 * with status 200, an empty body, one whole answer where a stream was wanted, every event twice.
 */
export function wire(options: WireOptions): typeof fetch {
  return async (input, init) => {
    const body = bodyOf(init?.body)
    if (!body) return await fetch(input, init)
    const wantsStream = body.stream === true
    const sent = adjusted(body, options.endpoint.adjustments, options.mustCall ?? false)
    const response = await fetch(input, { ...init, body: JSON.stringify(sent) })
    options.alive?.(true)
    if (!response.ok) return response
    const { text, broken } = await readAll(response, options)
    const answer = answerIn(text, { wantsStream, isBroken: broken !== null })
    return replaced(response, answer, broken, String(input), options)
  }
}

function bodyOf(body: unknown): Record<string, unknown> | null {
  return typeof body === 'string' ? (JSON.parse(body) as Record<string, unknown>) : null
}

async function readAll(
  response: Response,
  { alive }: WireOptions,
): Promise<{ text: string; broken: unknown }> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  try {
    for await (const chunk of response.body ?? []) {
      const part = decoder.decode(chunk, { stream: true })
      text += part
      bytes += chunk.length
      alive?.(/^(?!:)\S/m.test(part))
      if (bytes > maxAnswerBytes) throw new Error(`the answer is longer than ${maxAnswerBytes} bytes`)
    }
    return { text: text + decoder.decode(), broken: null }
  } catch (error) {
    return { text, broken: error }
  }
}

function replaced(
  response: Response,
  answer: Answer,
  broken: unknown,
  url: string,
  { remark, broke }: WireOptions,
): Response {
  switch (answer.kind) {
    case 'whole':
      if (broken) throw broken
      return new Response(answer.text, { headers: { 'content-type': 'application/json' } })
    case 'events': {
      if (answer.doubled) remark?.('the server sent every event of its answer twice; each was taken once')
      const error = answer.refused ? new RefusedWithin(answer.refused) : broken
      if (error && !broke) throw error
      if (error) broke?.(error)
      return new Response(answer.text, { headers: { 'content-type': 'text/event-stream' } })
    }
    case 'refused':
      throw new RefusedWithin(answer.body)
    case 'page':
      throw new WrongAnswer(
        `a web page came back from ${url}${answer.title ? ` (${JSON.stringify(answer.title)})` : ''}: check the base URL, which for most servers ends in /v1`,
      )
    case 'empty':
      if (broken) throw broken
      throw new EmptyAnswer(`${url} answered with status ${response.status} and an empty body`)
    case 'garbage':
      if (broken) throw broken
      throw new Error(
        `what came back from ${url} is no answer of a model: ${JSON.stringify(answer.text.slice(0, 200))}`,
      )
    default:
      return answer satisfies never
  }
}
