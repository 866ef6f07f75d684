import type { AssistantModelMessage, ModelMessage, streamText, ToolSet } from 'ai'
import type { Clock } from '../../core/clock.ts'
import type { ResolvedModel } from '../model/model.ts'
import type { Tokens } from '../model/price.ts'
import { headAndTail } from '../output.ts'
import { cleaned } from './answer/well-formed.ts'
import { loadSdk } from './sdk.ts'
import type { ToolCall } from './tool-call.ts'
import { tokensOf } from './usage.ts'
import { wire } from './wire.ts'

/** One complete answer of the model; nothing of it has been run. */
export interface Turn {
  /** null when it neither said nor called anything. */
  message: AssistantModelMessage | null
  /** Thinking and text of the model, in order. Each goes into the audit. */
  thoughts: string[]
  text: string
  calls: ToolCall[]
  /** `unreadable`: its server could not read it, and passed nothing on but that. */
  end: 'done' | 'cut' | 'window_full' | 'refused' | 'unreadable'
  /** null: the server did not count. */
  tokens: Tokens | null
  /** Defects of the answer that were repaired. */
  remarks: string[]
}

export interface TurnRequest {
  model: ResolvedModel
  instructions: string
  messages: ModelMessage[]
  tools: ToolSet
  /** It has to call one, where the provider can force that. */
  mustCall: boolean
  /** Makes ids of calls unique for the session. */
  uniqueId(id: string): string
  maxOutputTokens: number
  signal: AbortSignal
  /** A server silent for so long is dead. */
  stallMs: number
  clock: Clock
}

/** An answer that did not arrive whole. `tokens` is what it cost nevertheless, as far as that is known. */
export class TurnBroken extends Error {
  override name = 'TurnBroken'
  readonly tokens: Tokens | null
  constructor(cause: unknown, tokens: Tokens | null, hadBegun: boolean) {
    super(hadBegun ? 'the answer broke off' : 'no answer came', { cause })
    this.tokens = tokens
  }
}

/** Asks the model once. Rejects with TurnBroken unless the answer arrived whole; never retries. */
export async function takeTurn(request: TurnRequest): Promise<Turn> {
  const { model, messages } = request
  const { streamText } = await loadSdk()
  let begun: Tokens | null = null
  let hadBegun = false
  const remarks: string[] = []
  let failure: { error: unknown } | null = null
  using watch = watchdog(request)
  const way = wire({
    endpoint: model.endpoint,
    // By the wire, since the SDK makes an error of an answer that does not heed it: its tokens and words would be lost.
    mustCall: request.mustCall,
    alive: watch.alive,
    remark: (text) => remarks.push(text),
    broke: (error) => {
      // It says more than what the SDK makes of the part that came.
      failure = { error }
    },
  })
  const result = streamText({
    model: await model.load(way),
    instructions: {
      role: 'system',
      content: request.instructions,
      providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
    },
    messages,
    ...(Object.keys(request.tools).length > 0 ? { tools: request.tools, toolChoice: 'auto' as const } : {}),
    maxRetries: 0,
    abortSignal: AbortSignal.any([request.signal, watch.signal]),
    providerOptions: model.providerOptions,
    maxOutputTokens: request.maxOutputTokens,
    repairToolCall: async ({ toolCall, tools }) => repaired(toolCall, Object.keys(tools)),
    onError: ({ error }) => {
      failure ??= { error }
    },
  })
  try {
    for await (const part of result.stream) {
      if (part.type === 'text-delta' || part.type === 'reasoning-delta' || part.type === 'tool-input-delta')
        hadBegun = true
      if (part.type === 'custom') begun = startTokens(part) ?? begun
      if (part.type === 'error') failure ??= { error: part.error }
      if (part.type === 'abort')
        failure ??= { error: watch.signal.reason ?? new Error(part.reason ?? 'aborted') }
    }
    if (failure) throw (failure as { error: unknown }).error
    return { ...(await whole(result, request.uniqueId)), remarks }
  } catch (error) {
    // The stream's own error says more than what follows from it.
    throw new TurnBroken((failure as { error: unknown } | null)?.error ?? error, begun, hadBegun)
  }
}

