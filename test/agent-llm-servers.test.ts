import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ModelRefused } from '../src/core/work/agent.ts'
import type { ChatReply, ChatRequest } from './standins/openai.ts'
import { done, long, run, served as session, tokensIn, worker } from './standins/served.ts'
import { fixed } from './standins/work.ts'

suite('servers that take another request', () => {
  test('llama_cpp.server: no stream with tools, no null beside a call, a window of 2,048', async () => {
    const next = worker(12)
    const { claim, commands, error } = await session(
      (request) => {
        if (request.stream) return { status: 200, body: '' }
        if (request.messages.some(({ content }) => content === null))
          return {
            status: 500,
            body: { error: { message: '2 validation errors', type: 'internal_server_error' } },
          }
        const asked = tokensIn(request)
        if (asked + (request.max_tokens ?? 0) > 2_048)
          return {
            status: 400,
            body: {
              error: {
                message: `This model's maximum context length is 2048 tokens. However, you requested ${asked} tokens`,
                code: 'context_length_exceeded',
              },
            },
          }
        return next()
      },
      { shell: () => long },
    )
    assert.equal(error, null)
    assert.equal(claim?.status, 'fixed')
    assert.equal(commands.length, 12)
  })

  const words: Record<string, [(request: ChatRequest) => boolean, string, number?]> = {
    'no stream_options': [
      ({ stream_options }) => stream_options !== undefined,
      'Unrecognized request argument supplied: stream_options',
    ],
    'no max_tokens': [
      ({ max_tokens }) => max_tokens !== undefined,
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    ],
    'less output': [
      ({ max_tokens }) => (max_tokens ?? 0) > 4_096,
      'max_tokens is too large: 16000. This model supports at most 4096 completion tokens',
    ],
    'no system role': [({ messages }) => messages[0]?.role === 'system', 'System role not supported'],
    'no thoughts': [
      ({ messages }) => messages.some((message) => message.reasoning_content),
      "property 'reasoning_content' is unsupported",
    ],
    'roles in turn': [
      ({ messages }) =>
        messages.some(({ role }, at) => role === 'user' && messages[at - 1]?.role !== 'assistant' && at > 1),
      'Conversation roles must alternate user/assistant/user/assistant/...',
      500,
    ],
    'no user after a tool': [
      ({ messages }) => messages.some(({ role }, at) => role === 'user' && messages[at - 1]?.role === 'tool'),
      "Unexpected role 'user' after role 'tool'",
    ],
    'ids of nine characters': [
      ({ messages }) => messages.some(({ tool_call_id: id }) => id && !/^[a-zA-Z0-9]{9}$/.test(id)),
      'Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.',
    ],
    'content beside calls': [
      ({ messages }) => messages.some(({ content }) => content === null),
      'messages.2.content: Input should be a valid string',
    ],
    'no stream with tools': [
      ({ stream }) => stream === true,
      "This model doesn't support tool use in streaming mode.",
    ],
  }
  for (const [what, [isRefused, message, status = 400]] of Object.entries(words))
    test(`${what}: learned from one refusal`, async () => {
      let refused = 0
      const next = worker(4)
      const { claim, commands, error, remarks } = await session(
        (request) => {
          if (!isRefused(request)) return { reasoning: 'Hm.', ...next() }
          refused++
          return { status, body: { error: { message } } }
        },
        { lax: true, limits: { turns: 6 } },
      )
      assert.equal(error, null)
      assert.equal(claim?.status, 'fixed')
      assert.ok(refused >= 1 && refused <= 2, `${refused} refusals`)
      assert.equal(commands.length, 4)
      assert.ok(remarks.length === refused || what === 'less output')
    })

  test('a call that is demanded is demanded again after an answer that was cut off, in the words that are taken', async () => {
    const { claim, requests, spent, log } = await session(
      ({ tool_choice: choice }, index) => {
        if (choice === 'required') return { status: 400, message: "tool_choice 'required' is not supported" }
        if (index === 1) return { text: 'I think', stop: 'length' }
        return choice === 'auto' ? done : run('ls')
      },
      { agent: { tools: { tool_choice: 'required' } } },
    )
    assert.equal(claim?.status, 'fixed')
    const named = { type: 'function', function: { name: 'shell' } }
    assert.deepEqual(
      requests.map(({ tool_choice: choice }) => choice),
      ['required', named, named, 'auto'],
    )
    assert.equal(spent.length, 3, 'the answer that was cut off is counted')
    assert.equal(log[0], 'note: I think')
  })
})

