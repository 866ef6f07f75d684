import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addTicket, desk, endless, fixedIt } from '../../test/standins/desk.ts'
import { until } from '../../test/standins/until.ts'
import { systemClock } from '../core/clock.ts'
import { Interrupted } from '../core/errors.ts'
import type { AgentKind, Work } from '../core/work/agent.ts'
import { LimitReached, type Limits } from '../core/work/limits.ts'
import { sessionEntries } from '../store/audit/audit.ts'
import { verifyAudit } from '../store/audit/verify.ts'
import { claimTickets, expireLeases, session as sessionOf } from '../store/operator/sessions.ts'
import { listTickets, ticketEvents } from '../store/operator/tickets.ts'
import { runSession, type SessionOptions } from './session.ts'

interface Seat {
  kind: AgentKind
  limits?: Partial<Limits>
  more?: Partial<SessionOptions>
  message?: string
}

/** One session on one ticket, from claim to end, and what is in the database then. */
async function attempt({ kind, limits = {}, more = {}, message = 'etcd-2 is down' }: Seat) {
  const it = await desk([], limits)
  const { db, common } = it
  await addTicket(db, 'c1', 'etcd-2', message)
  const work = await claimTickets(db, who, systemClock.now())
  assert.ok(work)
  const signal = new AbortController().signal
  const end = await runSession(work.session, work.tickets, { ...common, kind, signal, ...more })
  const [ticket] = await listTickets(db)
  const session = await sessionOf(db, 's1')
  assert.ok(ticket && session)
  const entries = await sessionEntries(db, 's1')
  return { ...it, end, ticket, session, entries, said: entries.map(({ kind, body }) => `${kind}: ${body}`) }
}
const who = {
  sessionId: 's1',
  agent: 'test',
  model: null,
  owner: 'me',
  clusters: null,
  leaseMs: 10_000,
}

