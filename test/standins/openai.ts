import type { ServerResponse } from 'node:http'
import { type Mishap, mishap, type Recorded, type Standin, sendEvents, standin } from './server.ts'

export interface ChatAnswer {
  text?: string
  reasoning?: string
  /** `input` as a string is sent as it stands, also when it is not JSON. */
  tools?: { name: string; input: object | string; id?: string }[]
  /** Some servers send an empty one. */
  stop?: 'stop' | 'tool_calls' | 'length' | 'content_filter' | ''
  /** Overrides what is counted, four characters a token; null: the server does not count. */
  usage?: { prompt_tokens: number | null; completion_tokens: number | null } | null
  /** One whole answer, whether a stream was wanted or not. */
  atOnce?: boolean
  /** Raw events before the answer: comments that keep the connection. */
  before?: string[]
  /** Every event twice. */
  doubled?: boolean
  cutAfter?: number
  dripMs?: number
}
export type ChatReply = ChatAnswer | Mishap
export type ChatScript = readonly ChatReply[] | ((request: ChatRequest, index: number) => ChatReply)

export interface ChatRequest {
  model: string
  stream?: boolean
  max_tokens?: number
  max_completion_tokens?: number
  tool_choice?: unknown
  stream_options?: { include_usage?: boolean }
  messages: ChatMessage[]
  tools?: { type: string; function: { name: string } }[]
}
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string | null
  reasoning_content?: string
  tool_call_id?: string
  tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[]
}

/** `places`: what the server tells of itself, by path. */
export interface ChatOptions {
  places?: Record<string, unknown>
  /** Takes also what strict servers refuse; the script refuses by itself. */
  lax?: boolean
}

/** Speaks chat completions with streaming, as local servers do, by a script. */
export async function openaiStandin(
  script: ChatScript,
  { places = {}, lax = false }: ChatOptions = {},
): Promise<Standin<ChatRequest>> {
  let index = 0
  const answer = async (request: Recorded<ChatRequest>, response: ServerResponse) => {
    const defect = lax ? null : defects(request)
    const next = typeof script === 'function' ? script(request.body, index) : script[index]
    const over = { status: 400, message: 'script is over' }
    const reply: ChatReply = defect ? { status: 400, message: defect } : (next ?? over)
    index++
    const errorBody = (_status: number, message: string) => ({
      error: { message, type: 'invalid_request_error', param: null, code: null },
    })
    if (mishap(reply, response, errorBody)) return
    const said = reply as ChatAnswer
    if (said.atOnce || !request.body.stream) return answerAtOnce(request.body, said, response)
    await sendEvents(response, [...(said.before ?? []), ...stream(request.body, said)], said)
  }
  return await standin<ChatRequest>('/v1/chat/completions', answer, places)
}

function answerAtOnce(request: ChatRequest, answer: ChatAnswer, response: ServerResponse): void {
  const calls = (answer.tools ?? []).map(({ name, input, id }) => ({
    id: id ?? `call_${++ids}`,
    type: 'function',
    function: { name, arguments: typeof input === 'string' ? input : JSON.stringify(input) },
  }))
  const message = {
    role: 'assistant',
    content: answer.text ?? null,
    ...(calls.length > 0 && { tool_calls: calls }),
  }
  const finish_reason = answer.stop ?? (calls.length > 0 ? 'tool_calls' : 'stop')
  const usage = usageOf(request, answer)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: request.model,
      choices: [{ index: 0, message, finish_reason }],
      ...(usage && { usage }),
    }),
  )
}

function usageOf({ messages }: ChatRequest, { usage }: ChatAnswer): object | null {
  if (usage !== undefined) return usage
  return {
    prompt_tokens: Math.ceil(JSON.stringify(messages).length / 4),
    completion_tokens: 20,
    total_tokens: 0,
  }
}

function defects({ body }: Recorded<ChatRequest>): string | null {
  if (!body.model) return 'you must provide a model parameter'
  if (body.messages[0]?.role !== 'system') return 'system: expected first in every request of ours'
  let open: string[] = []
  for (const [at, message] of body.messages.entries()) {
    if (message.role === 'tool') {
      if (!open.includes(message.tool_call_id ?? ''))
        return `messages.${at}: tool message without its tool call`
      open = open.filter((id) => id !== message.tool_call_id)
      continue
    }
    if (open.length > 0) return `messages.${at}: tool_call_ids did not have response messages: ${open}`
    for (const call of message.tool_calls ?? []) {
      open.push(call.id)
      try {
        JSON.parse(call.function.arguments)
      } catch (error) {
        return `messages.${at}: arguments of ${call.id} are not JSON: ${error}`
      }
    }
    if (!message.content && !message.tool_calls?.length) return `messages.${at}: content must not be empty`
  }
  if (open.length > 0) return `tool_call_ids did not have response messages: ${open}`
  return body.messages.at(-1)?.role === 'assistant' ? 'the last message must not be of the assistant' : null
}

let ids = 0

function stream(request: ChatRequest, answer: ChatAnswer): string[] {
  const event = (body: object) =>
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: request.model, ...body })}\n\n`
  const delta = (delta: object, finish_reason: string | null = null) =>
    event({ choices: [{ index: 0, delta, finish_reason }] })
  const calls = (answer.tools ?? []).flatMap(({ name, input, id }, index) => {
    const json = typeof input === 'string' ? input : JSON.stringify(input)
    const [first, second] = [json.slice(0, json.length / 2), json.slice(json.length / 2)]
    const head = { index, id: id ?? `call_${++ids}`, type: 'function', function: { name, arguments: first } }
    return [
      delta({ role: 'assistant', tool_calls: [head] }),
      delta({ tool_calls: [{ index, function: { arguments: second } }] }),
    ]
  })
  const usage = usageOf(request, answer)
  return [
    ...(answer.reasoning ? [delta({ role: 'assistant', reasoning_content: answer.reasoning })] : []),
    ...(answer.text ? [delta({ role: 'assistant', content: answer.text })] : []),
    ...calls,
    delta({}, answer.stop ?? (calls.length > 0 ? 'tool_calls' : 'stop')),
    ...(request.stream_options?.include_usage && usage ? [event({ choices: [], usage })] : []),
    'data: [DONE]\n\n',
  ]
}
