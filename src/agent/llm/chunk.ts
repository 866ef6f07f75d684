type Json = Record<string, unknown>

/**
 * A chunk of a chat stream as the SDK reads it: it refuses a whole answer for a `choices` of null, arguments that are an object
 * or a time that is a text, and does not know the call of a function from before there were tools.
 */
export function chatChunk(chunk: Json): Json {
  const { id, created, model, choices, usage, ...rest } = chunk
  return {
    ...rest,
    ...(typeof id === 'string' && { id }),
    ...(typeof created === 'number' && { created }),
    ...(typeof model === 'string' && { model }),
    choices: Array.isArray(choices) ? choices.filter(isObject).map(choiceOf) : [],
    ...(isObject(usage) && { usage: usageOf(usage) }),
  }
}

export const isChatChunk = (body: Json): boolean =>
  'choices' in body || body.object === 'chat.completion.chunk' || body.object === 'chat.completion'

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `message` in the place of `delta`: some servers stream so. */
function choiceOf({ delta, message, finish_reason, ...rest }: Json): Json {
  const said = isObject(delta) ? delta : isObject(message) ? message : null
  return {
    ...rest,
    ...(said && { delta: deltaOf(said) }),
    finish_reason: typeof finish_reason === 'string' ? finish_reason : null,
  }
}

function deltaOf({ role: _, content, tool_calls: calls, function_call: call, ...rest }: Json): Json {
  const all =
    Array.isArray(calls) && calls.length > 0 ? calls : isObject(call) ? [{ index: 0, function: call }] : []
  const tool_calls = all.filter(isObject).map(callOf)
  return {
    ...rest,
    role: 'assistant',
    ...(typeof content === 'string' || Array.isArray(content) ? { content } : {}),
    ...(tool_calls.length > 0 && { tool_calls }),
  }
}

function callOf({ index, id, function: called, ...rest }: Json): Json {
  const { name, arguments: input, ...more } = isObject(called) ? called : {}
  return {
    ...rest,
    ...(typeof index === 'number' && { index }),
    ...(typeof id === 'string' && { id }),
    function: {
      ...more,
      ...(typeof name === 'string' && { name }),
      ...(input !== undefined &&
        input !== null && { arguments: typeof input === 'string' ? input : JSON.stringify(input) }),
    },
  }
}

/** In the names of either protocol. */
function usageOf(usage: Json): Json {
  const numberIn = (...names: string[]) =>
    names.map((name) => usage[name]).find((value) => typeof value === 'number') ?? null
  const details = isObject(usage.prompt_tokens_details)
    ? { prompt_tokens_details: usage.prompt_tokens_details }
    : {}
  return {
    prompt_tokens: numberIn('prompt_tokens', 'input_tokens', 'inputTokens', 'promptTokens'),
    completion_tokens: numberIn('completion_tokens', 'output_tokens', 'outputTokens', 'completionTokens'),
    ...details,
  }
}