describe('a session', () => {
  test('that claims: all it thought and did is in the audit, and the monitor has to confirm', async () => {
    await using it = await attempt({
      kind: async ({ shell, note, spend }) => {
        await note('it must be down')
        await spend({ tokensIn: 10, tokensOut: 5, tokensCached: 2, costUsd: 0.01 })
        await shell('start it', 'because')
        return fixedIt
      },
    })
    assert.deepEqual(it.said, [
      'reasoning: it must be down',
      'tool_call: start it',
      'tool_result: start it',
      `claim: ${JSON.stringify(fixedIt)}`,
    ])
    assert.deepEqual(
      it.entries.map(({ summary }) => summary),
      ['it must be down', 'because', 'start it', JSON.stringify(fixedIt).slice(0, 20)],
    )
    assert.deepEqual([it.ticket.state, it.ticket.claim, it.ticket.claimBy], ['verifying', fixedIt, 'agent'])
    const usage = { tokensIn: 10, tokensOut: 5, tokensCached: 2, costUsd: 0.01 }
    assert.deepEqual(
      it.entries.map(({ meta }) => meta.usage),
      [undefined, usage, undefined, undefined],
      'what a turn cost stands with the first thing it did',
    )
    const { state, turns, commands, tokensIn, costUsd } = it.session
    assert.deepEqual([state, turns, commands, tokensIn, costUsd], ['done', 1, 1, 10, 0.01])
    assert.equal((await verifyAudit(it.db)).ok, true)
  })

  test('masks secrets wherever they come from', async () => {
    let seen: Work | null = null
    await using it = await attempt({
      message: 'cannot log in with hunter2',
      kind: async (work) => {
        seen = work
        await work.note('I saw hunter2')
        const { stdout } = await work.shell('echo hunter2', 'hunter2?')
        assert.equal(stdout, 'echo [redacted]')
        return { ...fixedIt, rootCause: 'hunter2', component: 'hunter2', actions: ['rotated hunter2'] }
      },
    })
    assert.ok(seen)
    const { tickets } = seen as Work
    assert.doesNotMatch(JSON.stringify([tickets, it.entries, it.session, it.ticket.claim, it.end]), /hunter2/)
    assert.equal(tickets[0]?.values.said, 'cannot log in with [redacted]')
  })

  const limited: Record<string, Seat> = {
    turns: { kind: spending(), limits: { turns: 2 } },
    tokens: { kind: spending(), limits: { tokens: 25 } },
    costUsd: { kind: spending(), limits: { costUsd: 0.025 } },
    sessionMs: { kind: endless, limits: { sessionMs: 50 } },
    'own reason': {
      kind: async () => {
        throw new LimitReached('turns', 'no claim within 3 turns')
      },
    },
  }
  for (const [limit, seat] of Object.entries(limited))
    test(`ended by a limit (${limit}) claims not_fixed, and the ticket is open again`, async () => {
      await using it = await attempt(seat)
      assert.deepEqual([it.session.state, it.session.claim?.status], ['done', 'not_fixed'])
      assert.match(it.session.claim?.rootCause ?? '', /^ended by a limit: /)
      assert.equal(it.session.claim?.rootCause, `ended by a limit: ${it.session.reason}`)
      assert.deepEqual([it.ticket.state, it.ticket.attempts], ['open', 1])
    })

  test('that breaks is interrupted, says why without secrets, and frees the ticket', async () => {
    await using it = await attempt({
      kind: async () => {
        throw new Error('no model', { cause: new Error('401 for hunter2') })
      },
    })
    const reason = 'no model: 401 for [redacted]'
    assert.deepEqual(it.end, { kind: 'interrupted', reason, trouble: 'passing' })
    assert.deepEqual(it.said, [`error: ${reason}`])
    assert.deepEqual([it.ticket.state, it.ticket.attempts, it.ticket.sessionId], ['open', 0, null])
  })

  test('stopped from outside says by what', async () => {
    const signal = AbortSignal.abort(new Interrupted('stopped by SIGTERM'))
    const kind: AgentKind = async (work) => {
      await assert.rejects(work.shell('ls', ''), Interrupted)
      throw new Error('something that follows from it')
    }
    await using it = await attempt({ kind, more: { signal } })
    assert.deepEqual([it.session.state, it.session.reason], ['interrupted', 'stopped by SIGTERM'])
  })

  test('whose lease is over claims nothing', async () => {
    const it = await desk()
    await using _ = it
    const work = await claimTickets(it.db, who, systemClock.now())
    assert.ok(work)
    const kind: AgentKind = async () => {
      await it.db.transaction().execute((tx) => expireLeases(tx, systemClock.now() + 60_000))
      return fixedIt
    }
    const signal = new AbortController().signal
    const end = await runSession(work.session, work.tickets, { ...it.common, kind, signal })
    assert.equal(end.kind, 'interrupted')
    const [ticket] = await listTickets(it.db)
    assert.deepEqual([ticket?.state, ticket?.claim], ['open', null])
  })

  test('does not wait for summaries before it claims, nor break with them', async () => {
    const it = await desk()
    await using _ = it
    const work = await claimTickets(it.db, who, systemClock.now())
    assert.ok(work)
    const held = Promise.withResolvers<never>()
    const troubles: string[] = []
    const ended = runSession(work.session, work.tickets, {
      ...it.common,
      kind: async ({ note }) => {
        await note('hm')
        return fixedIt
      },
      summarize: () => held.promise,
      signal: new AbortController().signal,
      onTrouble: (message) => troubles.push(message),
    })
    await until('verifying', async () => (await listTickets(it.db))[0]?.state === 'verifying')
    held.reject(new Error('the small model is ill'))
    assert.equal((await ended).kind, 'claimed')
    assert.deepEqual(
      troubles,
      [1, 2].map((seq) => `entry ${seq} has no summary: the small model is ill`),
    )
  })

  test('a command that cannot be recorded does not run', async () => {
    let ran = 0
    const it = await desk()
    const work = await claimTickets(it.db, who, systemClock.now())
    assert.ok(work)
    const kind: AgentKind = async ({ shell }) => {
      await it.db.destroy()
      await shell('rm x', 'y')
      return fixedIt
    }
    const sandbox = { ...it.common.sandbox, exec: () => Promise.reject(new Error(`ran ${++ran}`)) }
    const signal = new AbortController().signal
    await assert.rejects(runSession(work.session, work.tickets, { ...it.common, sandbox, kind, signal }))
    assert.equal(ran, 0)
  })

  test('knows what was tried before', async () => {
    const it = await desk()
    await using _ = it
    const histories: (readonly string[])[] = []
    for (const id of ['s1', 's2', 's3']) {
      const work = await claimTickets(it.db, { ...who, sessionId: id }, systemClock.now() + 600_000)
      assert.ok(work)
      const kind: AgentKind = async ({ history, shell }) => {
        histories.push(history)
        if (id === 's1') {
          await shell('true', 'why')
          throw new Error('no model')
        }
        return { status: 'not_fixed', rootCause: `riddle ${id}`, actions: ['looked', 'looked again'] }
      }
      const signal = new AbortController().signal
      await runSession(work.session, work.tickets, { ...it.common, kind, signal })
    }
    assert.deepEqual(histories[0], [])
    assert.deepEqual(histories[1], ['session s1 was interrupted: no model. It ran 1 commands.'])
    assert.match(histories[2]?.[1] ?? '', /s2 claimed not_fixed.*riddle s2.*looked; looked again/)
    const events = await ticketEvents(it.db, 1)
    assert.equal(events.filter(({ event }) => event === 'reopened').length, 2)
  })
})

/** Turns of 10 tokens and a cent each, without end. */
function spending(): AgentKind {
  return async ({ spend }) => {
    for (;;) await spend({ tokensIn: 6, tokensOut: 4, tokensCached: 0, costUsd: 0.01 })
  }
}
