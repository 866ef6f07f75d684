import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import type { Cluster } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { sessionEntries } from '../src/store/audit/audit.ts'
import { verifyAudit } from '../src/store/audit/verify.ts'
import { listSessions, type Session } from '../src/store/operator/sessions.ts'
import { listTickets, ticketEvents } from '../src/store/operator/tickets.ts'
import { topology } from '../src/subjects/etcd/topology.ts'
import { anthropicStandin, run } from './standins/anthropic.ts'
import { type Running, type Scene, sceneWith } from './standins/operator.ts'
import { claims, thinker } from './standins/thinker.ts'
import { until } from './standins/until.ts'

const node = 'etcd-3'
const key = 'sk-ant-a-key-of-no-account-0002'
/** It hides as well as an honest command may: in the background, in a session of its own, deaf to signals. */
const long = `setsid bash -c 'trap "" TERM HUP INT; exec -a lingering-1 sleep 600' & trap "" TERM HUP INT; exec -a lingering-2 sleep 600`

/** The end of an agent in the middle of its work, with a command of its running in the cluster. */
describe('an agent that ends early', () => {
  let cluster: Cluster
  before(async () => {
    cluster = await netns.up(topology(3), { signal: new AbortController().signal })
  })
  after(() => cluster[Symbol.asyncDispose]())

  const lingering = async () => (await cluster.run('etcd-1', ['pgrep', '-cf', '^lingering-'])).stdout.trim()
  const firstTicket = async (scene: Scene) => {
    const [ticket] = await listTickets(scene.db)
    assert.ok(ticket)
    return ticket
  }
  const sessions = async (scene: Scene): Promise<Session[]> => await listSessions(scene.db)

  /** Starts an agent whose model runs the long command, and returns once that runs. */
  async function agentAtWork(scene: Scene, undo: AsyncDisposableStack, ...argv: string[]): Promise<Running> {
    const server = undo.use(await anthropicStandin(thinker(() => run(long))))
    const agent = scene.agent(['--agent', 'llm', ...argv], {
      ANTHROPIC_API_KEY: key,
      ANTHROPIC_BASE_URL: server.url,
    })
    await until('its command runs', async () => (await lingering()) === '2', 15_000).catch((cause) => {
      throw new Error(agent.stderr(), { cause })
    })
    return agent
  }

  async function repairBySecond(scene: Scene, undo: AsyncDisposableStack): Promise<string> {
    const server = undo.use(
      await anthropicStandin(thinker([run(`svc start ${node}`), claims('fixed', 'it had been killed')])),
    )
    scene.agent(['--agent', 'llm'], { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: server.url })
    await until('resolved', async () => (await firstTicket(scene)).state === 'resolved', 20_000)
    return JSON.stringify(server.requests[0]?.body.messages)
  }

  test('kill -9: its command is gone, its lease expires, another agent takes over', async () => {
    await using scene = await sceneWith(cluster, node)
    await using undo = new AsyncDisposableStack()
    const agent = await agentAtWork(scene, undo, '--lease', '3s')
    const killedAt = systemClock.now()
    agent.child.kill('SIGKILL')
    assert.equal((await agent.ended).signal, 'SIGKILL')
    await until('nothing of the command is left', async () => (await lingering()) === '0', 30_000)
    const [left] = await sessions(scene)
    assert.equal(left?.state, 'running', 'nobody could say yet that it is dead')

    const prompt = await repairBySecond(scene, undo)
    const [first, second] = await sessions(scene)
    assert.deepEqual([first?.state, first?.reason], ['interrupted', 'lease expired'])
    assert.deepEqual([second?.state, second?.claim?.status], ['done', 'fixed'])
    assert.ok((second?.startedAt ?? 0) >= (left?.leaseUntil ?? Number.POSITIVE_INFINITY), 'not before')
    assert.ok((left?.leaseUntil ?? 0) - killedAt <= 3_000)
    assert.match(prompt, /was interrupted: lease expired/)
    const ticket = await firstTicket(scene)
    assert.deepEqual([ticket.resolvedBy, ticket.attempts], ['agent', 0])
    const events = await ticketEvents(scene.db, ticket.id)
    assert.deepEqual(
      events.map(({ event }) => event),
      ['opened', 'claimed', 'freed', 'claimed', 'claimed fixed', 'resolved'],
    )
    assert.equal((await verifyAudit(scene.db)).ok, true)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    test(`${signal}: the session is interrupted and the ticket free at once`, async () => {
      await using scene = await sceneWith(cluster, node)
      await using undo = new AsyncDisposableStack()
      const agent = await agentAtWork(scene, undo, '--lease', '10m')
      agent.child.kill(signal)
      const { exitCode } = await agent.ended
      assert.equal(exitCode, 130, agent.stderr())
      assert.equal(await lingering(), '0')
      const [session] = await sessions(scene)
      assert.deepEqual([session?.state, session?.reason], ['interrupted', `stopped by ${signal}`])
      const ticket = await firstTicket(scene)
      assert.deepEqual([ticket.state, ticket.sessionId, ticket.attempts], ['open', null, 0])
      const entries = await sessionEntries(scene.db, session?.id ?? '')
      assert.deepEqual(
        entries.map(({ kind }) => kind),
        ['tool_call', 'tool_result', 'error'],
      )
      assert.match(entries[1]?.body ?? '', /^cut short: stopped by/)
      assert.ok(entries.every(({ summary }) => summary !== null))
      if (signal === 'SIGTERM') await repairBySecond(scene, undo)
      assert.equal((await verifyAudit(scene.db)).ok, true)
    })

  test('SIGTERM while it waits for the model, and while it has nothing to do', async () => {
    await using scene = await sceneWith(cluster, node)
    await using server = await anthropicStandin(() => ({ status: 529, retryAfterSeconds: 60 }))
    const agent = scene.agent(['--agent', 'llm'], {
      ANTHROPIC_API_KEY: key,
      ANTHROPIC_BASE_URL: server.url,
    })
    await until('it waits', () => agent.stderr().includes('asking again'), 30_000)
    agent.child.kill('SIGTERM')
    assert.equal((await agent.ended).exitCode, 130)
    assert.deepEqual(
      (await sessions(scene)).map(({ state }) => state),
      ['interrupted'],
    )
    const idle = scene.agent(['--agent', 'runbook', '--lab', 'another-cluster'])
    await until('it waits', () => idle.stderr().includes('waits for tickets'), 30_000)
    idle.child.kill('SIGTERM')
    assert.equal((await idle.ended).exitCode, 130)
    assert.equal((await sessions(scene)).length, 1)
  })
})
