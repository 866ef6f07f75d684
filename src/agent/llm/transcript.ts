import type { AssistantModelMessage, ModelMessage, ToolModelMessage, UserModelMessage } from 'ai'
import { headAndTail } from '../output.ts'

/** Answer of the shell, or ours, to one call. */
export interface Reply {
  callId: string
  tool: string
  text: string
  isError: boolean
  /** One line for the digest: what was run and how it ended. */
  fact: string
}

/** One answer of the model and what came back. Calls and replies stay together: providers refuse one without the other. */
interface Exchange {
  answer: AssistantModelMessage | null
  replies: Reply[]
  /** Our messages after the replies. */
  remarks: string[]
}

/** A conversation that fits its window. Append-only as long as it does, which keeps caches and thinking valid. */
export interface Transcript {
  add(answer: AssistantModelMessage | null, replies: Reply[], remarks?: string[]): void
  /**
   * Shortens until it is about `targetChars` or nothing more can go: older outputs and answers first, then older exchanges,
   * at last the first message.
   */
  shrink(targetChars: number): void
  chars(): number
  /** Marked for Anthropic's prompt cache at the last two places where we spoke. */
  messages(): ModelMessage[]
}

/** The newest exchanges keep their outputs whole as long as possible. */
const keepWhole = 2
const shortChars = 600
const tinyChars = 160
const digestLines = 60
const tinyDigestLines = 5

/** `openings`: the first message, and shorter ones that may take its place. */
export function transcript(openings: readonly string[]): Transcript {
  let [opening = '', ...shorter] = openings
  let exchanges: Exchange[] = []
  let digest: string[] = []

  const chars = () =>
    opening.length + digest.join('\n').length + exchanges.reduce((sum, e) => sum + size(e), 0)

  const shorten = (count: number, maxChars: number, enough: () => boolean) => {
    for (let at = 0; at < exchanges.length - count && !enough(); at++) {
      const exchange = exchanges[at]
      if (!exchange || longest(exchange) <= maxChars * 1.2) continue
      exchange.answer = exchange.answer && shortened(exchange.answer, maxChars)
      exchange.replies = exchange.replies.map((reply) => ({
        ...reply,
        text: headAndTail(reply.text, maxChars),
      }))
      forgetThinking(exchanges.slice(at))
    }
  }

  const dropOldest = (keep: number, enough: () => boolean) => {
    while (exchanges.length > keep && !enough()) {
      const [oldest, ...rest] = exchanges
      digest = boundedDigest([...digest, ...(oldest?.replies.map((reply) => reply.fact) ?? [])])
      exchanges = rest
      forgetThinking(exchanges)
    }
  }

  return {
    chars,
    add: (answer, replies, remarks = []) => {
      exchanges.push({ answer, replies, remarks })
    },
    shrink: (targetChars) => {
      const enough = () => chars() <= targetChars
      shorten(keepWhole, shortChars, enough)
      dropOldest(keepWhole, enough)
      shorten(0, shortChars, enough)
      if (!enough()) forgetThinking(exchanges)
      dropOldest(1, enough)
      shorten(0, tinyChars, enough)
      while (shorter.length > 0 && !enough()) [opening = '', ...shorter] = shorter
      if (!enough()) digest = digest.slice(-tinyDigestLines)
      if (!enough()) dropOldest(0, enough)
    },
    messages: () => {
      const all: ModelMessage[] = [user(opening)]
      if (digest.length > 0) all.push(user(digestText(digest)))
      for (const exchange of exchanges) all.push(...render(exchange))
      return withCacheMarks(all)
    },
  }
}

const user = (content: string): UserModelMessage => ({ role: 'user', content })

const size = ({ answer, replies, remarks }: Exchange): number =>
  JSON.stringify(answer ?? '').length +
  replies.reduce((sum, { text }) => sum + text.length, 0) +
  remarks.join('').length

function render({ answer, replies, remarks }: Exchange): ModelMessage[] {
  const messages: ModelMessage[] = answer ? [answer] : []
  if (replies.length > 0) messages.push({ role: 'tool', content: replies.map(toolResult) })
  if (remarks.length > 0) messages.push(user(remarks.join('\n')))
  return messages
}

const partsOf = ({ content }: AssistantModelMessage) => (typeof content === 'string' ? [] : content)

/** The longest text of an exchange that can be shortened. */
function longest({ answer, replies }: Exchange): number {
  const said = answer
    ? partsOf(answer).map((part) => (part.type === 'text' ? part.text.length : inputOf(part).length))
    : []
  return Math.max(0, ...said, ...replies.map(({ text }) => text.length))
}

const inputOf = (part: object): string => ('input' in part ? JSON.stringify(part.input ?? '') : '')

/** Shortens an answer of the model and keeps its form: a call keeps its keys. */
function shortened(answer: AssistantModelMessage, maxChars: number): AssistantModelMessage {
  const content = partsOf(answer).map((part) => {
    if (part.type === 'text') return { ...part, text: headAndTail(part.text, maxChars) }
    if (part.type !== 'tool-call' || inputOf(part).length <= maxChars * 1.2) return part
    const input = Object.entries(part.input ?? {}).map(([key, value]) => [
      key,
      typeof value === 'string' ? headAndTail(value, maxChars) : value,
    ])
    return { ...part, input: Object.fromEntries(input) as unknown }
  })
  return { ...answer, content }
}

const toolResult = ({ callId, tool, text, isError }: Reply): ToolModelMessage['content'][number] => ({
  type: 'tool-result',
  toolCallId: callId,
  toolName: tool,
  output: { type: isError ? 'error-text' : 'text', value: text },
})

/** Thinking is signed over everything before it: after a change there, providers refuse it. */
function forgetThinking(exchanges: Exchange[]): void {
  for (const exchange of exchanges) {
    const { answer } = exchange
    if (!answer || typeof answer.content === 'string') continue
    exchange.answer = { ...answer, content: answer.content.filter((part) => part.type !== 'reasoning') }
  }
}

/** The beginning of a session says most of its cause, the end most of its state. */
function boundedDigest(lines: string[]): string[] {
  if (lines.length <= digestLines) return lines
  return [...lines.slice(0, digestLines / 3), ...lines.slice(-(digestLines - digestLines / 3))]
}

const digestText = (lines: string[]): string =>
  `Commands you ran earlier in this session, oldest first; their outputs were dropped to save room:\n${lines.join('\n')}`

/**
 * A request finds what an earlier one wrote only where that one had its mark, so the mark before the newest stays.
 * With the one on the system prompt that makes three of the four that are allowed.
 */
function withCacheMarks(messages: ModelMessage[]): ModelMessage[] {
  const ours = [...messages.keys()].filter((at) => endsOurSpeech(messages, at)).slice(-2)
  const marked = { anthropic: { cacheControl: { type: 'ephemeral' } } }
  return messages.map((message, at) =>
    ours.includes(at) ? { ...message, providerOptions: { ...message.providerOptions, ...marked } } : message,
  )
}

const endsOurSpeech = (messages: ModelMessage[], at: number): boolean =>
  messages[at]?.role !== 'assistant' && (messages[at + 1]?.role ?? 'assistant') === 'assistant'
