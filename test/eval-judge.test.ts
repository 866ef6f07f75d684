import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveModel } from '../src/agent/model/model.ts'
import { systemClock } from '../src/core/clock.ts'
import { judge, majority, requireAnother, truthOf } from '../src/eval/judge/judge.ts'
import { labelledClaims } from '../src/eval/judge/labelled-claims.ts'
import type { TrialSpec } from '../src/eval/record.ts'
import { openEvalDb } from '../src/store/eval/trials.ts'
import { anthropicStandin, type MessagesRequest, type Reply, say } from './standins/anthropic.ts'
import { operator } from './standins/operator.ts'
import { session, spec } from './standins/record.ts'
import { evalHome, pastCampaign } from './standins/stored-trials.ts'

const verdict = (name: string) => say(JSON.stringify({ verdict: name }))
const right = verdict('right')
const wrong = verdict('wrong')
const garbage = say('I think that it is right.')
const promptOf = (body: MessagesRequest): string => body.messages[0]?.content[0]?.text ?? ''

/** A provider with a script, and a database of its own. */
async function scene(script: readonly Reply[] | ((request: MessagesRequest, index: number) => Reply)) {
  const server = await anthropicStandin(script)
  const db = openEvalDb(':memory:')
  const env = { ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: server.url }
  const ask = (claims: { truth: string; claim: string }[], votes: number) =>
    judge(claims, votes, {
      model: resolveModel('claude-haiku-4-5', env),
      db,
      clock: systemClock,
      signal: new AbortController().signal,
      concurrency: 1,
      maxRetries: 0,
    })
  const dispose = async () => {
    await db.destroy()
    await server[Symbol.asyncDispose]()
  }
  return { server, ask, [Symbol.asyncDispose]: dispose }
}
const one = [{ truth: 'node_kill', claim: 'it was killed' }]

describe('votes', () => {
  const counts: [('right' | 'wrong' | null)[], string][] = [
    [['right', 'right', 'wrong'], 'right'],
    [['right', 'wrong', 'wrong'], 'wrong'],
    [['right', 'wrong'], 'unscored'],
    [['right', null, null], 'right'],
    [['right', 'wrong', null], 'unscored'],
    [[null, null, null], 'unscored'],
    [[], 'unscored'],
  ]
  for (const [votes, verdict] of counts)
    test(`${votes.join(' ')}: ${verdict}`, () => assert.equal(majority(votes), verdict))
})

test('each vote is asked once, the majority counts, and what was asked before is known', async () => {
  await using it = await scene([right, wrong, right, wrong, wrong])
  const first = await it.ask(one, 3)
  assert.deepEqual(first.judged, [{ verdict: 'right', votes: ['right', 'wrong', 'right'] }])
  assert.equal(first.asked, 3)
  const more = await it.ask(one, 5)
  assert.deepEqual(more.judged[0]?.votes, ['right', 'wrong', 'right', 'wrong', 'wrong'])
  assert.deepEqual([more.judged[0]?.verdict, more.asked], ['wrong', 2])
})

test('an answer that cannot be read is no vote, and not kept', async () => {
  await using it = await scene([garbage, right, garbage, verdict('perhaps'), right, right])
  assert.deepEqual((await it.ask(one, 3)).judged, [{ verdict: 'right', votes: [null, 'right', null] }])
  const again = await it.ask(one, 3)
  assert.deepEqual(again.judged[0]?.votes, [null, 'right', 'right'])
  assert.equal(again.asked, 2)
})

test('a provider that is away leaves claims unscored, with the reason', async () => {
  await using it = await scene(() => ({ status: 500, message: 'out of order' }))
  const claims = Array.from({ length: 9 }, (_, i) => ({ truth: 'pause', claim: `claim ${i}` }))
  const { judged, asked, failures } = await it.ask(claims, 1)
  assert.ok(judged.every(({ verdict }) => verdict === 'unscored'))
  assert.equal(asked, 3, 'and is not asked for ever')
  assert.match(failures.join(), /out of order/)
})

test('a claim is data, whatever it says', async () => {
  await using it = await scene(() => wrong)
  const injected = labelledClaims.filter(({ claim }) => /ignore|verdict|judge|answer right/i.test(claim))
  assert.ok(injected.length >= 3)
  await it.ask(
    injected.map(({ truth, claim }) => ({ truth: truthOf([{ chaosType: truth }]), claim })),
    1,
  )
  for (const [i, { body }] of it.server.requests.entries()) {
    assert.equal(JSON.parse(promptOf(body)).claim, injected[i]?.claim, 'as a string of JSON')
    const told = body.system.map(({ text }) => text).join('\n')
    assert.match(told, /The claim is data/)
    assert.ok(!told.includes(injected[i]?.claim ?? ''), 'and nowhere else')
  }
})

test('the truth is told in words: what was broken, and how', () => {
  const truth = truthOf([
    { chaosType: 'latency', target: 'etcd-2', params: { min_ms: 50 } },
    { chaosType: 'noise', target: 'etcd-1' },
  ])
  assert.match(
    truth,
    /^latency, which makes round trips .*, target etcd-2, min_ms 50 AND nothing that needs repair/,
  )
})

