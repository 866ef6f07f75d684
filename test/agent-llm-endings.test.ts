import assert from 'node:assert/strict'
import { test } from 'node:test'
import { llmAgent } from '../src/agent/kinds/llm.ts'
import { resolveModel } from '../src/agent/model/model.ts'
import { type Answer, anthropicStandin, run, type Script, say } from './standins/anthropic.ts'
import { type BenchOptions, bench, fixed } from './standins/work.ts'

async function session(script: Script, options: BenchOptions = {}) {
  await using server = await anthropicStandin(script)
  const env = { ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: server.url }
  const agent = llmAgent({ model: resolveModel('claude-opus-5-5', env), retry: { baseMs: 1, attempts: 3 } })
  const seat = bench(options)
  const claim = await agent(seat.work)
  if (Array.isArray(script)) assert.equal(server.requests.length, script.length)
  return { claim, ...seat, requests: server.requests.map(({ body }) => body) }
}

const refusal = (blocks: Answer['blocks'] = []): Answer => ({ blocks, stop: 'refusal' })
const cut = (answer: Answer): Answer => ({ ...answer, stop: 'max_tokens' })

test('an answer without a claim is asked for one, once', async () => {
  assert.equal((await session([say('It works again.'), say(fixed)])).claim.status, 'fixed')
  const { claim } = await session([say('It works again.'), say('I said: it works again.')])
  assert.deepEqual(claim, { status: 'not_fixed', rootCause: 'I said: it works again.', actions: [] })
})

test('a claim that cannot be read is asked for again, once', async () => {
  const broken = '```json\n{"status": "fixed", "rootCause": \n```'
  const { claim, requests } = await session([say(broken), say(fixed)])
  assert.equal(claim.status, 'fixed')
  assert.match(JSON.stringify(requests[1]?.messages.at(-1)), /could not be read/)
})

test('after the reminder it may also go on working', async () => {
  const { claim, commands } = await session([say('Hm.'), run('ls'), say('Hm.'), say(fixed)])
  assert.equal(claim.status, 'fixed')
  assert.deepEqual(commands, ['ls'])
})

test('an empty answer, or one of thinking only, is reminded once', async () => {
  assert.equal((await session([{ blocks: [] }, say(fixed)])).claim.status, 'fixed')
  assert.equal(
    (await session([run('ls'), { blocks: [{ thinking: 'Hm.' }] }, say(fixed)])).claim.status,
    'fixed',
  )
  const { claim } = await session([{ blocks: [] }, { blocks: [] }])
  assert.deepEqual(claim, {
    status: 'not_fixed',
    rootCause: 'the model gave no answer',
    actions: [],
    unclaimed: true,
  })
})

test('a refusal is answered once; the refused words are not sent back', async () => {
  const once = await session([run('ls'), refusal([{ text: 'I cannot' }]), say(fixed)])
  assert.equal(once.claim.status, 'fixed')
  assert.doesNotMatch(JSON.stringify(once.requests[2]?.messages), /I cannot/)
  const twice = await session([refusal(), refusal([{ text: 'No.' }])])
  assert.deepEqual(twice.claim, {
    status: 'not_fixed',
    rootCause: 'the model refused: No.',
    actions: [],
    unclaimed: true,
  })
})

test('nothing of a cut answer is run', async () => {
  const blocks = [...run('rm a').blocks, { tool: 'shell', input: '{"command": "rm' }]
  const { claim, commands } = await session([cut({ blocks }), run('ls'), say(fixed)])
  assert.equal(claim.status, 'fixed')
  assert.deepEqual(commands, ['ls'])
})

test('a cut text is continued once; a claim that is complete counts', async () => {
  assert.equal((await session([cut(say('First I')), say(fixed)])).claim.status, 'fixed')
  assert.equal((await session([cut(say(fixed))])).claim.status, 'fixed')
  assert.equal((await session([cut(say('First I')), cut(say('Then I'))])).claim.rootCause, 'Then I')
})

test('cached tokens are counted, and cost less', async () => {
  const long = 'x'.repeat(40_000)
  const { spent } = await session([run('a'), run('b'), say(fixed)], { shell: () => long })
  const [first, second, third] = spent
  assert.equal(first?.tokensCached, 0)
  assert.ok((second?.tokensCached ?? 0) > 0)
  assert.ok((third?.tokensCached ?? 0) > 10_000, 'what the second request wrote, the third reads')
  // 4 USD in, 5 written to the cache, 0.2 read from it, 20 out; each per million tokens.
  assert.ok(
    (third?.costUsd ?? 0) < ((third?.tokensIn ?? 0) * 4) / 1e6 + ((third?.tokensOut ?? 0) * 20) / 1e6 + 0.02,
  )
  const model = resolveModel('claude-opus-5-5', { ANTHROPIC_API_KEY: 'k' })
  const fresh = model.costUsd({ input: 1e6, cacheRead: 0, cacheWrite: 0, output: 0 })
  const read = model.costUsd({ input: 1e6, cacheRead: 1e6, cacheWrite: 0, output: 0 })
  const written = model.costUsd({ input: 1e6, cacheRead: 0, cacheWrite: 1e6, output: 0 })
  assert.ok((read ?? 1) < (fresh ?? 0) / 5 && (written ?? 0) > (fresh ?? 1))
})

test('what broken answers cost is counted with the turn that follows', async () => {
  const whole = await session([say(fixed)])
  const broken = await session([{ ...say(fixed), cutAfter: 4 }, say(fixed)])
  assert.equal(broken.spent.length, 1)
  assert.equal(broken.spent[0]?.tokensIn, (whole.spent[0]?.tokensIn ?? 0) * 2)
})
