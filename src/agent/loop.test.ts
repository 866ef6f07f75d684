import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addTicket, desk, echo, endless, fixedIt } from '../../test/standins/desk.ts'
import { until } from '../../test/standins/until.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { Interrupted } from '../core/errors.ts'
import { wakeUpSignal } from '../core/wake-up.ts'
import type { AgentKind } from '../core/work/agent.ts'
import type { Limits } from '../core/work/limits.ts'
import { sessionEntries } from '../store/audit/audit.ts'
import { claimTickets, expireLeases, listSessions } from '../store/operator/sessions.ts'
import { listTickets } from '../store/operator/tickets.ts'
import { type AgentEvent, type AgentOptions, runAgent } from './loop.ts'

/** A daemon in this process; it is stopped with the scope. */
function daemon(it: Awaited<ReturnType<typeof desk>>, kind: AgentKind, own: Partial<AgentOptions> = {}) {
  const stop = new AbortController()
  const events: AgentEvent[] = []
  const { sandbox: _, briefing, ...common } = it.common
  const running = runAgent({
    ...common,
    agent: 'test',
    model: null,
    owner: 'me',
    clusters: null,
    workplace: async () => ({ kind, sandbox: echo, briefing }),
    pollMs: 5,
    leaseMs: 300,
    signal: stop.signal,
    onEvent: (event) => events.push(event),
    ...own,
  })
  return {
    events,
    kinds: () => events.map(({ kind }) => kind),
    stop: () => stop.abort(new Interrupted('stopped by SIGTERM')),
    running,
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Interrupted('stopped by SIGTERM'))
      await running
    },
  }
}

