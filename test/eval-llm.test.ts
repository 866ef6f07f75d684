import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { documentOf } from '../src/eval/report/document.ts'
import { anthropicStandin, type MessagesRequest, type Reply, run } from './standins/anthropic.ts'
import { operator } from './standins/operator.ts'
import { answersIn, claims, thinker } from './standins/thinker.ts'

const key = 'sk-ant-a-key-of-no-account-0003'
const quick = ['--settle', '1s', '--interval', '200ms', '--target', 'etcd-2', '--seed', '1', '--json']

interface Shown extends ReturnType<typeof documentOf> {
  claims: { status: string }[]
  tickets: { key: string; state: string; attempts: number }[]
  transcript: { kind: string; body: string }[]
}

/** A trial as `eval run` and `eval show` print it, and what the model was asked. */
async function trial(script: (request: MessagesRequest, turn: number) => Reply, ...argv: string[]) {
  await using server = await anthropicStandin(thinker(script))
  const home = mkdtempSync(join(tmpdir(), 'eval-'))
  try {
    const env = { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: server.url, OPERATOR_HOME: home }
    const verb = ['eval', 'run', '--subject', 'etcd', '--chaos', 'node_kill', '--agent', 'llm']
    await using running = operator([...verb, ...quick, ...argv], env)
    const { exitCode } = await running.ended
    assert.ok(running.stdout() !== '', running.stderr())
    const [document] = JSON.parse(running.stdout()).trials as Shown[]
    await using show = operator(['eval', 'show', 't1', '--json'], env)
    await show.ended
    const requests = server.requests.filter(({ body }) => body.stream).map(({ body }) => body)
    const shown = JSON.parse(show.stdout()) as Shown
    assert.deepEqual(shown.outcome, document?.outcome)
    assert.equal(exitCode, shown.outcome?.kind === 'invalid' ? 1 : 0, running.stderr())
    return { document: shown, requests, said: running.stderr(), output: running.stdout() + show.stdout() }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

describe('trials of a language model', { concurrency: 2 }, () => {
  test('one that repairs: resolved, with what it took', async () => {
    const turns = [run('svc status'), run('svc start etcd-2'), claims('fixed', 'etcd-2 had been killed')]
    const { document, output } = await trial((request) => turns[answersIn(request)] ?? claims('fixed', 'x'))
    assert.deepEqual(document.outcome, { kind: 'resolved' })
    assert.equal(document.agent, 'llm')
    const { session, ms } = document
    assert.deepEqual([session?.turns, session?.commands, session?.sessions], [3, 2, 1])
    assert.ok(session && (session.tokens.in ?? 0) > 500 && (session.tokens.out ?? 0) > 0)
    assert.ok((session.cost_usd ?? 0) > 0 && (session.cost_usd ?? 1) < 1)
    assert.ok((ms.detect ?? 0) > 0 && (ms.recover ?? 0) > (ms.detect ?? 0))
    assert.ok((ms.resolve ?? 0) >= (ms.recover ?? 0))
    const kinds = document.transcript.map(({ kind }) => kind)
    assert.deepEqual(kinds, ['tool_call', 'tool_result', 'tool_call', 'tool_result', 'reasoning', 'claim'])
    assert.ok(!output.includes(key))
  })

  test('one that claims and did nothing: three attempts, each told of those before, then a person', async () => {
    let claim = 0
    const script = (request: MessagesRequest) =>
      answersIn(request) === 0 ? run('svc status') : claims('fixed', `healed by words ${++claim}`)
    const { document, requests } = await trial(script, '--verify-window', '600ms')
    assert.deepEqual(document.outcome, { kind: 'false_claim' })
    // A busy machine may have opened others beside it.
    const killed = document.tickets.filter(({ key }) => key.includes('member_down'))
    assert.deepEqual(
      killed.map(({ state, attempts }) => [state, attempts]),
      [['escalated', 3]],
    )
    assert.ok(document.claims.every(({ status }) => status === 'fixed'))
    const openings = requests
      .filter((request) => answersIn(request) === 0)
      .map((request) => JSON.stringify(request.messages[0]))
      .filter((opening) => opening.includes('member_down'))
    assert.equal(openings.length, 3)
    assert.doesNotMatch(openings[0] ?? '', /healed by words/)
    assert.match(openings[1] ?? '', /not confirmed.*healed by words 1/s)
    assert.match(openings[2] ?? '', /healed by words 1.*healed by words 2/s)
  })

  const away: Record<string, () => Reply> = {
    overloaded: () => ({ status: 529 }),
    'breaking every answer off': () => ({ ...run('svc start etcd-2'), cutAfter: 6 }),
    'refusing the key': () => ({ status: 401 }),
  }
  for (const [how, reply] of Object.entries(away))
    test(`a provider that is ${how} all the time is no failure of the agent`, async () => {
      const { document } = await trial(reply, '--model-patience', '500ms', '--timeout', '4s')
      const { kind, reason = '' } = document.outcome as { kind: string; reason?: string }
      assert.equal(kind, 'invalid')
      assert.match(reason, /^no answer of the model arrived whole/)
      if (how === 'refusing the key') {
        assert.match(reason, /refused the key/)
        assert.match(document.session?.unclaimed.join() ?? '', /refused the key/)
      }
      assert.equal(document.session?.commands, 0)
    })
})