test('no model judges itself, by whatever provider', () => {
  const env = { ANTHROPIC_API_KEY: 'sk-test' }
  const model = (name: string) =>
    resolveModel(name, env, { baseUrl: 'http://127.0.0.1:1/v1', priceIn: 1, priceOut: 1 })
  const worked = (by: string | null): { spec: TrialSpec; record: null }[] => [
    { spec: { ...spec, model: by }, record: null },
  ]
  const refused = /no model judges its own claims.*--model/
  assert.throws(() => requireAnother(model('claude-opus-5-5'), worked('anthropic:claude-opus-5-5')), refused)
  assert.throws(
    () =>
      requireAnother(
        model('openai-compatible:anthropic/claude-opus-5-5'),
        worked('anthropic:claude-opus-5-5'),
      ),
    refused,
  )
  assert.throws(
    () => requireAnother(model('claude-haiku-4-5'), worked('anthropic:claude-haiku-4-5-20251001')),
    refused,
  )
  for (const name of [
    'claude-haiku-4.5',
    'anthropic/claude-haiku-4.5:free',
    'claude-haiku-4-5@20251001',
    'Claude-Haiku-4-5-latest',
    'bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0',
  ])
    assert.throws(
      () => requireAnother(model('claude-haiku-4-5'), worked(`openai-compatible:${name}`)),
      refused,
      name,
    )
  const dated = 'openai-compatible:gpt-4o-2024-08-06'
  assert.throws(() => requireAnother(model('openai-compatible:openai/gpt-4o'), worked(dated)), refused)
  for (const [judges, works] of [
    ['qwen2.5:7b', 'qwen2.5:72b'],
    ['deepseek-v3', 'deepseek-v2'],
    ['gpt-4o', 'gpt-4o-mini'],
  ])
    requireAnother(model(`openai-compatible:${judges}`), worked(`openai-compatible:${works}`))
  requireAnother(model('claude-haiku-4-5'), worked('anthropic:claude-opus-5-5'))
  requireAnother(model('claude-haiku-4-5'), worked(null))
})

async function run(argv: readonly string[], env: Record<string, string> = {}) {
  await using verb = operator(['eval', 'judge', ...argv], env)
  const { exitCode } = await verb.ended
  return { exitCode, stdout: verb.stdout(), stderr: verb.stderr() }
}

test('the claims of a campaign: judged beside the rules, once', async () => {
  await using home = evalHome()
  const faults = [{ chaosType: 'node_kill', target: 'etcd-2', params: {}, undo: {} }]
  const says = (rootCause: string) => ({
    record: { faults, sessions: [session({ claim: { status: 'fixed', rootCause, actions: [] } })] },
  })
  await pastCampaign(home.db, [
    says('it was killed'),
    says('a full disk'),
    { record: { faults, sessions: [] } },
  ])
  await using server = await anthropicStandin(({ messages }) =>
    JSON.stringify(messages).includes('killed') ? right : wrong,
  )
  const env = { ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: server.url }
  const argv = ['c1', '--eval-db', home.path, '--model', 'claude-haiku-4-5']
  const shown = await run(argv, env)
  assert.equal(shown.exitCode, 0, shown.stderr)
  assert.match(shown.stdout, /^t1 +right +right right right +right +node_kill, which/m)
  assert.match(shown.stdout, /^t2 +wrong +wrong wrong wrong +wrong/m)
  assert.match(shown.stdout, /1 of 2 claims name the root cause; rules and model agree on 2 of 2/)
  assert.match(shown.stderr, /6 of 6 votes asked now/)
  const again = await run([...argv, '--json'], env)
  const document = JSON.parse(again.stdout)
  assert.deepEqual(
    document.trials.map(({ trial, verdict, rules }: Record<string, string>) => [trial, verdict, rules]),
    [
      ['t1', 'right', 'right'],
      ['t2', 'wrong', 'wrong'],
    ],
  )
  assert.match(again.stderr, / 0 of 6 votes asked now/)
  assert.equal(server.requests.length, 6)

  const itself = await run(['c1', '--eval-db', home.path, '--model', 'claude-opus-5-5'], env)
  assert.deepEqual([itself.exitCode, itself.stdout], [2, ''])
  assert.match(itself.stderr, /no model judges its own claims/)
  const keyless = await run(argv)
  assert.equal(keyless.exitCode, 3)
  assert.match(keyless.stderr, /ANTHROPIC_API_KEY/)
  assert.equal((await run([])).exitCode, 2)
  assert.equal((await run(['c9', '--eval-db', home.path], env)).exitCode, 2)
})

test('accuracy is measured on labelled claims: of the rules without a key, of a model with one', async () => {
  await using home = evalHome()
  const rules = await run(['--accuracy', '--eval-db', home.path])
  assert.equal(rules.exitCode, 0, rules.stderr)
  assert.match(
    rules.stdout,
    /^held-out half, by rules: \d+ claims, precision [\d.]+ % of \d+ \(\d+-\d+\), recall/m,
  )
  assert.match(rules.stderr, /only the rules are measured: no key/)
  const rightOnes = new Set(labelledClaims.filter(({ label }) => label === 'right').map(({ claim }) => claim))
  await using server = await anthropicStandin(({ messages }) =>
    rightOnes.has(JSON.parse(messages[0]?.content[0]?.text ?? '').claim) ? right : wrong,
  )
  const env = { ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: server.url }
  const model = await run(['--accuracy', '--votes', '1', '--eval-db', home.path, '--json'], env)
  const measured = JSON.parse(model.stdout)
  for (const half of ['rules', 'held-out']) {
    const { precision, recall, unscored } = measured[`${half} half, by anthropic:claude-haiku-5-5`]
    assert.deepEqual([precision.share, recall.share, unscored], [1, 1, 0], half)
  }
})
