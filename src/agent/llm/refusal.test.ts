import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APICallError } from 'ai'
import type { Clock } from '../../core/clock.ts'
import type { Adjustment } from './adjust.ts'
import { type Refusal, refusalIn } from './refusal.ts'
import { RefusedWithin } from './said.ts'

const clock: Clock = { now: () => 0, sleep: async () => undefined }
const sent = {
  model: 'm',
  messages: [],
  tools: [],
  tool_choice: 'auto',
  max_tokens: 16_000,
  stream: true,
  stream_options: {},
  temperature: 0,
}

const answered = (statusCode: number, body: unknown, responseHeaders = {}) =>
  new Error('the answer broke off', {
    cause: new APICallError({
      message: 'Bad Request',
      url: 'http://x/v1',
      requestBodyValues: sent,
      statusCode,
      responseHeaders,
      responseBody: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  })

const meaning = (error: unknown, ...known: Adjustment[]): Refusal => refusalIn(error, clock, new Set(known))

/** A full window in the words of those who serve models: status, body, the size that it tells. */
const full: Record<string, [number, unknown, number | null]> = {
  Anthropic: [
    400,
    {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 213462 tokens > 200000 maximum' },
    },
    200_000,
  ],
  'Anthropic, together': [
    400,
    {
      error: {
        message:
          'input length and `max_tokens` exceed context limit: 199211 + 8192 > 200000, decrease input length or `max_tokens` and try again',
      },
    },
    200_000,
  ],
  'Anthropic, bytes': [
    413,
    { error: { type: 'request_too_large', message: 'Request exceeds the maximum size' } },
    null,
  ],
  OpenAI: [
    400,
    {
      error: {
        message:
          "This model's maximum context length is 128000 tokens. However, your messages resulted in 130123 tokens. Please reduce the length of the messages.",
        type: 'invalid_request_error',
        param: 'messages',
        code: 'context_length_exceeded',
      },
    },
    128_000,
  ],
  'OpenAI, new words': [
    400,
    {
      error: {
        message:
          'Your input exceeds the context window of this model. Please adjust your input and try again.',
        code: 'context_length_exceeded',
      },
    },
    null,
  ],
  'OpenAI, a text': [
    400,
    {
      error: {
        message:
          "Invalid 'messages[1].content': string too long. Expected a string with maximum length 10485760, but got a string with length 12000000 instead.",
        code: 'string_above_max_length',
      },
    },
    10_485_760,
  ],
  'OpenAI, tokens a minute': [
    429,
    {
      error: {
        message:
          'Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 40123. The input or output tokens must be reduced in order to run successfully.',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
    30_000,
  ],
  Azure: [
    400,
    {
      error: {
        message:
          "This model's maximum context length is 8192 tokens, however you requested 9000 tokens (8000 in your prompt; 1000 for the completion). Please reduce your prompt; or completion length.",
      },
    },
    8_192,
  ],
  Gemini: [
    400,
    [
      {
        error: {
          code: 400,
          message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
    1_048_576,
  ],
  Groq: [
    400,
    {
      error: {
        message: 'Please reduce the length of the messages or completion.',
        type: 'invalid_request_error',
        param: 'messages',
        code: 'context_length_exceeded',
      },
    },
    null,
  ],
  'Groq, tokens a minute': [
    413,
    {
      error: {
        message:
          'Request too large for model `llama-3.3-70b-versatile` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 7843, please reduce your message size and try again.',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
    6_000,
  ],
  xAI: [
    400,
    {
      code: 'Client specified an invalid argument',
      error: "This model's maximum prompt length is 131072 but the request contains 140001 tokens.",
    },
    131_072,
  ],
  Mistral: [
    400,
    {
      object: 'error',
      message:
        'Prompt contains 40012 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
      type: 'invalid_request_message',
      code: '3051',
    },
    32_768,
  ],
  DeepSeek: [
    400,
    {
      error: {
        message:
          "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens (62000 in the messages, 8000 in the completion). Please reduce the length of the messages or completion.",
        type: 'invalid_request_error',
      },
    },
    65_536,
  ],
  Together: [
    422,
    {
      error: {
        message:
          'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`',
        type: 'invalid_request_error',
      },
    },
    8_193,
  ],
  TGI: [
    422,
    {
      error: 'Input validation error: `inputs` must have less than 4095 tokens. Given: 5000',
      error_type: 'validation',
    },
    4_095,
  ],
  Fireworks: [
    400,
    {
      error: {
        object: 'error',
        type: 'invalid_request_error',
        message: 'The prompt is too long: 140000, model maximum context length: 131071',
      },
    },
    131_071,
  ],
  Bedrock: [400, { message: 'Input is too long for requested model.' }, null],
  'Bedrock, characters': [
    400,
    {
      message:
        'Malformed input request: expected maxLength: 512000, actual: 600123, please reformat your input and try again.',
    },
    null,
  ],
  Cohere: [
    400,
    {
      message:
        'too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 130001. Try using a shorter prompt.',
    },
    128_000,
  ],
  Cerebras: [
    400,
    {
      message:
        'Please reduce the length of the messages or completion. Current length is 9001 while limit is 8192',
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    },
    8_192,
  ],
  Moonshot: [
    400,
    {
      error: {
        message: 'Invalid request: Your request exceeded model token limit: 8192',
        type: 'invalid_request_error',
      },
    },
    8_192,
  ],
  DashScope: [
    400,
    {
      error: {
        code: 'invalid_parameter_error',
        message: '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]',
        type: 'invalid_request_error',
      },
    },
    30_720,
  ],
  MiniMax: [
    400,
    { base_resp: { status_code: 2013, status_msg: 'invalid params, context window exceeds limit (2013)' } },
    null,
  ],
  watsonx: [
    400,
    {
      errors: [
        {
          code: 'invalid_request_entity',
          message: 'the number of input tokens 5000 cannot exceed the total tokens limit 4096 for this model',
        },
      ],
    },
    4_096,
  ],
  'GitHub Copilot': [
    400,
    {
      error: {
        message: 'prompt token count of 130123 exceeds the limit of 128000',
        code: 'model_max_prompt_tokens_exceeded',
      },
    },
    128_000,
  ],
  vLLM: [
    400,
    {
      object: 'error',
      message:
        "This model's maximum context length is 4096 tokens. However, you requested 4200 tokens (3900 in the messages, 300 in the completion). Please reduce the length of the messages or completion.",
      type: 'BadRequestError',
      param: null,
      code: 400,
    },
    4_096,
  ],
  'vLLM, new': [
    400,
    {
      error: {
        message:
          'The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller than the number of text tokens.',
        type: 'BadRequestError',
      },
    },
    4_096,
  ],
  'vLLM, nothing left': [
    400,
    { error: { message: 'max_tokens must be at least 1, got -212.', type: 'BadRequestError', code: 400 } },
    null,
  ],
  SGLang: [
    400,
    {
      object: 'error',
      message: "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
      type: 'BadRequest',
      code: 400,
    },
    4_096,
  ],
  'SGLang, together': [
    400,
    {
      message:
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5000 tokens: 4500 tokens from the input messages and 500 tokens for the completion.",
    },
    4_096,
  ],
  'llama-server': [
    400,
    {
      error: {
        code: 400,
        message: 'the request exceeds the available context size, try increasing it',
        type: 'exceed_context_size_error',
        n_prompt_tokens: 5000,
        n_ctx: 4096,
      },
    },
    4_096,
  ],
  'llama-server, both numbers': [
    400,
    {
      error: {
        code: 400,
        message: 'request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it',
        type: 'exceed_context_size_error',
      },
    },
    4_096,
  ],
  'llama-server, while it writes': [
    500,
    { error: { code: 500, message: 'Context size has been exceeded.', type: 'server_error' } },
    null,
  ],
  'llama_cpp.server': [
    400,
    {
      error: {
        message:
          "This model's maximum context length is 2048 tokens. However, you requested 3012 tokens (2012 in the messages, 1000 in the completion). Please reduce the length of the messages or completion.",
        type: 'invalid_request_error',
        param: 'messages',
        code: 'context_length_exceeded',
      },
    },
    2_048,
  ],
  'llama_cpp.server, raw': [
    500,
    {
      error: {
        message: 'Requested tokens (3012) exceed context window of 2048',
        type: 'internal_server_error',
        param: null,
        code: null,
      },
    },
    2_048,
  ],
  Ollama: [
    400,
    {
      error: {
        message: 'prompt too long; exceeded max context length by 100 tokens',
        type: 'invalid_request_error',
      },
    },
    null,
  ],
  'Ollama, embedded runner': [500, { error: 'input length exceeds the context length' }, null],
  'LM Studio': [
    400,
    {
      error:
        'Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input',
    },
    4_096,
  ],
  'LM Studio, keep': [
    400,
    {
      error:
        'The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input',
    },
    null,
  ],
  'LM Studio, generating': [
    500,
    {
      error:
        'Reached context length of 4096 tokens with this model, but this model does not currently support mid-generation context overflow.',
    },
    4_096,
  ],
  OpenRouter: [
    400,
    {
      error: {
        message:
          'This endpoint\'s maximum context length is 32768 tokens. However, you requested about 40000 tokens (39000 of text input, 1000 of tool input). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.',
        code: 400,
      },
    },
    32_768,
  ],
  'OpenRouter, wrapped': [
    400,
    {
      error: {
        message: 'Provider returned error',
        code: 400,
        metadata: {
          raw: '{"error":{"message":"prompt is too long: 213462 tokens > 200000 maximum"}}',
          provider_name: 'Anthropic',
        },
      },
    },
    200_000,
  ],
  LiteLLM: [
    400,
    {
      error: {
        message:
          "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: OpenAIException - This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. Received Model Group=gpt",
        type: null,
        param: null,
        code: '400',
      },
    },
    8_192,
  ],
  nginx: [
    413,
    '<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body><center><h1>413 Request Entity Too Large</h1></center></body></html>',
    null,
  ],
}
for (const [who, [status, body, tokens]] of Object.entries(full))
  test(`a full window in the words of ${who}`, () => {
    assert.deepEqual(meaning(answered(status, body)), { kind: 'window', tokens })
    // The same as an event of a stream that began with 200.
    if (typeof body === 'object' && status !== 413)
      assert.equal(meaning(new RefusedWithin(body)).kind, 'window')
  })

const passing: [number, unknown][] = [
  [
    429,
    {
      error: {
        message:
          'Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.',
        code: 'rate_limit_exceeded',
      },
    },
  ],
  [429, { message: 'Too many tokens, please wait before trying again.' }],
  [
    429,
    [
      {
        error: {
          code: 429,
          status: 'RESOURCE_EXHAUSTED',
          message: 'Resource has been exhausted (e.g. check quota).',
        },
      },
    ],
  ],
  [400, { message: 'ThrottlingException: Too many requests, please wait' }],
  [503, { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } }],
  [500, { error: 'llama runner process has terminated: signal: killed' }],
  [502, '<html><head><title>502 Bad Gateway</title></head></html>'],
  [529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
  [500, ''],
  [408, {}],
]
for (const [status, body] of passing)
  test(`passes: ${status} ${JSON.stringify(body).slice(0, 70)}`, () =>
    assert.equal(meaning(answered(status, body)).kind, 'passing'))

const never: [number, unknown, RegExp][] = [
  [401, { error: { message: 'Incorrect API key provided: sk-1.' } }, /refused the key/],
  [403, 'Forbidden', /refused the key: Forbidden/],
  [
    400,
    [
      {
        error: {
          code: 400,
          message: 'API key not valid. Please pass a valid API key.',
          status: 'INVALID_ARGUMENT',
          details: [{ reason: 'API_KEY_INVALID' }],
        },
      },
    ],
    /refused the key/,
  ],
  [
    400,
    {
      error: {
        type: 'invalid_request_error',
        message: 'Your credit balance is too low to access the Anthropic API.',
      },
    },
    /no money/,
  ],
  [402, { error: { message: 'Insufficient Balance' } }, /no money/],
  [
    429,
    {
      error: {
        message: 'You exceeded your current quota, please check your plan and billing details.',
        type: 'insufficient_quota',
        code: 'insufficient_quota',
      },
    },
    /no money/,
  ],
  [
    404,
    {
      error: {
        message: 'The model `gpt-9` does not exist or you do not have access to it.',
        code: 'model_not_found',
      },
    },
    /no such model/,
  ],
  [404, { error: { message: "model 'qwen3' not found", type: 'not_found_error' } }, /no such model/],
  [
    400,
    {
      error: {
        message: 'The model `llama3-70b` has been decommissioned and is no longer supported.',
        code: 'model_decommissioned',
      },
    },
    /no such model/,
  ],
  [404, { error: { message: 'File Not Found', type: 'not_found_error', code: 404 } }, /check the base URL/],
  [404, '404 page not found', /check the base URL/],
  [405, { detail: 'Method Not Allowed' }, /check the base URL/],
  [
    400,
    { error: { message: 'registry.ollama.ai/library/gemma:7b does not support tools' } },
    /cannot call tools/,
  ],
  [
    400,
    {
      object: 'error',
      message: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    },
    /cannot call tools/,
  ],
  [404, { error: { message: 'No endpoints found that support tool use.', code: 404 } }, /cannot call tools/],
  [
    400,
    { error: { message: 'something that nobody has heard of' } },
    /refused the request \(400\): something/,
  ],
]
for (const [status, body, why] of never)
  test(`never passes: ${status} ${JSON.stringify(body).slice(0, 70)}`, () => {
    const refusal = meaning(answered(status, body))
    assert.ok(refusal.kind === 'never', JSON.stringify(refusal))
    assert.match(refusal.why, why)
  })

const outputs: [unknown, number | null][] = [
  [
    {
      error: {
        message:
          'max_tokens is too large: 16000. This model supports at most 4096 completion tokens, whereas you provided 16000.',
        param: 'max_tokens',
      },
    },
    4_096,
  ],
  [
    {
      error: {
        message:
          'max_tokens: 16000 > 8192, which is the maximum allowed number of output tokens for claude-3-5',
      },
    },
    8_192,
  ],
  [{ error: { message: 'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]' } }, null],
  [
    {
      error: {
        message:
          '`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model',
      },
    },
    null,
  ],
  [
    {
      error: {
        message:
          "'max_tokens' or 'max_completion_tokens' is too large: 16000. This model's maximum context length is 4096 tokens and your request has 1000 input tokens (16000 > 4096 - 1000).",
      },
    },
    4_096,
  ],
]
for (const [body, tokens] of outputs)
  test(`too much output: ${JSON.stringify(body).slice(22, 90)}`, () => {
    const refusal = meaning(answered(400, body))
    assert.ok(refusal.kind === 'output', JSON.stringify(refusal))
    if (tokens !== null) assert.equal(refusal.tokens, tokens)
  })

const adjusts: [number, unknown, Adjustment][] = [
  [
    400,
    {
      error: {
        message:
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        param: 'max_tokens',
        code: 'unsupported_parameter',
      },
    },
    'max_completion_tokens',
  ],
  [
    400,
    { error: { message: 'Unrecognized request argument supplied: stream_options' } },
    'without stream_options',
  ],
  [
    422,
    {
      detail: [
        { type: 'extra_forbidden', loc: ['body', 'stream_options'], msg: 'Extra inputs are not permitted' },
      ],
    },
    'without stream_options',
  ],
  [400, { error: { message: 'tool_choice value required is not supported' } }, 'named tool choice'],
  [
    400,
    {
      error: {
        message:
          "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        param: 'temperature',
      },
    },
    'without temperature',
  ],
  [
    400,
    {
      error: {
        message:
          "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'reasoning_content' is unsupported)]",
      },
    },
    'no reasoning',
  ],
  [
    422,
    {
      message: {
        detail: [
          {
            type: 'extra_forbidden',
            loc: ['body', 'messages', 2, 'assistant', 'reasoning_content'],
            msg: 'Extra inputs are not permitted',
          },
        ],
      },
    },
    'no reasoning',
  ],
  [
    500,
    {
      error: {
        message:
          "[{'type': 'string_type', 'loc': ('body', 'messages', 2, 'content'), 'msg': 'Input should be a valid string', 'input': None}]",
        type: 'internal_server_error',
      },
    },
    'empty content',
  ],
  [
    500,
    { error: { message: '2 validation errors for ChatCompletionRequestAssistantMessage' } },
    'empty content',
  ],
  [400, { error: { message: 'System role not supported' } }, 'no system role'],
  [
    400,
    {
      error: {
        message: "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        param: 'messages[0].role',
      },
    },
    'no system role',
  ],
  [
    500,
    { error: { code: 500, message: 'Conversation roles must alternate user/assistant/user/assistant/...' } },
    'alternating roles',
  ],
  [
    400,
    { object: 'error', message: "Unexpected role 'user' after role 'tool'", type: 'invalid_request_error' },
    'no user after tool',
  ],
  [
    400,
    { object: 'error', message: 'Tool call id was call_abc but must be a-z, A-Z, 0-9, with a length of 9.' },
    'short call ids',
  ],
  [400, { message: "This model doesn't support tool use in streaming mode." }, 'at once'],
  [500, { error: { code: 500, message: 'Cannot use tools with stream' } }, 'at once'],
  [
    400,
    {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: 'messages.0.content.0.text.cache_control: Extra inputs are not permitted',
      },
    },
    'no cache marks',
  ],
  [
    400,
    { type: 'error', error: { message: 'adaptive thinking is not supported on this model' } },
    'no thinking',
  ],
]
for (const [status, body, adjustment] of adjusts)
  test(`an option: ${JSON.stringify(body).slice(0, 100)}`, () => {
    assert.deepEqual(meaning(answered(status, body)), { kind: 'adjust', adjustment })
    const again = meaning(answered(status, body), adjustment)
    assert.notDeepEqual(again, { kind: 'adjust', adjustment }, 'never the same twice')
  })

const malformed: [number, unknown][] = [
  [
    400,
    {
      error: {
        message:
          "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
        type: 'invalid_request_error',
        code: 'tool_use_failed',
        failed_generation: '<function=shell>{"command"',
      },
    },
  ],
  [
    400,
    {
      error: {
        message: "tool call validation failed: attempted to call tool 'ls' which was not in request.tools",
        code: 'tool_use_failed',
      },
    },
  ],
  [
    500,
    { error: { message: 'error parsing tool call: raw=\'{"command":\', err=unexpected end of JSON input' } },
  ],
  [
    500,
    { error: { code: 500, message: 'Failed to parse input at pos 12: <tool_call>', type: 'server_error' } },
  ],
  [
    500,
    {
      error: {
        message:
          'The model produced invalid content. Consider modifying your prompt if you are seeing this error persistently.',
        type: 'model_error',
      },
    },
  ],
]
for (const [status, body] of malformed)
  test(`one malformed answer: ${JSON.stringify(body).slice(0, 80)}`, () =>
    assert.equal(meaning(answered(status, body)).kind, 'malformed'))

test('a filter is no failure of the request, and no connection heals a certificate', () => {
  const azure = {
    error: {
      message:
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      code: 'content_filter',
    },
  }
  assert.equal(meaning(answered(400, azure)).kind, 'filtered')
  const tls = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  assert.match(JSON.stringify(meaning(new Error('x', { cause: tls }))), /never.*NODE_EXTRA_CA_CERTS/)
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  assert.equal(meaning(new Error('x', { cause: away })).kind, 'passing')
})
