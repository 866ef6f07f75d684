import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultVariant } from '../../core/work/variant.ts'
import { type OperatorDb, openOperatorDb } from './open.ts'
import { addUsage, claimTickets, endSession, listSessions, type SessionEnd } from './sessions.ts'
import { escalateSpent, spentOnTicket, spentSince, usedUp } from './spending.ts'
import { listTickets, openTicket, reopenTicket, ticketEvents } from './tickets.ts'

const open = (db: OperatorDb) =>
  openTicket(
    db,
    {
      cluster: 'c1',
      subject: 'etcd',
      key: 'etcd/a/b',
      invariant: 'a',
      node: 'b',
      severity: 'critical',
      message: 'm',
      values: {},
      batch: 'x',
      variant: defaultVariant,
      maxAttempts: 3,
      violatedAt: 0,
    },
    0,
  )

const usage = (tokens: number | null, costUsd: number | null) => ({
  tokensIn: tokens,
  tokensOut: tokens === null ? null : 1,
  tokensCached: 0,
  costUsd,
})

/** One session of a model that consumed this and ended so. */
async function work(
  db: OperatorDb,
  id: string,
  at: number,
  end: SessionEnd,
  ...used: ReturnType<typeof usage>[]
) {
  const who = { sessionId: id, agent: 'llm', model: 'x:y', owner: 'o', clusters: null, leaseMs: 1_000 }
  assert.ok(await claimTickets(db, who, at), `${id} found nothing to do`)
  for (const one of used) await addUsage(db, id, one)
  await endSession(db, id, end, at + 10)
}

const away: SessionEnd = { kind: 'interrupted', reason: 'overloaded', trouble: 'passing' }

test('what was spent is summed up per ticket and per time, over restarts, and unknown is no sum', async () => {
  await using db = openOperatorDb(':memory:')
  await open(db)
  await work(db, 's1', 1_000, away, usage(10, 0.5), usage(20, 0.25))
  await work(db, 's2', 2_000, away, usage(null, null), usage(30, 9))
  assert.deepEqual(await spentOnTicket(db, 1), { sessions: 2, tokens: 32, costUsd: 0.75, unknown: 1 })
  assert.deepEqual(await spentSince(db, 1_500), { sessions: 1, tokens: 0, costUsd: 0, unknown: 1 })
  const [first, second] = await listSessions(db)
  assert.deepEqual([first?.tokensIn, first?.tokensOut], [30, 2])
  assert.deepEqual(
    [second?.turns, second?.tokensIn, second?.tokensOut, second?.costUsd],
    [2, null, null, null],
  )
})

test('a ticket whose budget is used up waits for a person, and has a fresh one when it is given back', async () => {
  await using db = openOperatorDb(':memory:')
  await open(db)
  await work(db, 's1', 1_000, away, usage(10, 5))
  await escalateSpent(db, { costUsd: 5.01, tokens: null }, 2_000)
  assert.equal((await listTickets(db))[0]?.state, 'open')
  await escalateSpent(db, { costUsd: 5, tokens: null }, 2_000)
  assert.equal((await listTickets(db))[0]?.state, 'escalated')
  assert.match((await ticketEvents(db, 1)).at(-1)?.detail ?? '', /budget is used up: 5\.00 of 5 USD/)
  await reopenTicket(db, 1, 'again', 3_000)
  await escalateSpent(db, { costUsd: 5, tokens: 100 }, 4_000)
  assert.equal((await listTickets(db))[0]?.state, 'open')
  assert.equal((await spentOnTicket(db, 1)).sessions, 0)
  assert.match(
    usedUp({ sessions: 1, tokens: 100, costUsd: 0, unknown: 0 }, { costUsd: null, tokens: 100 }) ?? '',
    /100 of 100/,
  )
})

test('what lasts counts as an attempt at once; what passes, when it came five times in a row', async () => {
  await using db = openOperatorDb(':memory:')
  await open(db)
  const attempts = async () => (await listTickets(db))[0]?.attempts
  let at = 0
  const trouble = (end: SessionEnd) => {
    at += 1_000_000
    return work(db, `s${at}`, at, end)
  }
  for (const expected of [0, 0, 0, 0, 1, 1]) {
    await trouble(away)
    assert.equal(await attempts(), expected)
  }
  await trouble({ kind: 'interrupted', reason: 'stopped by SIGTERM' })
  assert.equal(await attempts(), 1, 'what a person stops is no trouble')
  await trouble({ kind: 'interrupted', reason: 'the key is refused', trouble: 'lasting' })
  assert.equal(await attempts(), 2)
  await trouble({ kind: 'interrupted', reason: 'the key is refused', trouble: 'lasting' })
  assert.equal((await listTickets(db))[0]?.state, 'escalated')
  assert.match((await ticketEvents(db, 1)).at(-1)?.detail ?? '', /the key is refused/)
})
