import type { AssistantModelMessage } from 'ai'
import { headAndTail } from '../../output.ts'
import type { ToolCall } from '../tool-call.ts'
import { withoutThinking } from './thinking.ts'

/** An answer as it is kept, shown and sent back. */
export interface Cleaned {
  message: AssistantModelMessage | null
  thoughts: string[]
  text: string
  calls: ToolCall[]
}

type Part = Exclude<AssistantModelMessage['content'], string>[number]

/** Longer texts of a model are no help to it, and would fill its window. */
const maxTextChars = 20_000
const maxInputChars = 20_000

/** Makes ids of calls unique for a whole session: providers refuse a conversation that has one twice. */
export function idKeeper(): (id: string) => string {
  const used = new Set<string>()
  return (id) => {
    const base = id.trim().toWellFormed() || 'call'
    let own = base
    for (let n = 2; used.has(own); n++) own = `${base}_${n}`
    used.add(own)
    return own
  }
}

/**
 * Servers refuse to get back what some of them send: blank texts, half a surrogate, one id for two calls, an input that is no
 * object, a name with spaces. `calls` are those of the answer, in its order.
 */
export function cleaned(
  answer: AssistantModelMessage | null,
  calls: readonly ToolCall[],
  uniqueId: (id: string) => string,
): Cleaned {
  const thoughts: string[] = []
  const texts: string[] = []
  const kept: ToolCall[] = []
  let next = 0
  const clean = (part: Part): Part[] => {
    switch (part.type) {
      case 'text': {
        const split = withoutThinking(part.text.toWellFormed())
        thoughts.push(...split.thoughts)
        if (split.said === '') return []
        thoughts.push(split.said)
        texts.push(split.said)
        return [{ ...part, text: headAndTail(split.said, maxTextChars) }]
      }
      case 'reasoning': {
        const thought = part.text.toWellFormed()
        if (thought.trim() !== '') thoughts.push(thought.trim())
        // Signed thinking goes back as it came, also where its text is not shown, or not at all.
        if (part.providerOptions?.anthropic !== undefined) return part.text.isWellFormed() ? [part] : []
        return thought.trim() === '' ? [] : [{ ...part, text: headAndTail(thought, maxTextChars) }]
      }
      case 'tool-call': {
        const call = calls[next++]
        if (!call) return []
        const own: ToolCall = { ...call, id: uniqueId(call.id), input: wellFormedIn(call.input) }
        kept.push(own)
        return [{ ...part, toolCallId: own.id, toolName: sendable(call.name), input: objectOf(own) }]
      }
      default:
        return []
    }
  }
  const parts: Part[] =
    answer === null
      ? []
      : typeof answer.content === 'string'
        ? [{ type: 'text', text: answer.content }]
        : answer.content
  const content = parts.flatMap(clean)
  const speaks = content.some(({ type }) => type === 'text' || type === 'tool-call')
  return {
    // An answer of nothing but thinking is none: providers refuse to get it back.
    message: answer && speaks ? { ...answer, content } : null,
    thoughts,
    text: texts.join('\n\n'),
    calls: kept,
  }
}

const sendable = (name: string): string => name.replace(/[^\w-]/g, '_').slice(0, 64) || 'unnamed'

/** A call that could not be run is shortened in the history; the reply says what was wrong with it. */
function objectOf({ input, defect }: ToolCall): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return {}
  return defect !== null && JSON.stringify(input).length > maxInputChars ? {} : input
}

function wellFormedIn(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormedIn)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key.toWellFormed(), wellFormedIn(part)]),
  )
}
