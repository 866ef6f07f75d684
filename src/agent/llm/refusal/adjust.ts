import { createHash } from 'node:crypto'
import type { Said } from '../answer/said.ts'

/**
 * Changes to requests to one server. Each is learned once, from a refusal that names the reason, and kept for
 * that server as long as this process lives.
 */
export type Adjustment =
  /** A whole answer in place of a stream. */
  | 'at once'
  | 'max_completion_tokens'
  /** Forcing a call by naming the tool, where `required` is not known. */
  | 'named tool choice'
  /** `""` where the content beside calls is null. */
  | 'empty content'
  /** Instructions as the beginning of the first message. */
  | 'no system role'
  | 'alternating roles'
  /** Put text that follows a tool's output into that output. */
  | 'no user after tool'
  /** Nine letters or digits. */
  | 'short call ids'
  | 'no reasoning'
  | 'no thinking'
  | 'no cache marks'
  | `without ${string}`

/** Words for what a server does not take. They decide only beside a name of ours. */
const refuses =
  /unsupported|n[o']t (?:yet |currently )?(?:be )?(?:support|allow|permit|available|implement|valid|recogni|accept)|unknown|unrecogni[sz]ed|unexpected|extra (?:inputs?|fields?|keys?)|additional propert|invalid|no longer|deprecated|only (?:the default|support|accept|valid)|must (?:not )?be|should be|should match|cannot|forbidden|requires?|no such (?:option|field|parameter)|not a valid/i

interface Rule {
  words: RegExp
  /** The first of them that requests do not have yet. */
  adjustments: readonly Adjustment[]
}

const rules: readonly Rule[] = [
  { words: /max_completion_tokens/, adjustments: ['max_completion_tokens'] },
  { words: /stream_options|include_usage/i, adjustments: ['without stream_options'] },
  { words: /tool.?choice/i, adjustments: ['named tool choice', 'without tool_choice'] },
  {
    words: /reasoning_content|property 'reasoning'|\breasoning\b.{0,40}(?:message|assistant)/i,
    adjustments: ['no reasoning'],
  },
  { words: /cache_control|cachePoint/, adjustments: ['no cache marks'] },
  { words: /thinking|signature/i, adjustments: ['no thinking'] },
  { words: /tool.?call.?id.{0,120}(?:length|\b9\b|a-z)/is, adjustments: ['short call ids'] },
  {
    words: /after role '?"?tool|user.{0,30}(?:after|follow).{0,30}tool|expected last role/i,
    adjustments: ['no user after tool', 'alternating roles'],
  },
  {
    words: /alternat|roles? must|consecutive|same role/i,
    adjustments: ['alternating roles', 'no user after tool'],
  },
  {
    words:
      /system (?:role|message|prompt|instruction)|role.{0,60}\bsystem\b|\bsystem\b.{0,40}role|'developer'/i,
    adjustments: ['no system role'],
  },
  { words: /stream/i, adjustments: ['at once'] },
]

/** A null where a text is wanted: validators say so in many ways, some without the name of the field. */
const nullContent =
  /none is not an allowed value|nonetype|validation errors?\b|content.{0,100}(?:null|none|valid string|required|missing|a string|must not be empty|invalid type)|(?:null|none).{0,80}content|input should be a valid string/is

const notOptions = ['model', 'messages', 'tools', 'stream', 'system']

/** The change that a refusal asks for; null: it names none that is possible. */
export function adjustmentFor(
  { text: whole, sent }: Said,
  known: ReadonlySet<Adjustment>,
): Adjustment | null {
  // The kind of an error is `invalid_request_error` for whatever was wrong.
  const text = whole.replace(/invalid_(?:request|argument|parameter)\w*/gi, '')
  const wanted = (adjustments: readonly Adjustment[]) =>
    adjustments.find((adjustment) => !known.has(adjustment)) ?? null
  if (refuses.test(text))
    for (const { words, adjustments } of rules) {
      const found = words.test(text) ? wanted(adjustments) : null
      if (found) return found
    }
  if (nullContent.test(text) && wanted(['empty content'])) return 'empty content'
  if (/alternat|after role/i.test(text)) return wanted(['alternating roles', 'no user after tool'])
  const option = sent.find(
    (name) => !notOptions.includes(name) && new RegExp(`\\b${name}\\b`, 'i').test(text),
  )
  return option && refuses.test(text) ? wanted([`without ${option}`]) : null
}

type Json = Record<string, unknown>

/** A request's body in the form that the server takes; `mustCall`: the tool whose call is demanded. */
export function adjusted(body: Json, known: ReadonlySet<Adjustment>, mustCall: boolean): Json {
  const changed: Json = { ...body }
  if (mustCall) changed.tool_choice = demand(changed, known.has('named tool choice'))
  if (known.has('at once')) {
    changed.stream = false
    delete changed.stream_options
  }
  if (known.has('max_completion_tokens') && changed.max_tokens !== undefined) {
    changed.max_completion_tokens = changed.max_tokens
    delete changed.max_tokens
  }
  if (known.has('no thinking')) delete changed.thinking
  if (Array.isArray(body.messages)) changed.messages = messagesFor(body.messages as Json[], known)
  for (const adjustment of known)
    if (adjustment.startsWith('without ')) delete changed[adjustment.slice('without '.length)]
  return known.has('no cache marks') ? (withoutKey(changed, 'cache_control') as Json) : changed
}

/** Anthropic's tools have their name at the top. */
function demand({ tools, tool_choice: free }: Json, named: boolean): unknown {
  const [first] = Array.isArray(tools) ? (tools as { name?: string; function?: { name?: string } }[]) : []
  if (!first) return free
  if (first.name !== undefined) return { type: 'any' }
  return named ? { type: 'function', function: { name: first.function?.name } } : 'required'
}

function messagesFor(messages: readonly Json[], known: ReadonlySet<Adjustment>): Json[] {
  let all = messages.map((message) => ({ ...message }))
  if (known.has('empty content')) for (const message of all) message.content ??= ''
  if (known.has('no reasoning'))
    for (const message of all) {
      delete message.reasoning_content
      delete message.reasoning
    }
  if (known.has('no thinking')) all = all.map(withoutThinking).filter(({ content }) => !isEmptyList(content))
  if (known.has('short call ids')) all = all.map(withShortIds)
  if (known.has('no system role'))
    all = all.map((message) => (message.role === 'system' ? { ...message, role: 'user' } : message))
  if (known.has('no user after tool'))
    all = joined(all, (before, message) => before.role === 'tool' && message.role === 'user')
  // An instruction that became a user's words stands beside the first message.
  if (known.has('alternating roles') || known.has('no system role'))
    all = joined(all, (before, message) => before.role === message.role && message.role === 'user')
  return all
}

/** Neighbours become one message where `belong` says so. Texts only: others are left alone. */
function joined(messages: readonly Json[], belong: (before: Json, message: Json) => boolean): Json[] {
  const all: Json[] = []
  for (const message of messages) {
    const before = all.at(-1)
    if (
      before &&
      belong(before, message) &&
      typeof before.content === 'string' &&
      typeof message.content === 'string'
    )
      all[all.length - 1] = { ...before, content: `${before.content}\n\n${message.content}` }
    else all.push(message)
  }
  return all
}

const isThinking = (part: unknown): boolean =>
  typeof part === 'object' && part !== null && /thinking$/.test(String((part as Json).type))

const withoutThinking = (message: Json): Json =>
  Array.isArray(message.content)
    ? { ...message, content: message.content.filter((part) => !isThinking(part)) }
    : message

const isEmptyList = (content: unknown): boolean => Array.isArray(content) && content.length === 0

function withShortIds(message: Json): Json {
  const calls = message.tool_calls as Json[] | undefined
  return {
    ...message,
    ...(calls && { tool_calls: calls.map((call) => ({ ...call, id: shortId(String(call.id)) })) }),
    ...(message.tool_call_id !== undefined && { tool_call_id: shortId(String(message.tool_call_id)) }),
  }
}

const shortId = (id: string): string =>
  /^[a-zA-Z0-9]{9}$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 9)

function withoutKey(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((part) => withoutKey(part, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) => (name === key ? [] : [[name, withoutKey(part, key)]])),
  )
}