/** A name with what some servers leave around it: `functions.shell`, `shell<|channel|>commentary`. null: it is another. */
function repaired<Call extends { toolName: string; input: string }>(
  call: Call,
  known: string[],
): Call | null {
  const name = /^(?:(?:functions?|tools?|default_api)[.:])?([\w-]+?)(?:<\|.*)?$/s.exec(
    call.toolName.trim(),
  )?.[1]
  const toolName = known.find((tool) => tool === name)
  return toolName && toolName !== call.toolName ? { ...call, toolName } : null
}

/** Comments that keep a connection open count as signs of life, for a limited time: behind a gateway the model may be dead. */
const commentsFor = 4

/** The SDK's own limits begin with the response: a server that never responds would be waited for without end. */
function watchdog({ clock, stallMs }: TurnRequest): Disposable & {
  signal: AbortSignal
  alive(saysSomething: boolean): void
} {
  const silent = new AbortController()
  const done = new AbortController()
  let last = clock.monotonic()
  let lastWord = last
  const leftMs = () => Math.min(last + stallMs, lastWord + commentsFor * stallMs) - clock.monotonic()
  const watch = async () => {
    for (let left = stallMs; left > 0; left = leftMs()) await clock.sleep(left, done.signal)
    silent.abort(new Error(`the model was silent for ${(clock.monotonic() - lastWord) / 1000} s`))
  }
  watch().catch((error: unknown) => {
    if (!done.signal.aborted) silent.abort(error)
  })
  return {
    signal: silent.signal,
    alive: (saysSomething) => {
      last = clock.monotonic()
      if (saysSomething) lastWord = last
    },
    [Symbol.dispose]: () => done.abort(),
  }
}

async function whole(
  result: ReturnType<typeof streamText>,
  uniqueId: (id: string) => string,
): Promise<Omit<Turn, 'remarks'>> {
  const step = await result.finalStep
  const end = endOf(step.finishReason, step.rawFinishReason)
  if (end === null) throw new Error(`the answer ended early (${step.rawFinishReason ?? step.finishReason})`)
  const answer = (await result.responseMessages).find((message) => message.role === 'assistant')
  const calls = step.toolCalls.map((call) => ({
    id: call.toolCallId,
    name: call.toolName,
    input: call.input,
    defect: call.invalid ? briefly(call.error) : null,
  }))
  return { ...cleaned(answer ?? null, calls, uniqueId), end, tokens: tokensOf(step.usage) }
}

/** Without the causes, which say the same again. */
const briefly = (error: unknown): string =>
  headAndTail(error instanceof Error ? error.message : String(error), 600)

/** Ends in the words of servers and gateways; the SDK knows few of them, and makes `other` of the rest. */
const brokeOff = /error|abort|cancel|insufficient|overload|timeout|network|unavailable/i
const callUnread = /malformed|tool_call_filter|function_call_filter/i
const stopped = /filter|safety|sensitive|recitation|prohibited|blocklist|spii|guardrail|refusal/i
const tooLong = /max_?(?:output_?)?tokens|^(?:model_)?length|token_limit/i

/** null: it did not end, it broke. */
function endOf(reason: string, raw = ''): Turn['end'] | null {
  if (reason === 'interrupted' || reason === 'error') return null
  if (/context_window/.test(raw)) return 'window_full'
  if (callUnread.test(raw)) return 'unreadable'
  if (reason === 'content-filter' || stopped.test(raw)) return 'refused'
  if (reason === 'length' || tooLong.test(raw)) return 'cut'
  return brokeOff.test(raw) ? null : 'done'
}

/** Token counts that Anthropic sends at the start of an answer. The input costs money even if the rest never comes. */
function startTokens(part: { kind: string; providerMetadata?: unknown }): Tokens | null {
  if (part.kind !== 'anthropic.message_start') return null
  const metadata = part.providerMetadata as { anthropic?: { usage?: Record<string, unknown> } } | undefined
  const usage = metadata?.anthropic?.usage ?? {}
  const count = (key: string) => (typeof usage[key] === 'number' ? usage[key] : 0)
  const cacheRead = count('cache_read_input_tokens')
  const cacheWrite = count('cache_creation_input_tokens')
  return { input: count('input_tokens') + cacheRead + cacheWrite, cacheRead, cacheWrite, output: 0 }
}