suite('servers that answer otherwise', () => {
  test('a whole answer where a stream was wanted', async () => {
    const { claim, commands } = await session([
      { ...run('ls'), atOnce: true },
      { ...done, atOnce: true },
    ])
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(commands, ['ls'])
  })

  test('a page of HTML is no model, and is asked once', async () => {
    const body = '<!DOCTYPE html><html><head><title>Open WebUI</title></head></html>'
    const { error, requests } = await session(() => ({ status: 200, body, type: 'text/html' }))
    assert.ok(error instanceof ModelRefused)
    assert.match(error.message, /web page.*Open WebUI.*base URL/)
    assert.equal(requests.length, 1)
  })

  test('every event twice: taken once, and said', async () => {
    const { claim, commands, remarks } = await session([
      { text: 'ab', ...run('ls'), doubled: true },
      { ...done, doubled: true },
    ])
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(commands, ['ls'])
    assert.match(remarks[0] ?? '', /twice/)
  })

  const errors: Record<string, ChatReply> = {
    'an error with status 200': { status: 200, body: { error: { message: 'upstream died', code: 502 } } },
    'an error as a text': {
      status: 200,
      body: 'data: {"error":"llama runner process has terminated"}\n\n',
      type: 'text/event-stream',
    },
    'an error beside choices': {
      status: 200,
      body: 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"error"}],"error":{"code":502,"message":"Provider disconnected"}}\n\n',
      type: 'text/event-stream',
    },
    'an event named error': {
      status: 200,
      body: 'event: error\ndata: {"detail":"internal"}\n\n',
      type: 'text/event-stream',
    },
    'half an event': {
      status: 200,
      body: 'data: {"id":"1","choices":[{"index":0,"del',
      type: 'text/event-stream',
    },
    'comments only': {
      status: 200,
      body: ': OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n',
      type: 'text/event-stream',
    },
  }
  for (const [what, reply] of Object.entries(errors))
    test(`${what}: asked again, and nothing runs twice`, async () => {
      const { claim, commands } = await session([run('ls'), reply, done])
      assert.equal(claim?.status, 'fixed')
      assert.deepEqual(commands, ['ls'])
    })

  test('comments keep the connection while the model is slow, but not for ever', async () => {
    const before = Array.from({ length: 12 }, () => ': keep-alive\n\n')
    const patient = await session([{ ...done, before, dripMs: 40 }], { agent: { stallMs: 200 } })
    assert.equal(patient.claim?.status, 'fixed')
    const dead = await session(
      () => ({ ...done, before: before.concat(before, before, before), dripMs: 40 }),
      {
        agent: { stallMs: 100, retry: { attempts: 1 } },
      },
    )
    assert.match(String((dead.error as Error | null)?.cause), /no answer came/)
    assert.match(String(((dead.error as Error | null)?.cause as Error)?.cause), /silent for 0\.[4-9]/)
  })

  test('a last event without its empty line, an empty finish reason, CRLF', async () => {
    const body = (finish: string) =>
      `data: {"id":"1","choices":[{"index":0,"delta":{"content":${JSON.stringify(fixed)}},"finish_reason":null}]}\r\n\r\ndata: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"${finish}"}]}`
    for (const finish of ['stop', '']) {
      const { claim } = await session([{ status: 200, body: body(finish), type: 'text/event-stream' }])
      assert.equal(claim?.status, 'fixed')
    }
  })
})

suite('models that cannot call', () => {
  test('a call as text is told so, and costs no attempt', async () => {
    const text = '<tool_call>\n{"name": "shell", "arguments": {"command": "ls"}}\n</tool_call>'
    const { claim, commands, requests } = await session([{ text }, { text }, run('ls'), done])
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(commands, ['ls'])
    assert.match(requests[1]?.messages.at(-1)?.content ?? '', /Nothing was run/)
  })

  test('a call with its output made up, and a claim: nothing was run, nothing is claimed', async () => {
    const text = `<tool_call>{"name":"shell"}</tool_call><tool_response>all is well</tool_response>\n${fixed}`
    const { claim, requests } = await session(() => ({ text }))
    assert.deepEqual([claim?.status, claim?.unclaimed], ['not_fixed', true])
    assert.equal(requests.length, 7)
  })

  test('a claim within thoughts is none', async () => {
    const text = `<think>I am to end with ${fixed}</think>`
    const { claim, commands, log, requests } = await session([
      { text, ...run('ls') },
      { text },
      { text: `${text}\n${fixed}` },
    ])
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(commands, ['ls'])
    assert.match(log[0] ?? '', /^note: I am to end with/)
    assert.doesNotMatch(JSON.stringify(requests.at(-1)), /<think>/)
  })

  test('an answer that its server cannot read is asked for again, then talked about', async () => {
    const failed: ChatReply = {
      status: 400,
      body: {
        error: {
          message: 'Failed to call a function.',
          code: 'tool_use_failed',
          failed_generation: '<function=',
        },
      },
    }
    const { claim, commands, requests } = await session([run('ls'), failed, failed, failed, done])
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(commands, ['ls'])
    assert.match(requests[3]?.messages.at(-1)?.content ?? '', /could not be read/)
    const never = await session((_, index) => (index === 0 ? run('ls') : failed))
    assert.equal(never.claim?.unclaimed, true)
  })

  test('what could not be run leaves a trace', async () => {
    const tools = [
      { name: 'shell', input: `{"command": "${'x'.repeat(100_000)}` },
      { name: 'browser', input: { url: 'x' } },
    ]
    const { claim, log, requests } = await session([{ tools }, { ...run('rm x'), stop: 'length' }, done])
    assert.equal(claim?.status, 'fixed')
    const notes = log.filter((line) => /was not run/.test(line))
    assert.equal(notes.length, 3)
    assert.match(notes.join('\n'), /browser.*\n.*"url"/)
    assert.ok(JSON.stringify(requests.at(-1)).length < 20_000)
  })
})

test('usage that is missing, null or zero is unknown', async () => {
  for (const usage of [
    null,
    { prompt_tokens: null, completion_tokens: null },
    { prompt_tokens: 0, completion_tokens: 0 },
  ]) {
    const { spent, claim } = await session([{ ...done, usage }], { model: { priceIn: 3, priceOut: 15 } })
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual(spent, [{ tokensIn: null, tokensOut: null, tokensCached: 0, costUsd: null }])
  }
})
