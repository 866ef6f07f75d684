import { type Message, type MessagesRequest, type Part, signatureFor } from './anthropic.ts'
import type { Recorded } from './server.ts'

/** What the provider would answer 400 to, in its words as far as they are known; null when all is well. */
export function defects({ body, headers }: Recorded<MessagesRequest>): string | null {
  if (!headers['x-api-key']) return 'x-api-key: header is required'
  if (!headers['anthropic-version']) return 'anthropic-version: header is required'
  if (!Number.isInteger(body.max_tokens) || body.max_tokens < 1) return 'max_tokens: Field required'
  if (!body.model) return 'model: Field required'
  if (!body.system?.some((block) => block.text.length > 0)) return 'system: expected in every request of ours'
  return (
    surrogates(body) ??
    calls(body.messages) ??
    tooManyMarks(body) ??
    shape(body.messages) ??
    pairs(body.messages) ??
    thinking(body)
  )
}

function surrogates(body: MessagesRequest): string | null {
  const halved = /\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}/i
  return halved.test(JSON.stringify(body))
    ? 'The request body is not valid JSON: no low surrogate in string'
    : null
}

/** In the whole conversation. */
function calls(messages: readonly Message[]): string | null {
  const uses = messages.flatMap(({ content }) => content.filter(({ type }) => type === 'tool_use'))
  if (new Set(uses.map(({ id }) => id)).size !== uses.length) return 'messages: `tool_use` ids must be unique'
  const odd = uses.find(({ id = '', name = '' }) => !/^[\w-]+$/.test(id) || !/^[\w-]{1,128}$/.test(name))
  return odd ? `tool_use: String should match pattern '^[a-zA-Z0-9_-]+$': ${odd.id} ${odd.name}` : null
}

function tooManyMarks(body: MessagesRequest): string | null {
  const marked = [...body.system, ...body.messages.flatMap((message) => message.content)]
  const count = marked.filter((block) => block.cache_control).length
  return count > 4 ? `A maximum of 4 blocks with cache_control may be provided. Found ${count}.` : null
}

function shape(messages: readonly Message[]): string | null {
  if (messages.length === 0) return 'messages: at least one message is required'
  for (const [at, message] of messages.entries()) {
    const expected = at % 2 === 0 ? 'user' : 'assistant'
    if (message.role !== expected) return `messages.${at}: roles must alternate`
    if (!Array.isArray(message.content) || message.content.length === 0)
      return `messages.${at}: all messages must have non-empty content`
    const blank = message.content.findIndex((part) => part.type === 'text' && !part.text?.trim())
    if (blank !== -1) return `messages.${at}.content.${blank}: text content blocks must be non-empty`
  }
  const last = messages.at(-1)
  return last?.role === 'assistant' ? 'This model does not support assistant message prefill.' : null
}

function pairs(messages: readonly Message[]): string | null {
  for (const [at, message] of messages.entries()) {
    const uses = ids(message, 'tool_use', (part) => part.id)
    const results = ids(messages[at + 1], 'tool_result', (part) => part.tool_use_id)
    if (new Set(uses).size !== uses.length) return `messages.${at}: tool_use ids must be unique`
    const open = uses.filter((id) => !results.includes(id))
    if (open.length > 0)
      return `messages.${at}: tool_use ids were found without tool_result blocks immediately after: ${open}`
    const stray = results.filter((id) => !uses.includes(id))
    if (stray.length > 0)
      return `messages.${at + 1}: unexpected tool_use_id found in tool_result blocks: ${stray}`
    for (const part of message.content) {
      const isObject = typeof part.input === 'object' && part.input !== null && !Array.isArray(part.input)
      if (part.type === 'tool_use' && !isObject)
        return `messages.${at}: tool_use.input: Input should be an object`
    }
    const firstOther = message.content.findIndex((part) => part.type !== 'tool_result')
    if (firstOther !== -1 && message.content.slice(firstOther).some((part) => part.type === 'tool_result'))
      return `messages.${at}: tool_result blocks must come first`
  }
  return null
}

const ids = (message: Message | undefined, type: string, id: (part: Part) => string | undefined): string[] =>
  (message?.content ?? []).filter((part) => part.type === type).map((part) => id(part) ?? '')

/** Newer models bind each thinking block to everything before its message. */
function thinking(body: MessagesRequest): string | null {
  for (const [at, message] of body.messages.entries())
    for (const part of message.content)
      if (part.type === 'thinking' && part.signature !== signatureFor(body, body.messages.slice(0, at)))
        return `messages.${at}: thinking: The block is bound to a different conversation`
  return null
}
