import assert from 'node:assert/strict'
import { test } from 'node:test'
import { llmAgent } from '../src/agent/kinds/llm.ts'
import { resolveModel } from '../src/agent/model/model.ts'
import { anthropicStandin, type MessagesRequest, type Reply, run, say } from './standins/anthropic.ts'
import { bench, fixed } from './standins/work.ts'

const tokens = (request: MessagesRequest) =>
  Math.ceil(JSON.stringify([request.system, request.messages]).length / 4)
const think = (reply: ReturnType<typeof run>, thought: string) => ({
  blocks: [{ thinking: thought }, ...reply.blocks],
})

/** A server with a small window, strict about it and about everything else. */
async function longSession(
  turns: number,
  serverTokens: number,
  believedTokens = serverTokens,
  outputChars = 3000,
) {
  const tooLong: number[] = []
  await using server = await anthropicStandin((request, index): Reply => {
    if (tokens(request) > serverTokens) {
      tooLong.push(index)
      return {
        status: 400,
        message: `prompt is too long: ${tokens(request)} tokens > ${serverTokens} maximum`,
      }
    }
    const answered = index - tooLong.length
    return answered < turns ? think(run(`command-${answered}`), `thought ${answered}`) : say(fixed)
  })
  const env = { ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: server.url }
  const model = resolveModel('claude-opus-5-5', env, { contextTokens: believedTokens, outputTokens: 500 })
  const seat = bench({
    shell: (command) => `${command} begins\n${'line\n'.repeat(outputChars / 5)}${command} ends`,
  })
  const claim = await llmAgent({ model, retry: { baseMs: 1, attempts: 3 } })(seat.work)
  return { claim, ...seat, tooLong, requests: server.requests.map(({ body }) => body) }
}

test('a long session stays within its window, and every request stays valid', async () => {
  const { claim, commands, requests, tooLong } = await longSession(30, 6000)
  assert.equal(claim.status, 'fixed')
  assert.equal(commands.length, 30)
  assert.deepEqual(tooLong, [])
  const last = JSON.stringify(requests.at(-1)?.messages)
  assert.match(last, /etcd-2 does not answer/, 'the tickets stay')
  assert.match(last, /command-0 -> exit code 0/, 'what was dropped is told as a fact')
  assert.match(last, /command-29 begins/, 'the newest output stays')
})

test('it is shortened rarely: most requests only add to the one before', async () => {
  const { requests } = await longSession(30, 10_000)
  const bare = (request: MessagesRequest | undefined) =>
    (request?.messages ?? []).map((message) =>
      JSON.stringify(message, (key, value) => (key === 'cache_control' ? undefined : value)),
    )
  const rewritten = requests.slice(1).filter((request, at) => {
    const before = bare(requests[at])
    return bare(request).slice(0, before.length).join() !== before.join()
  })
  assert.ok(
    rewritten.length > 0 && rewritten.length < requests.length / 3,
    `${rewritten.length} of ${requests.length}`,
  )
})

test('a window smaller than was thought is found out', async () => {
  const { claim, tooLong } = await longSession(12, 4000, 200_000)
  assert.equal(claim.status, 'fixed')
  assert.ok(tooLong.length > 0)
})

test('one output larger than the window is shortened, too', async () => {
  const { claim } = await longSession(3, 4000, 4000, 40_000)
  assert.equal(claim.status, 'fixed')
})

test('a window that fills up within an answer makes room for the next', async () => {
  await using server = await anthropicStandin([
    run('ls'),
    { ...say('and so'), stop: 'model_context_window_exceeded' },
    say(fixed),
  ])
  const env = { ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: server.url }
  const claim = await llmAgent({ model: resolveModel('claude-opus-5-5', env) })(bench().work)
  assert.equal(claim.status, 'fixed')
})
