import { chatChunk, isChatChunk } from '../chunk.ts'

/** Body of an answer with status 200. */
export type Answer =
  | { kind: 'events'; text: string; doubled: boolean; refused: unknown }
  | { kind: 'whole'; text: string }
  | { kind: 'refused'; body: unknown }
  | { kind: 'page'; title: string }
  | { kind: 'empty' }
  | { kind: 'garbage'; text: string }

type Json = Record<string, unknown>

/** `wantsStream`: one whole answer is passed on as a stream of events. `isBroken`: the connection ended too early. */
export function answerIn(
  text: string,
  { wantsStream, isBroken }: { wantsStream: boolean; isBroken: boolean },
): Answer {
  const blocks = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .split(/\n\n+/)
    .filter((block) => /^data:/m.test(block))
  if (blocks.length > 0) return eventsIn(blocks, isBroken && !/\n\n$/.test(text.replace(/\r\n?/g, '\n')))
  const bare = text.replace(/^:.*$/gm, '').trim()
  if (bare === '') return { kind: 'empty' }
  if (/^<(?:!doctype|html|head|body|\?xml)/i.test(bare))
    return { kind: 'page', title: /<title[^>]*>([^<]{1,200})/i.exec(bare)?.[1]?.trim() ?? '' }
  const body = jsonIn(bare)
  if (!body) return { kind: 'garbage', text: bare }
  if (isRefusal(body)) return { kind: 'refused', body }
  if (!wantsStream) return { kind: 'whole', text: bare }
  const events = asEvents(body)
  return events === null
    ? { kind: 'garbage', text: bare }
    : { kind: 'events', text: events, doubled: false, refused: null }
}

/** `isCut`: the last event did not come whole, and is passed on without its end. */
function eventsIn(blocks: readonly string[], isCut: boolean): Answer {
  const doubled = isDoubled(blocks)
  const once = doubled ? blocks.filter((_, at) => at % 2 === 0) : blocks
  const at = once.findIndex((block) => isRefusal(jsonIn(dataOf(block))))
  const refused = at === -1 ? null : jsonIn(dataOf(once[at] ?? ''))
  const kept = at === -1 ? once : once.slice(0, at)
  return {
    kind: 'events',
    text: kept
      .map((block) => `${readable(block)}\n\n`)
      .join('')
      .slice(0, isCut && at === -1 ? -2 : undefined),
    doubled,
    refused,
  }
}

/** An event of a chat in the form that the SDK reads; other events unchanged. */
function readable(block: string): string {
  const body = jsonIn(dataOf(block))
  return body && isChatChunk(body) ? `data: ${JSON.stringify(chatChunk(body))}` : block.trim()
}

const dataOf = (block: string): string =>
  [...block.matchAll(/^data: ?(.*)$/gm)].map(([, data = '']) => data).join('\n')

/**
 * Every event twice in a row, as some gateways send after a reconnection. One token may well follow itself in an answer,
 * but not each of several different ones.
 */
function isDoubled(blocks: readonly string[]): boolean {
  const events = blocks.filter((block) => !/^data: ?\[DONE\]/m.test(block))
  if (events.length < 4 || events.length % 2 === 1) return false
  const pairs = events.filter((_, at) => at % 2 === 0)
  return new Set(pairs).size > 1 && pairs.every((event, at) => event === events[2 * at + 1])
}

/** Errors within an answer have as many shapes as there are servers; an answer has choices, or content. */
function isRefusal(body: Json | null): boolean {
  if (!body) return false
  if (isFailed(body)) return true
  if (Array.isArray(body.choices)) return false
  const { error, object, type, detail } = body
  return (
    (error !== undefined && error !== null) ||
    object === 'error' ||
    type === 'error' ||
    typeof detail === 'string'
  )
}

/** OpenRouter and others send an answer whose error stands beside, or within, its choices. */
function isFailed(body: Json): boolean {
  if (typeof body.error === 'object' && body.error !== null) return true
  const [choice] = (body.choices ?? []) as { error?: unknown }[]
  return typeof choice?.error === 'object' && choice.error !== null
}

function jsonIn(text: string): Json | null {
  if (!/^\s*[[{]/.test(text)) return null
  try {
    const value = JSON.parse(text) as unknown
    const [first] = Array.isArray(value) ? (value as unknown[]) : [value]
    return typeof first === 'object' && first !== null ? (first as Json) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** A whole answer as the events of a stream; null: it is none of a protocol that we speak. */
function asEvents(body: Json): string | null {
  if (Array.isArray(body.choices)) return chatEvents(body)
  return body.type === 'message' && Array.isArray(body.content) ? messageEvents(body) : null
}

function chatEvents(body: Json): string | null {
  const chunk = chatChunk(body)
  const [choice] = chunk.choices as { delta?: { tool_calls?: object[] } }[]
  if (!choice?.delta) return null
  const calls = choice.delta.tool_calls
  if (calls) choice.delta.tool_calls = calls.map((call, index) => ({ ...call, index }))
  return `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`
}

function messageEvents(body: Json): string {
  const event = (type: string, data: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
  const { stop_reason, stop_sequence, usage } = body
  const blocks = (body.content as Json[]).flatMap((block, index) => [
    event('content_block_start', { index, content_block: emptied(block) }),
    ...deltasOf(block).map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ])
  return [
    event('message_start', { message: { ...body, content: [], stop_reason: null } }),
    ...blocks,
    event('message_delta', {
      delta: { stop_reason, stop_sequence: stop_sequence ?? null },
      usage: usage ?? {},
    }),
    event('message_stop', {}),
  ].join('')
}

const emptied = (block: Json): Json => ({
  ...block,
  ...(block.type === 'text' && { text: '' }),
  ...(block.type === 'thinking' && { thinking: '', signature: '' }),
  ...(block.type === 'tool_use' && { input: {} }),
})

function deltasOf({ type, text, thinking, signature, input }: Json): Json[] {
  switch (type) {
    case 'text':
      return [{ type: 'text_delta', text }]
    case 'thinking':
      return [
        { type: 'thinking_delta', thinking },
        ...(signature ? [{ type: 'signature_delta', signature }] : []),
      ]
    case 'tool_use':
      return [{ type: 'input_json_delta', partial_json: JSON.stringify(input ?? {}) }]
    default:
      return []
  }
}
