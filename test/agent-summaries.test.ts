import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveModel } from '../src/agent/model/model.ts'
import { firstSentence, type SummaryOptions, summarizer } from '../src/agent/summarize.ts'
import { anthropicStandin, type Reply, type Script, say } from './standins/anthropic.ts'
import { slowed } from './standins/until.ts'

const long =
  'First it looked at the logs of all members. Then it restarted etcd-2, which had stopped, and looked again.'
const first = { text: 'First it looked at the logs of all members.', by: 'first sentence' }

async function withServer(script: Script, options: Partial<SummaryOptions> = {}) {
  const server = await anthropicStandin(script)
  const env = { ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: server.url }
  const failures: unknown[] = []
  const model = resolveModel('claude-haiku-5-5', env)
  const summarize = summarizer({ model, onFailure: (error) => failures.push(error), ...options })
  return { server, summarize, failures, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test('a small model says it in a sentence', async () => {
  const counted: number[] = []
  await using it = await withServer([say('Restarted etcd-2.\n')], {
    onTokens: ({ input }) => counted.push(input),
  })
  assert.deepEqual(await it.summarize(long), { text: 'Restarted etcd-2.', by: 'anthropic:claude-haiku-5-5' })
  assert.ok((counted[0] ?? 0) > 0)
})

test('without a model, and for what is short anyway, it is the first sentence', async () => {
  assert.deepEqual(await summarizer({ model: null })(long), first)
  await using it = await withServer([])
  assert.deepEqual(await it.summarize('Look at the logs.'), {
    text: 'Look at the logs.',
    by: 'first sentence',
  })
  assert.equal(it.server.requests.length, 0)
})

const bad: Record<string, Reply> = { error: { status: 500 }, reset: { reset: true }, empty: { blocks: [] } }
for (const [name, reply] of Object.entries(bad))
  test(`${name}: the first sentence`, async () => {
    await using it = await withServer([reply])
    assert.deepEqual(await it.summarize(long), first)
    assert.equal(it.server.requests.length, 1, 'asked once')
  })

test('a silent model holds nothing up', async () => {
  await using it = await withServer(() => ({ hang: true }), { timeoutMs: 100, concurrency: 1 })
  const at = performance.now()
  const all = await Promise.all(Array.from({ length: 20 }, () => it.summarize(long)))
  assert.ok(performance.now() - at < slowed(1_000))
  for (const summary of all) assert.deepEqual(summary, first)
})

test('a model that keeps failing is not asked again', async () => {
  await using it = await withServer(() => ({ status: 401 }))
  for (let at = 0; at < 6; at++) assert.deepEqual(await it.summarize(long), first)
  assert.equal(it.server.requests.length, 3)
  assert.equal(it.failures.length, 3)
})

test('no more requests at a time than allowed', async () => {
  let [open, most] = [0, 0]
  await using it = await withServer(
    () => {
      most = Math.max(most, ++open)
      setImmediate(() => open--)
      return say('Restarted it.')
    },
    { concurrency: 2 },
  )
  const all = await Promise.all(Array.from({ length: 10 }, (_, at) => it.summarize(`${at} ${long}`)))
  assert.ok(all.every(({ text }) => text === 'Restarted it.'))
  assert.ok(most <= 2)
})

test('first sentences: one line, at most 120 characters, nothing that moves a cursor', () => {
  assert.equal(firstSentence('A\u001b[31m red\u001b[0m\r\nline. And more.'), 'A red line.')
  assert.equal(
    firstSentence('etcd 3.5.1 runs at 10.0.0.1:2379 now. Yes.'),
    'etcd 3.5.1 runs at 10.0.0.1:2379 now.',
  )
  assert.equal([...firstSentence('x'.repeat(500))].length, 120)
  assert.equal([...firstSentence('😀'.repeat(500))].length, 120)
  assert.equal(firstSentence('\u0000\u202e'), '')
})
