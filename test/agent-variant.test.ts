import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import type { Variant } from '../src/core/work/variant.ts'
import type { Cluster } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { type Entry, sessionEntries } from '../src/store/audit/audit.ts'
import { type OperatorDb, openOperatorDb } from '../src/store/operator/open.ts'
import { listSessions, type Session } from '../src/store/operator/sessions.ts'
import { openTicket } from '../src/store/operator/tickets.ts'
import { topology } from '../src/subjects/etcd/topology.ts'
import { type Answer, anthropicStandin, type MessagesRequest, run } from './standins/anthropic.ts'
import { operator, type Running } from './standins/operator.ts'
import type { Standin } from './standins/server.ts'
import { answersIn, claims, thinker } from './standins/thinker.ts'
import { newTicket } from './standins/tickets.ts'
import { until } from './standins/until.ts'

const { can } = (await netns.abilities()).clusters as { can: boolean }

interface Seen {
  session: Session
  entries: Entry[]
  requests: MessagesRequest[]
}
interface Case {
  variant: Omit<Variant, 'name'>
  /** What the model answers, turn by turn; else it looks once and gives up. */
  answers?: Answer[]
  acts(seen: Seen): void
}

const gaveUp = claims('not_fixed', 'no idea')
const readsFirst = [run('svc status'), gaveUp]
/** A model that can be forced to call a tool: the newest think, and refuse that. */
const forceable = 'anthropic:claude-haiku-4-5'
const choices = ({ requests }: Seen) => requests.map(({ tool_choice: choice }) => choice?.type)
const commands = ({ entries }: Seen) =>
  entries.filter(({ kind }) => kind === 'tool_call').map(({ body }) => body)
const limitedBy = (reason: RegExp) => (seen: Seen) => {
  assert.match(seen.session.reason ?? '', reason)
  assert.equal(seen.session.claim?.status, 'not_fixed')
}
const noModel = (agent: string) => (seen: Seen) => {
  assert.deepEqual([seen.session.agent, seen.session.model, seen.requests.length], [agent, null, 0])
}

/** Each key alone, and what is different for it. The agent was started as the runbook, within its own limits. */
const cases: Record<string, Case> = {
  'agent: llm': {
    variant: { agent: 'llm' },
    acts: ({ session, requests }) => {
      assert.deepEqual([session.agent, session.model], ['llm', 'anthropic:claude-opus-5-5'])
      assert.match(requests[0]?.system[0]?.text ?? '', /^You are an autonomous site-reliability engineer/)
      assert.deepEqual(
        requests[0]?.tools?.map(({ name }) => name),
        ['shell'],
      )
      assert.match(
        JSON.stringify(requests[0]?.messages),
        /You have 33 turns and 60 s; a command may take 44 s/,
      )
    },
  },
  'agent: runbook': {
    variant: { agent: 'runbook' },
    acts: (seen) => {
      noModel('runbook')(seen)
      assert.equal(commands(seen)[0], 'svc status')
    },
  },
  'agent: nop': {
    variant: { agent: 'nop' },
    acts: (seen) => {
      noModel('nop')(seen)
      assert.deepEqual([commands(seen), seen.session.claim?.status], [[], 'not_fixed'])
    },
  },
  'agent: command': {
    variant: { agent: 'command', command: ['sh', '-c', 'echo "$0 was here"; exit 1', 'somebody'] },
    acts: (seen) => {
      noModel('command')(seen)
      assert.equal(seen.session.claim?.rootCause, 'somebody was here')
    },
  },
  model: {
    variant: { model: forceable },
    acts: ({ session, requests }) => {
      assert.deepEqual([session.agent, session.model], ['llm', forceable])
      assert.equal(requests[0]?.model, 'claude-haiku-4-5')
    },
  },
  system_prompt: {
    variant: { system_prompt: 'You are a gardener.' },
    acts: ({ requests }) => {
      const [system] = requests[0]?.system ?? []
      assert.match(system?.text ?? '', /^You are a gardener\.\n\nAbout this system\n.*etcd/s)
    },
  },
  'tool_choice: auto': {
    variant: { model: forceable, tools_config: { tool_choice: 'auto' } },
    acts: (seen) => assert.deepEqual(choices(seen), ['auto', 'auto']),
  },
  'tool_choice: required': {
    variant: { model: forceable, tools_config: { tool_choice: 'required' } },
    acts: (seen) => assert.deepEqual(choices(seen), ['any', 'auto']),
  },
  'tool_choice: required, where no call can be forced': {
    variant: { tools_config: { tool_choice: 'required' } },
    answers: [claims('fixed', 'I am sure'), ...readsFirst],
    acts: (seen) => {
      assert.match(JSON.stringify(seen.requests[1]?.messages.at(-1)), /Look before you answer/)
      assert.deepEqual([commands(seen), seen.session.claim?.status], [['svc status'], 'not_fixed'])
    },
  },
  'tool_choice: required, and a server that does not heed it': {
    variant: { model: forceable, tools_config: { tool_choice: 'required' } },
    answers: [claims('fixed', 'I am sure'), ...readsFirst],
    acts: (seen) => {
      assert.deepEqual(choices(seen), ['any', 'any', 'auto'])
      assert.deepEqual([commands(seen), seen.session.claim?.status], [['svc status'], 'not_fixed'])
      assert.equal(seen.session.turns, 3)
    },
  },
  'tool_choice: required, and a model that will not': {
    variant: { tools_config: { tool_choice: 'required' } },
    answers: [claims('fixed', 'I am sure'), claims('fixed', 'very sure')],
    acts: ({ session }) => {
      assert.equal(session.claim?.status, 'not_fixed')
      assert.match(session.claim?.rootCause ?? '', /^no command was run; it said: .*very sure/s)
    },
  },
  'enabled_tools: []': {
    variant: { tools_config: { enabled_tools: [] } },
    answers: [run('svc status'), gaveUp],
    acts: (seen) => {
      assert.deepEqual([seen.requests[0]?.tools, commands(seen)], [undefined, []])
      assert.match(seen.requests[0]?.system[0]?.text ?? '', /In this session you have no tool/)
    },
  },
  'limits.turns': {
    variant: { agent: 'llm', limits: { turns: 1 } },
    acts: limitedBy(/^no claim within 1 turns$/),
  },
  'limits.session_minutes': {
    variant: { agent: 'llm', limits: { session_minutes: 1 / 60 } },
    answers: [run('sleep 600')],
    acts: limitedBy(/time is over: 1 s$/),
  },
  'limits.command_seconds': {
    variant: { agent: 'llm', limits: { command_seconds: 0.3 } },
    answers: [run('sleep 600'), gaveUp],
    acts: ({ entries }) =>
      assert.equal(entries.find(({ kind }) => kind === 'tool_result')?.meta.timedOut, true),
  },
  'limits.cost_usd': {
    variant: { agent: 'llm', limits: { cost_usd: 0.000001 } },
    acts: limitedBy(/USD, allowed are 0.000001$/),
  },
  'limits.tokens': {
    variant: { agent: 'llm', limits: { tokens: 10 } },
    acts: limitedBy(/tokens, allowed are 10$/),
  },
  'limits.tokens: null': {
    variant: { agent: 'llm', limits: { tokens: null } },
    acts: ({ session }) => assert.equal(session.reason, null),
  },
}

