import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveModel } from '../src/agent/model/model.ts'
import { summarizer } from '../src/agent/summarize.ts'
import { type ChatReply, openaiStandin } from './standins/openai.ts'
import { done, run, served } from './standins/served.ts'

/** A stream as it stands on the wire. */
const raw = (...events: (object | string)[]): ChatReply => ({
  status: 200,
  type: 'text/event-stream',
  body: events
    .map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)
    .join(''),
})
const input = { command: 'ls', reasoning: 'why' }
const calls = (call: object) => ({ choices: [{ index: 0, delta: { tool_calls: [call] } }] })
const end = (finish_reason: string) => ({ choices: [{ index: 0, delta: {}, finish_reason }] })
const whole = {
  index: 0,
  id: 'a',
  type: 'function',
  function: { name: 'shell', arguments: JSON.stringify(input) },
}

/** Answers of one command, as servers and gateways send them: each has to run it, once. */
const answers: Record<string, ChatReply> = {
  'arguments that are an object': raw(
    calls({ ...whole, function: { name: 'shell', arguments: input } }),
    end('tool_calls'),
  ),
  'the function call of old': raw(
    { choices: [{ index: 0, delta: { function_call: { name: 'shell', arguments: '{"command": "ls", ' } } }] },
    { choices: [{ index: 0, delta: { function_call: { arguments: '"reasoning": "why"}' } } }] },
    end('function_call'),
  ),
  'choices of null beside the usage': raw(
    calls(whole),
    end('tool_calls'),
    { choices: null, usage: { prompt_tokens: 5, completion_tokens: 6 } },
    '[DONE]',
  ),
  'ids, times and roles of other types': raw(
    { id: 7, created: '2026-11-30', model: null, object: 'chat.completion.chunk', ...calls(whole) },
    {
      choices: [{ index: 0, delta: { role: 'model', content: 7 }, finish_reason: 'tool_calls' }],
    },
  ),
  'messages in the place of deltas': raw({
    choices: [
      { index: 0, message: { role: 'assistant', content: null, tool_calls: [whole] }, finish_reason: 'stop' },
    ],
  }),
  'a name with its namespace': raw(
    calls({ ...whole, function: { ...whole.function, name: 'functions.shell' } }),
    end('tool_calls'),
  ),
  'a name with a channel': raw(
    calls({ ...whole, function: { ...whole.function, name: 'shell<|channel|>commentary' } }),
    end('tool_calls'),
  ),
  'no space after the colon, and a byte order mark': {
    status: 200,
    type: 'text/event-stream',
    body: `\uFEFFdata:${JSON.stringify(calls(whole))}\n\ndata:${JSON.stringify(end('tool_calls'))}\n\ndata:[DONE]\n\n`,
  },
  'events with names and ids': {
    status: 200,
    type: 'text/event-stream',
    body: `id: 1\nevent: message\ndata: ${JSON.stringify(calls(whole))}\n\nid: 2\nretry: 5\ndata: ${JSON.stringify(end('stop'))}\n\n`,
  },
  'another content type': { ...raw(calls(whole), end('tool_calls')), type: 'text/plain' },
  'a whole answer as of a gateway of Bedrock': {
    status: 200,
    body: {
      object: 'chat.completion',
      created: '1',
      choices: [
        {
          message: {
            role: 'assistant',
            content: '',
            tool_calls: [{ id: 'a', function: { name: 'shell', arguments: input } }],
          },
          finish_reason: 'tool_use',
        },
      ],
      usage: { inputTokens: 5, outputTokens: 6 },
    },
  },
  'content in parts, thinking among them': raw(
    {
      choices: [
        {
          index: 0,
          delta: {
            content: [
              { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
              { type: 'text', text: 'I look.' },
            ],
          },
        },
      ],
    },
    calls(whole),
    end('tool_calls'),
  ),
}
for (const [what, answer] of Object.entries(answers))
  test(`${what}: the command runs once`, async () => {
    const { claim, commands, error } = await served([answer, done])
    assert.equal(error, null)
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(commands, ['ls'])
  })

/** Ends of answers with a whole command in them that must not run. */
const notDone = [
  'error',
  'abort',
  'insufficient_system_resource',
  'network_error',
  'max_tokens',
  'model_length',
  'sensitive',
  'SAFETY',
  'function_call_filter: MALFORMED_FUNCTION_CALL',
]
for (const reason of notDone)
  test(`an answer that ended by ${reason} is not run`, async () => {
    const { claim, commands, error } = await served([raw(calls(whole), end(reason)), run('date'), done])
    assert.equal(error, null)
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(commands, ['date'])
  })

test('usage under other names is counted', async () => {
  const { spent } = await served([
    raw({ choices: [{ index: 0, delta: { content: done.text } }] }, end('stop'), {
      choices: [],
      usage: { input_tokens: 900, output_tokens: 40 },
    }),
  ])
  assert.deepEqual([spent[0]?.tokensIn, spent[0]?.tokensOut], [900, 40])
})

test('a wait that only words tell is kept to', async () => {
  const waits: number[] = []
  const busy = { status: 429, message: 'Rate limit reached. Please try again in 120ms.' }
  const { claim } = await served([busy, done], {
    agent: {
      retry: { baseMs: 1, attempts: 3 },
      onRetry: ({ waitMs }) => {
        waits.push(waitMs)
      },
    },
  })
  assert.equal(claim?.status, 'fixed')
  assert.deepEqual(waits, [120])
})

test('summaries learn as well what a server takes', async () => {
  await using server = await openaiStandin(
    ({ max_tokens: most }) =>
      most === undefined
        ? { text: 'It looked at the members.' }
        : {
            status: 400,
            message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
          },
    { lax: true },
  )
  const model = resolveModel('openai-compatible:small', { OPERATOR_BASE_URL: `${server.url}/v1` })
  const summarize = summarizer({ model })
  for (const text of ['a\nb', 'c\nd']) assert.equal((await summarize(text)).text, 'It looked at the members.')
  assert.equal(server.requests.length, 3)
})