describe('the agent daemon', () => {
  test('finds work that comes later, takes all of a cluster, and goes on looking', async () => {
    await using it = await desk([])
    const seen: string[][] = []
    const kind: AgentKind = async ({ tickets }) => {
      seen.push(tickets.map(({ node }) => node))
      return fixedIt
    }
    await using agent = daemon(it, kind)
    await it.db.transaction().execute(async (tx) => {
      await addTicket(tx as typeof it.db, 'c1', 'etcd-1')
      await addTicket(tx as typeof it.db, 'c1', 'etcd-2')
    })
    await until('first', () => seen.length === 1)
    await addTicket(it.db, 'c2', 'etcd-3')
    await until('second', () => agent.kinds().length === 4)
    assert.deepEqual(seen, [['etcd-1', 'etcd-2'], ['etcd-3']])
    assert.deepEqual(agent.kinds(), ['claimed', 'ended', 'claimed', 'ended'])
  })

  test('takes open tickets at once when notified, polls otherwise, and claims nothing on an idle notification', async () => {
    await using it = await desk([])
    const wakeUp = wakeUpSignal(systemClock)
    await using agent = daemon(it, async () => fixedIt, { wakeUp, pollMs: 60_000 })
    for (let i = 0; i < 5; i++) wakeUp.notify()
    await addTicket(it.db, 'c1', 'etcd-1')
    wakeUp.notify()
    await until('it is done', () => agent.kinds().includes('ended'))
    assert.deepEqual(agent.kinds(), ['claimed', 'ended'])
  })

  test('notifications never delay a poll, however many: only a poll frees the tickets of a dead agent', async () => {
    await using it = await desk()
    await claimTickets(
      it.db,
      { sessionId: 's1', agent: 'x', model: null, owner: 'dead', clusters: null, leaseMs: 100 },
      systemClock.now(),
    )
    const wakeUp = wakeUpSignal(systemClock)
    const ringing = setInterval(wakeUp.notify, 1)
    try {
      await using agent = daemon(it, async () => fixedIt, { wakeUp, pollMs: 50 })
      await until('it has taken over', () => agent.kinds().includes('claimed'))
    } finally {
      clearInterval(ringing)
    }
  })

  test('works within what is left of the budgets, and not at all once the day\u2019s is used up', async () => {
    await using it = await desk()
    const limits: Limits[] = []
    const kind: AgentKind = async (work) => {
      limits.push(work.limits)
      await work.spend({ tokensIn: 10, tokensOut: 1, tokensCached: 0, costUsd: 0.5 })
      return { status: 'not_fixed', rootCause: 'hm', actions: [] }
    }
    await using agent = daemon(it, kind, {
      model: 'x:y',
      agent: 'llm',
      workplace: async () => ({ kind, sandbox: echo, briefing: '', isPaid: true }),
      budgets: { ticket: { costUsd: 0.9, tokens: null }, day: { costUsd: 0.4, tokens: 30 } },
    })
    await until('worked', () => agent.kinds().filter((kind) => kind === 'ended').length === 1)
    assert.deepEqual(
      limits.map(({ costUsd, tokens }) => [costUsd, tokens]),
      [[0.4, 30]],
    )
    await addTicket(it.db, 'c2', 'etcd-3')
    await until('refused', () => agent.kinds().filter((kind) => kind === 'ended').length === 2)
    assert.equal(limits.length, 1)
    const [, second] = await listSessions(it.db)
    assert.match(second?.reason ?? '', /budget of a day is used up: 0\.50 of 0\.4 USD.*--cost-per-day/)
    const [first, later] = await listTickets(it.db)
    assert.deepEqual([first?.attempts, later?.attempts, later?.state], [1, 0, 'open'])
  })

  test('takes only the tickets of its cluster when it has one', async () => {
    await using it = await desk(['etcd-2'])
    await addTicket(it.db, 'c2', 'etcd-3')
    await using agent = daemon(it, async () => fixedIt, { clusters: ['c2'] })
    await until('done', () => agent.kinds().includes('ended'))
    const states = (await listTickets(it.db)).map(({ cluster, state }) => `${cluster} ${state}`)
    assert.deepEqual(states, ['c1 open', 'c2 verifying'])
  })

  test('keeps its lease as long as it works, and stops at once when that is lost', async () => {
    await using it = await desk()
    let [lost, command]: [unknown, Promise<unknown>] = [null, Promise.resolve()]
    const kind: AgentKind = async (work) => {
      work.signal.addEventListener('abort', () => {
        lost = work.signal.reason
        command = work.shell('rm x', 'too late')
        command.catch(() => undefined)
      })
      return endless(work)
    }
    await using agent = daemon(it, kind, { leaseMs: 90 })
    const leases = new Set<number>()
    await until('the lease was renewed often', async () => {
      for (const { leaseUntil, state } of await listSessions(it.db)) {
        assert.equal(state, 'running')
        leases.add(leaseUntil)
      }
      return leases.size > 5
    })
    assert.equal(lost, null)
    // What another process does once the lease has run out: a paused laptop, a stopped process.
    await it.db.transaction().execute((tx) => expireLeases(tx, systemClock.now() + 60_000))
    await until('ended', () => agent.kinds().includes('ended'))
    assert.match(String(lost), /the lease was lost/)
    await assert.rejects(command, /the lease was lost/)
    const [session] = await listSessions(it.db)
    assert.deepEqual(
      [session?.state, session?.reason, session?.claim],
      ['interrupted', 'lease expired', null],
    )
  })

  test('a workplace that cannot be entered frees the tickets, says why without secrets, and is not stormed', async () => {
    await using it = await desk(['etcd-1', 'etcd-2'])
    let asked = 0
    await using agent = daemon(it, endless, {
      workplace: async () => {
        asked++
        throw new Error('no cluster c1 for hunter2')
      },
    })
    await until('it ended', () => agent.kinds().includes('ended'))
    const tickets = await listTickets(it.db)
    assert.deepEqual(
      tickets.map(({ state, sessionId, attempts }) => [state, sessionId, attempts]),
      [
        ['open', null, 0],
        ['open', null, 0],
      ],
    )
    const [session] = await listSessions(it.db)
    assert.equal(session?.reason, 'cannot work on c1: no cluster c1 for [redacted]')
    agent.stop()
    await agent.running
    assert.equal(asked, 1)
  })

  test('a cluster that cannot be entered holds up no other, and is tried again later', async () => {
    await using it = await desk(['etcd-1'])
    await addTicket(it.db, 'c2', 'etcd-2')
    const asked: string[] = []
    await using agent = daemon(it, endless, {
      workplace: async ({ cluster }) => {
        asked.push(cluster)
        if (cluster === 'c1') throw new Error('no cluster c1')
        return { kind: async () => fixedIt, sandbox: echo, briefing: '' }
      },
    })
    await until('both ended', () => agent.kinds().filter((kind) => kind === 'ended').length === 2)
    assert.deepEqual(asked, ['c1', 'c2'])
    const states = (await listTickets(it.db)).map(({ cluster, state }) => `${cluster} ${state}`)
    assert.deepEqual(states, ['c1 open', 'c2 verifying'])
    const again = await claimTickets(
      it.db,
      { sessionId: 's', agent: 'test', model: null, owner: 'you', clusters: ['c1'], leaseMs: 1_000 },
      systemClock.now() + 60_000,
    )
    assert.equal(again?.session.cluster, 'c1')
  })

  test('waits longer each time when session after session breaks, and not after a claim', async () => {
    await using it = await desk()
    const pauses: number[] = []
    const stop = new AbortController()
    const clock: Clock = {
      now: () => systemClock.now() + 3_600_000 * pauses.length,
      monotonic: systemClock.monotonic,
      sleep: async (ms, signal) => {
        // A session's own limits are longer than any rest.
        if (ms > 120_000) return systemClock.sleep(ms, signal)
        pauses.push(ms)
        if (pauses.length >= 8) stop.abort(new Interrupted('enough'))
      },
    }
    const kind: AgentKind = async () => {
      if (pauses.length !== 6) throw new Error('no model')
      return { status: 'not_fixed', rootCause: 'x', actions: [] }
    }
    await using agent = daemon(it, kind, { clock, signal: stop.signal, leaseMs: 3_600_000 * 100 })
    await agent.running
    assert.deepEqual(pauses, [5_000, 10_000, 20_000, 40_000, 80_000, 120_000, 5, 5_000])
  })

  test('trouble that does not end a session is told and recorded', async () => {
    await using it = await desk()
    const workplace: AgentOptions['workplace'] = async (_job, trouble) => ({
      kind: async () => {
        await trouble('the model stumbled over hunter2')
        return fixedIt
      },
      sandbox: echo,
      briefing: '',
    })
    await using agent = daemon(it, endless, { workplace })
    await until('it ended', () => agent.kinds().includes('ended'))
    const message = 'the model stumbled over [redacted]'
    assert.deepEqual(agent.events[1], { kind: 'trouble', message })
    const [session] = await listSessions(it.db)
    const entries = await sessionEntries(it.db, session?.id ?? '')
    assert.deepEqual(
      entries.map(({ kind, body }) => (kind === 'error' ? body : kind)),
      [message, 'claim'],
    )
  })

  test('a database that fails is told, and tried again', async () => {
    await using it = await desk()
    let broken = true
    const flaky = new Proxy(it.db, {
      get: (db, name) => {
        if (broken && name === 'transaction') throw new Error('database is locked')
        const value = Reflect.get(db, name)
        return typeof value === 'function' ? value.bind(db) : value
      },
    })
    await using agent = daemon(it, async () => fixedIt, { db: flaky })
    await until('it says so', () => agent.kinds().includes('trouble'))
    assert.deepEqual(agent.events[0], {
      kind: 'trouble',
      message: 'cannot do my work, trying again: database is locked',
    })
    broken = false
    await until('it works', () => agent.kinds().includes('ended'))
  })

  test('stopped while it works: the ticket is free when it has ended', async () => {
    await using it = await desk()
    const agent = daemon(it, endless)
    await until('it works', () => agent.kinds().includes('claimed'))
    agent.stop()
    await agent.running
    const [ticket] = await listTickets(it.db)
    assert.equal(ticket?.state, 'open')
    const [session] = await listSessions(it.db)
    assert.equal(session?.reason, 'stopped by SIGTERM')
  })
})
