import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Cluster } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { type Entry, sessionEntries, usageIn } from '../src/store/audit/audit.ts'
import { verifyAudit } from '../src/store/audit/verify.ts'
import { listSessions, type Session } from '../src/store/operator/sessions.ts'
import { listTickets, ticketEvents } from '../src/store/operator/tickets.ts'
import { topology } from '../src/subjects/etcd/topology.ts'
import { type Answer, anthropicStandin, type Block, run, say } from './standins/anthropic.ts'
import { type ChatRequest, openaiStandin } from './standins/openai.ts'
import { type Running, type Scene, sceneWith } from './standins/operator.ts'
import { claims, summary, thinkAndRun, thinker } from './standins/thinker.ts'
import { until } from './standins/until.ts'

const key = 'sk-ant-a-key-of-no-account-0001'
const node = 'etcd-2'

/** `operator agent start` as people start it; only the provider is a stand-in. */
describe('the agent daemon on a cluster with a node that was killed', () => {
  let cluster: Cluster
  before(async () => {
    cluster = await netns.up(topology(3), { signal: new AbortController().signal })
  })
  after(() => cluster[Symbol.asyncDispose]())

  const llm = (scene: Scene, url: string, ...argv: string[]) =>
    scene.agent(['--agent', 'llm', ...argv], { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: url })
  const ticketIs = (scene: Scene, state: string, agent: Running) =>
    until(
      `the ticket is ${state}`,
      async () => (await listTickets(scene.db)).some((ticket) => ticket.state === state),
      20_000,
    ).catch((error) => {
      throw new Error(`the agent said: ${agent.stderr()}`, { cause: error })
    })
  const theSession = async (scene: Scene): Promise<Session & { entries: Entry[] }> => {
    const [session] = await listSessions(scene.db)
    assert.ok(session)
    return { ...session, entries: await sessionEntries(scene.db, session.id) }
  }
  const firstTicket = async (scene: Scene) => {
    const [ticket] = await listTickets(scene.db)
    assert.ok(ticket)
    return ticket
  }
  const kinds = (entries: readonly Entry[]) => entries.map(({ kind }) => kind)

  test('a model looks, repairs and claims; the monitor resolves; all of it is in the audit', async () => {
    await using scene = await sceneWith(cluster, node)
    await using server = await anthropicStandin(
      thinker([
        thinkAndRun('One member does not answer. I look which.', 'svc status'),
        thinkAndRun('It was killed and nothing starts it again.', `svc start ${node}`),
        claims('fixed', `${node} had been killed`, [`svc start ${node}`]),
      ]),
    )
    await using agent = llm(scene, server.url)
    await ticketIs(scene, 'resolved', agent)

    const ticket = await firstTicket(scene)
    assert.equal(ticket.key, `etcd/member_down/${node}`)
    assert.equal(ticket.resolvedBy, 'agent')
    assert.deepEqual(
      (await ticketEvents(scene.db, ticket.id)).map(({ event, by }) => `${event} by ${by}`),
      ['opened by monitor', 'claimed by agent', 'claimed fixed by agent', 'resolved by agent'],
    )
    const summed = async () => (await theSession(scene)).entries.every((entry) => entry.summary !== null)
    await until('every entry has its summary', summed)
    const { entries, ...session } = await theSession(scene)
    assert.deepEqual(kinds(entries), [
      'reasoning',
      'tool_call',
      'tool_result',
      'reasoning',
      'tool_call',
      'tool_result',
      'reasoning',
      'claim',
    ])
    assert.equal(entries[1]?.body, 'svc status')
    assert.match(entries[2]?.body ?? '', /etcd-2 +stopped +ended .* by signal KILL/)
    assert.deepEqual([entries[5]?.meta.exitCode, entries[5]?.meta.call], [0, 2])
    assert.equal(entries[2]?.summary, summary)
    assert.deepEqual([session.state, session.turns, session.commands], ['done', 3, 2])
    assert.ok((session.tokensIn ?? 0) > 500 && (session.tokensOut ?? 0) > 0 && (session.costUsd ?? 0) > 0)
    const perTurn = entries.flatMap((entry) => usageIn(entry.meta) ?? [])
    assert.equal(perTurn.length, 3)
    assert.equal(
      perTurn.reduce((sum, turn) => sum + (turn.tokensIn ?? 0), 0),
      session.tokensIn,
    )
    const verdict = await verifyAudit(scene.db)
    assert.ok(verdict.ok && verdict.entries === entries.length)
    assert.equal((await scene.say('audit', 'verify')).exitCode, 0)
    assert.match((await scene.say('audit', 'show', session.id.slice(0, 8))).stdout, /svc start etcd-2/)
    agent.child.kill('SIGTERM')
    assert.equal((await agent.ended).exitCode, 130)
  })

  test('the same through a server that speaks chat completions', async () => {
    await using scene = await sceneWith(cluster, node)
    const shell = (command: string) => ({ tools: [{ name: 'shell', input: { command, reasoning: 'why' } }] })
    const fence = '```'
    const report = `${fence}json\n{"status":"fixed","rootCause":"killed","actions":["start"]}\n${fence}`
    await using server = await openaiStandin((request: ChatRequest) => {
      const turn = request.messages.filter(({ role }) => role === 'assistant').length
      return [shell('svc status'), shell(`svc start ${node}`)][turn] ?? { text: report }
    })
    const provider = ['--model', 'openai-compatible:x', '--base-url', `${server.url}/v1`, '--cost', 'none']
    await using agent = scene.agent(['--agent', 'llm', ...provider])
    await ticketIs(scene, 'resolved', agent)
    assert.equal((await firstTicket(scene)).resolvedBy, 'agent')
    const { entries, ...session } = await theSession(scene)
    assert.deepEqual(kinds(entries).slice(0, 4), ['tool_call', 'tool_result', 'tool_call', 'tool_result'])
    assert.equal(session.model, 'openai-compatible:x')
    assert.equal(session.costUsd, null, 'an unknown price is not 0')
  })

  test('a provider on a bad day: every command runs once, and each retry can be seen', async () => {
    await using scene = await sceneWith(cluster, node)
    const count = 'echo once >>/tmp/count; wc -l </tmp/count'
    const broken: Block[] = [{ tool: 'shell', input: '{"command": "svc' }, ...run('svc status').blocks]
    await using server = await anthropicStandin(
      thinker([
        { status: 429, retryAfterSeconds: 1 },
        { ...run(count), cutAfter: 6 },
        run(count),
        { status: 529 },
        { blocks: broken },
        run(`svc start ${node}`),
        claims('fixed', 'it was stopped'),
      ]),
    )
    await using agent = llm(scene, server.url)
    await ticketIs(scene, 'resolved', agent)
    const { entries, ...session } = await theSession(scene)
    const [at429, next] = server.requests.filter(({ body }) => body.stream).map(({ at }) => at)
    assert.ok((next ?? 0) - (at429 ?? 0) >= 990, 'Retry-After is kept')
    const commands = entries.filter(({ kind }) => kind === 'tool_call').map(({ body }) => body)
    assert.deepEqual(commands, [count, 'svc status', `svc start ${node}`])
    assert.equal(entries.find(({ kind }) => kind === 'tool_result')?.body, '1\n')
    assert.equal(session.turns, 4)
    const retries = entries.filter(({ kind }) => kind === 'error').map(({ body }) => body)
    assert.equal(retries.length, 3)
    assert.match(
      retries[0] ?? '',
      /^attempt 1 to ask the model: no answer came: scripted 429; asking again in /,
    )
    assert.equal(agent.stderr().split('asking again in').length - 1, 3, agent.stderr())
  })

  const endings: Record<string, { turn: Answer; argv: string[]; rootCause: RegExp; reason: RegExp | null }> =
    {
      'never stops: the limit on turns does, and that is the reason': {
        turn: run('svc status'),
        argv: ['--turns', '3'],
        rootCause: /^ended by a limit: no claim within 3 turns$/,
        reason: /^no claim within 3 turns$/,
      },
      'runs on: so does the limit on time, within a command': {
        turn: run('sleep 600'),
        argv: ['--session-time', '1500ms'],
        rootCause: /^ended by a limit: the session's time is over: 1.5 s$/,
        reason: /time is over/,
      },
      'costs too much: so does the limit on money': {
        turn: { ...run('svc status'), usage: { input_tokens: 1_000_000 } },
        argv: ['--cost', '0.5'],
        rootCause: /^ended by a limit: .* USD, allowed are 0.5$/,
        reason: /USD/,
      },
      refuses: {
        turn: { blocks: [{ text: 'I will not.' }], stop: 'refusal' },
        argv: [],
        rootCause: /^the model refused: I will not\.$/,
        reason: null,
      },
      'talks and does nothing': {
        turn: say('All is well, I am sure.'),
        argv: [],
        rootCause: /^All is well, I am sure\.$/,
        reason: null,
      },
    }
  for (const [what, { turn, argv, rootCause, reason }] of Object.entries(endings))
    test(`a model that ${what}`, async () => {
      await using scene = await sceneWith(cluster, node)
      await using server = await anthropicStandin(thinker(() => turn))
      await using agent = llm(scene, server.url, ...argv)
      const returned = async () => (await firstTicket(scene)).attempts === 1
      await until(`the ticket is returned: ${agent.stderr()}`, returned, 15_000)
      const { entries, ...session } = await theSession(scene)
      assert.equal(session.state, 'done')
      assert.equal(session.claim?.status, 'not_fixed')
      assert.match(session.claim?.rootCause ?? '', rootCause)
      if (reason) assert.match(session.reason ?? '', reason)
      else assert.equal(session.reason, null)
      assert.equal(kinds(entries).at(-1), 'claim')
      const events = await ticketEvents(scene.db, (await firstTicket(scene)).id)
      assert.deepEqual(
        events.slice(0, 4).map(({ event }) => event),
        ['opened', 'claimed', 'claimed not_fixed', 'reopened'],
      )
      await until('nothing of it still runs', async () => {
        return (await cluster.run('etcd-1', ['pgrep', '-f', '^sleep 600'])).stdout === ''
      })
      assert.equal((await verifyAudit(scene.db)).ok, true)
    })
})
