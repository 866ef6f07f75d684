import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ModelRefused } from '../src/core/work/agent.ts'
import { long, run, served as session, tokensIn, worker } from './standins/served.ts'

suite('windows', () => {
  const tooLong = (window: number) => ({
    status: 400,
    body: {
      error: `Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only ${window} tokens, which is not enough.`,
    },
  })

  for (const [who, places] of Object.entries({
    vLLM: { '/v1/models': { data: [{ id: 'qwen3', max_model_len: 4_096 }] } },
    OpenRouter: {
      '/v1/models': {
        data: [
          { id: 'x', context_length: 9 },
          { id: 'qwen3', context_length: 4_096 },
        ],
      },
    },
    'llama-server, old': {
      '/v1/models': { data: [{ id: 'x.gguf', meta: { n_ctx_train: 131_072 } }] },
      '/props': { default_generation_settings: { n_ctx: 4_096 } },
    },
    Ollama: { '/api/ps': { models: [{ name: 'qwen3:latest', context_length: 4_096 }] } },
    'Ollama, not loaded': {
      '/api/show': { parameters: 'stop "<|im_end|>"\nnum_ctx                        4096' },
    },
    'LM Studio': {
      '/v1/models': { data: [{ id: 'qwen3', object: 'model' }] },
      '/api/v0/models': {
        data: [{ id: 'qwen3', max_context_length: 131_072, loaded_context_length: 4_096 }],
      },
    },
    TGI: { '/info': { model_id: 'x', max_total_tokens: 4_096 } },
  }))
    test(`the window is read from the server: ${who}`, async () => {
      const next = worker(12)
      const { claim, requests, error } = await session(
        (request) => (tokensIn(request) + (request.max_tokens ?? 0) > 4_096 ? tooLong(4_096) : next()),
        { places, shell: () => long },
      )
      assert.equal(error, null)
      assert.equal(claim?.status, 'fixed')
      assert.equal(requests.length, 13, 'nothing was ever too long')
      assert.equal(requests[0]?.max_tokens, 1_024)
    })

  test('a window that is given is kept to', async () => {
    const { requests } = await session(worker(12), {
      shell: () => long,
      model: { contextTokens: 5_000, outputTokens: 300 },
    })
    assert.ok(Math.max(...requests.map(tokensIn)) < 5_000)
    assert.equal(requests[0]?.max_tokens, 300)
  })

  test('a request that is too long is never sent twice, and an end is made where nothing can go', async () => {
    const { error, requests } = await session(
      (_, index) =>
        index < 3 ? { text: `I look ${'at it '.repeat(2_000)}`, ...run(`c${index}`) } : tooLong(2_048),
      { shell: () => long },
    )
    assert.ok(error instanceof ModelRefused)
    assert.match(error.message, /too small/)
    const sent = requests.slice(3).map((request) => JSON.stringify(request.messages))
    assert.equal(new Set(sent).size, sent.length)
  })

  test('the model\u2019s own long answers are shortened as well', async () => {
    const next = worker(3)
    let giant = true
    const { claim, error, commands } = await session(
      (request) => {
        if (tokensIn(request) > 3_000) return tooLong(3_072)
        if (!giant) return next()
        giant = false
        return { text: 'I think, therefore I think. '.repeat(700), ...run('first') }
      },
      { shell: () => long },
    )
    assert.equal(error, null)
    assert.equal(claim?.status, 'fixed')
    assert.equal(commands.length, 4)
  })

  test('a prompt that the server cuts without a word is noticed, and the window is taken for as small', async () => {
    const window = 4_096
    const next = worker(14)
    const { claim, commands, remarks, requests } = await session(
      (request) => ({
        ...next(),
        usage: { prompt_tokens: Math.min(window, tokensIn(request)), completion_tokens: 20 },
      }),
      { shell: () => long },
    )
    assert.equal(claim?.status, 'fixed')
    assert.equal(remarks.length, 1, remarks.join('\n'))
    assert.match(remarks[0] ?? '', /cut the request to 4096 tokens/)
    const cut = requests.filter((request) => tokensIn(request) > window).length
    assert.ok(cut <= 2, `${cut} requests were cut`)
    assert.ok(commands.length > 8)
  })

  test('a server that counts only what its cache had not is not taken for one that cuts', async () => {
    let before = 0
    const next = worker(10)
    const { claim, remarks, commands } = await session(
      (request) => {
        const usage = { prompt_tokens: Math.max(30, tokensIn(request) - before), completion_tokens: 20 }
        before = tokensIn(request)
        return { ...next(), usage }
      },
      { shell: () => long },
    )
    assert.equal(claim?.status, 'fixed')
    assert.deepEqual([remarks, commands.length], [[], 10])
  })
})