describe('a ticket is worked on by its variant', { skip: can ? false : 'no namespaces here' }, () => {
  const home = mkdtempSync(join(tmpdir(), 'variants-'))
  let cluster: Cluster
  let db: OperatorDb
  let server: Standin<MessagesRequest>
  let agent: Running
  const undo = new AsyncDisposableStack()
  before(async () => {
    undo.defer(() => rmSync(home, { recursive: true, force: true }))
    cluster = undo.use(await netns.up(topology(3), { signal: new AbortController().signal }))
    db = undo.use(openOperatorDb(join(home, 'operator.db')))
    server = undo.use(
      await anthropicStandin(
        thinker((request) => {
          const name = Object.keys(cases).find((name) => isOf(name, request)) ?? ''
          return (cases[name]?.answers ?? readsFirst)[answersIn(request)] ?? gaveUp
        }),
      ),
    )
    const limits = ['--turns', '33', '--session-time', '1m', '--command-time', '44s']
    const env = {
      ANTHROPIC_API_KEY: 'sk-ant-of-no-account',
      ANTHROPIC_BASE_URL: server.url,
      OPERATOR_HOME: home,
    }
    agent = undo.use(operator(['agent', 'start', '--agent', 'runbook', '--poll', '50ms', ...limits], env))
  })
  after(() => undo.disposeAsync())

  const isOf = (name: string, request: MessagesRequest) =>
    JSON.stringify(request.messages[0]).includes(JSON.stringify(`seen: ${name}!`).slice(1, -1))
  async function give(name: string, variant: Omit<Variant, 'name'>): Promise<number> {
    const now = systemClock.now()
    const at = {
      cluster: cluster.id,
      subject: 'etcd',
      node: 'etcd-1',
      key: `etcd/x/${name}`,
      violatedAt: now,
    }
    const stamped = { name: 'mine', ...variant }
    const ticket = newTicket({ ...at, message: `seen: ${name}!`, variant: stamped, maxAttempts: 1 })
    return (await openTicket(db, ticket, now)).id
  }
  const lastOf = async (ticketId: number) => (await listSessions(db, { ticketId })).at(-1)
  async function ended(ticketId: number): Promise<Session> {
    const over = async () => ((await lastOf(ticketId))?.state ?? 'running') !== 'running'
    await until('its session has ended', over, 30_000).catch((cause) => {
      throw new Error(agent.stderr(), { cause })
    })
    const session = await lastOf(ticketId)
    assert.ok(session)
    return session
  }

  for (const [name, { variant, acts }] of Object.entries(cases))
    test(name, async () => {
      const session = await ended(await give(name, variant))
      const requests = server.requests
        .map(({ body }) => body)
        .filter((body) => body.stream && isOf(name, body))
      assert.equal(session.variant, 'mine')
      acts({ session, requests, entries: await sessionEntries(db, session.id) })
    })

  test('one that nobody can work by here ends with the reason', async () => {
    const id = await give('unusable', { model: 'openai-compatible:x', limits: { cost_usd: null } })
    const session = await ended(id)
    assert.equal(session.state, 'interrupted')
    assert.match(session.reason ?? '', /^cannot work on \w+: variant 'mine': .*where is the server\?/)
  })
})
