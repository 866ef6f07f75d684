import assert from 'node:assert/strict'
import { test } from 'node:test'
import { llmAgent } from '../src/agent/kinds/llm.ts'
import { type ModelOptions, resolveModel } from '../src/agent/model/model.ts'
import { type ChatReply, type ChatScript, openaiStandin } from './standins/openai.ts'
import { type BenchOptions, bench, fixed } from './standins/work.ts'

const run = (command: string) => ({ tools: [{ name: 'shell', input: { command, reasoning: 'why' } }] })

async function session(
  script: ChatScript,
  bencho: BenchOptions = {},
  options: ModelOptions = {},
  key?: string,
) {
  await using server = await openaiStandin(script)
  const env = { OPERATOR_BASE_URL: `${server.url}/v1`, ...(key ? { OPENAI_API_KEY: key } : {}) }
  const model = resolveModel('openai-compatible:qwen3', env, options)
  const seat = bench(bencho)
  const claim = await llmAgent({ model, retry: { baseMs: 1, attempts: 5 }, stallMs: 300 })(seat.work)
  if (Array.isArray(script)) assert.equal(server.requests.length, script.length)
  return { claim, ...seat, requests: server.requests }
}

test('the same agent over chat completions, without a key', async () => {
  const { claim, log, spent, requests } = await session([
    { reasoning: 'One is missing.', text: 'I look.', ...run('ps') },
    run('start etcd-2'),
    { text: fixed },
  ])
  assert.equal(claim.status, 'fixed')
  assert.deepEqual(log.slice(0, 4), [
    'note: One is missing.',
    'note: I look.',
    'run: ps',
    'run: start etcd-2',
  ])
  assert.equal(requests[0]?.headers.authorization, undefined)
  assert.equal(spent[0]?.costUsd, null, 'an unknown price is not 0')
  assert.ok((spent[0]?.tokensIn ?? 0) > 0)
})

test('a key is sent where there is one; a given price is used', async () => {
  const { requests, spent } = await session([{ text: fixed }], {}, { priceIn: 1, priceOut: 2 }, 'sk-local')
  assert.equal(requests[0]?.headers.authorization, 'Bearer sk-local')
  const [usage] = spent
  assert.equal(usage?.costUsd, ((usage?.tokensIn ?? 0) * 1 + (usage?.tokensOut ?? 0) * 2) / 1e6)
})

const passing: Record<string, ChatReply> = {
  'rate limit': { status: 429 },
  'server error': { status: 503 },
  'connection reset': { reset: true },
  garbage: { garbage: true },
  silence: { hang: true },
  'dropped within a command': { ...run('rm x'), cutAfter: 1 },
  'dropped after the whole command': { ...run('rm x'), cutAfter: 2 },
}
for (const [name, reply] of Object.entries(passing))
  test(`${name}: asked for again, and nothing runs twice`, async () => {
    const { claim, commands } = await session([reply, run('ls'), reply, { text: fixed }])
    assert.equal(claim.status, 'fixed')
    assert.deepEqual(commands, ['ls'])
  })

test('malformed input, unknown tools, cut answers and filters', async () => {
  const tools = [
    { name: 'shell', input: '{"command": ' },
    { name: 'browser', input: {} },
    { name: 'shell', input: { command: 'ls', reasoning: 'r' } },
  ]
  const { claim, commands } = await session([
    { tools },
    { ...run('rm x'), stop: 'length' },
    { text: 'No.', stop: 'content_filter' },
    { text: 'Well.' },
    { text: fixed },
  ])
  assert.equal(claim.status, 'fixed')
  assert.deepEqual(commands, ['ls'])
})

test('a long session stays within a small window', async () => {
  const sizes: number[] = []
  const { claim } = await session(
    (request, index) => {
      sizes.push(JSON.stringify(request.messages).length / 4)
      return index < 25 ? run(`command-${index}`) : { text: fixed }
    },
    { shell: () => 'line\n'.repeat(500) },
    { contextTokens: 5000, outputTokens: 500 },
  )
  assert.equal(claim.status, 'fixed')
  assert.ok(Math.max(...sizes) < 5000)
})
