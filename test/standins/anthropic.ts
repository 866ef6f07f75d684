import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { defects } from './anthropic-rules.ts'
import { type Mishap, mishap, type Recorded, type Standin, sendEvents, standin } from './server.ts'

export type Block =
  | { text: string }
  | { thinking: string }
  /** `input` as a string is sent as it stands, also when it is not JSON. */
  | { tool: string; input: object | string; id?: string }

/** An answer of the model; the blocks arrive as the provider would stream them. */
export interface Answer {
  blocks: Block[]
  stop?: 'end_turn' | 'tool_use' | 'max_tokens' | 'refusal' | 'model_context_window_exceeded'
  /** Overrides what is counted from the texts (four characters a token) and the simulated cache. */
  usage?: {
    input_tokens?: number
    output_tokens?: number
    cache_read_input_tokens?: number
    cache_creation_input_tokens?: number
  }
  /** Every event twice. */
  doubled?: boolean
  /** The connection breaks after that many events. */
  cutAfter?: number
  /** The stream ends in good order after that many events, without `message_stop`. */
  endAfter?: number
  /** An `overloaded_error` event after that many events, as the provider sends when it drops a running answer. */
  errorAfter?: number
  dripMs?: number
}

export type Reply = Answer | Mishap
export type Script = readonly Reply[] | ((request: MessagesRequest, index: number) => Reply)

export const say = (text: string): Answer => ({ blocks: [{ text }] })
export const run = (command: string, reasoning = `why ${command}`): Answer => ({
  blocks: [{ tool: 'shell', input: { command, reasoning } }],
})

export interface MessagesRequest {
  model: string
  max_tokens: number
  stream?: boolean
  system: SystemBlock[]
  messages: Message[]
  tools?: { name: string; input_schema: object }[]
  tool_choice?: { type: string }
  thinking?: { type?: string; display?: string }
}
export interface SystemBlock {
  type: 'text'
  text: string
  cache_control?: object
}
export interface Message {
  role: 'user' | 'assistant'
  content: Part[]
}
export interface Part {
  type: string
  text?: string
  thinking?: string
  signature?: string
  id?: string
  name?: string
  input?: unknown
  tool_use_id?: string
  content?: unknown
  is_error?: boolean
  cache_control?: object
}

const tokens = (value: unknown): number => Math.ceil(JSON.stringify(value).length / 4)

/** Everything before a place, without cache marks: what caches and thinking signatures are bound to. */
const bare = (request: MessagesRequest, messages: readonly Message[]): string =>
  JSON.stringify([request.system, request.tools, messages], (key, value) =>
    key === 'cache_control' ? undefined : value,
  )
const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The signature a thinking block gets: newer models refuse it after another history (`bound to a different ...`). */
export const signatureFor = (request: MessagesRequest, messages: readonly Message[]): string =>
  hash(bare(request, messages))

/** Speaks the Messages protocol with streaming, as strict as the provider, by a script. */
export async function anthropicStandin(script: Script): Promise<Standin<MessagesRequest>> {
  const cache = new Set<string>()
  let index = 0
  return await standin<MessagesRequest>('/v1/messages', async (request, response) => {
    const defect = defects(request as Recorded<MessagesRequest>)
    const next = typeof script === 'function' ? script(request.body, index) : script[index]
    const reply: Reply = defect
      ? { status: 400, message: defect }
      : (next ?? { status: 400, message: 'script is over' })
    index++
    if (mishap(reply, response, errorBody)) return
    const answer = reply as Answer
    if (!request.body.stream) return answerAtOnce(request.body, answer, cache, response)
    let events = stream(request.body, answer, cache)
    if (answer.endAfter !== undefined) events = events.slice(0, answer.endAfter)
    if (answer.errorAfter !== undefined)
      events = [...events.slice(0, answer.errorAfter), event('error', errorBody(529, 'Overloaded'))]
    await sendEvents(response, events, answer)
  })
}

const errorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}
const errorBody = (status: number, message: string) => ({
  type: 'error',
  error: { type: errorTypes[status] ?? 'api_error', message },
})

const event = (type: string, data: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`

/** Counts as the provider does: what a cache mark covered before is read, what it covers now is written. */
function inputUsage(request: MessagesRequest, cache: Set<string>) {
  const total = tokens([request.system, request.messages])
  let [read, marked] = [0, 0]
  request.messages.forEach((message, at) => {
    if (!message.content.some((part) => part.cache_control)) return
    const upTo = request.messages.slice(0, at + 1)
    const key = hash(bare(request, upTo))
    marked = tokens([request.system, upTo])
    if (cache.has(key)) read = marked
    cache.add(key)
  })
  return {
    input_tokens: total - marked,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: marked - read,
  }
}

function stream(request: MessagesRequest, answer: Answer, cache: Set<string>): string[] {
  const hasTool = answer.blocks.some((block) => 'tool' in block)
  const stop = answer.stop ?? (hasTool ? 'tool_use' : 'end_turn')
  const input = { ...inputUsage(request, cache), ...answer.usage }
  const signature = signatureFor(request, request.messages)
  const message = {
    id: `msg_${cache.size}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...input, output_tokens: 1 },
  }
  return [
    event('message_start', { message }),
    event('ping', {}),
    ...answer.blocks.flatMap((block, at) => blockEvents(block, at, signature)),
    event('message_delta', {
      delta: {
        stop_reason: stop,
        stop_sequence: null,
        ...(stop === 'refusal' && {
          stop_details: { type: 'refusal', category: 'cyber', explanation: 'Not allowed.' },
        }),
      },
      usage: { output_tokens: answer.usage?.output_tokens ?? tokens(answer.blocks) },
    }),
    event('message_stop', {}),
  ]
}

/** For requests without streaming. */
function answerAtOnce(
  request: MessagesRequest,
  answer: Answer,
  cache: Set<string>,
  response: ServerResponse,
): void {
  const content = answer.blocks.flatMap((block) =>
    'text' in block ? [{ type: 'text', text: block.text }] : [],
  )
  const usage = { ...inputUsage(request, cache), output_tokens: tokens(answer.blocks), ...answer.usage }
  const whole = { id: 'msg_whole', type: 'message', role: 'assistant', model: request.model, content, usage }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ ...whole, stop_reason: answer.stop ?? 'end_turn', stop_sequence: null }))
}

let ids = 0

function blockEvents(block: Block, index: number, signature: string): string[] {
  const start = (content_block: object) => event('content_block_start', { index, content_block })
  const delta = (delta: object) => event('content_block_delta', { index, delta })
  const stop = event('content_block_stop', { index })
  // In two halves: whoever acts before the block is complete acts on half a command.
  const halves = (text: string) => [text.slice(0, text.length / 2), text.slice(text.length / 2)]
  if ('text' in block) {
    const parts = halves(block.text).map((text) => delta({ type: 'text_delta', text }))
    return [start({ type: 'text', text: '' }), ...parts, stop]
  }
  if ('thinking' in block) {
    const parts = halves(block.thinking).map((thinking) => delta({ type: 'thinking_delta', thinking }))
    const signed = delta({ type: 'signature_delta', signature })
    return [start({ type: 'thinking', thinking: '', signature: '' }), ...parts, signed, stop]
  }
  const json = typeof block.input === 'string' ? block.input : JSON.stringify(block.input)
  const parts = halves(json).map((partial_json) => delta({ type: 'input_json_delta', partial_json }))
  const id = block.id ?? `toolu_${++ids}`
  return [start({ type: 'tool_use', id, name: block.tool, input: {} }), ...parts, stop]
}
