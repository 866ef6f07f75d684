import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newTicket } from '../../../test/standins/tickets.ts'
import type { Claim } from '../../core/work/claim.ts'
import { type OperatorDb, openOperatorDb } from './open.ts'
import {
  addCommand,
  addUsage,
  type Claimant,
  claimTickets,
  endSession,
  expireLeases,
  heartbeat,
  listSessions,
  session,
} from './sessions.ts'
import { listTickets, openTicket, setHeld, ticketEvents } from './tickets.ts'

const who = (sessionId: string, cluster: string | null = null): Claimant => ({
  sessionId,
  agent: 'runbook',
  model: null,
  owner: 'me',
  clusters: cluster === null ? null : [cluster],
  leaseMs: 1_000,
})
const fixed: Claim = { status: 'fixed', rootCause: 'it was stopped', actions: [] }
const open = (db: OperatorDb, key: string, change = {}) => openTicket(db, newTicket({ key, ...change }), 0)
const states = async (db: OperatorDb) => (await listTickets(db)).map(({ state }) => state)
const expire = (db: OperatorDb, now: number) => db.transaction().execute((tx) => expireLeases(tx, now))

describe('claiming', () => {
  test('takes all tickets of the cluster that has waited longest, the most severe first', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a', { severity: 'info' })
    await open(db, 'b', { cluster: 'c2', severity: 'critical' })
    await open(db, 'c', { severity: 'critical' })
    await open(db, 'd', { severity: 'warning' })
    const work = await claimTickets(db, who('s1'), 10)
    assert.deepEqual(
      work?.tickets.map(({ key }) => key),
      ['c', 'd', 'a'],
    )
    assert.deepEqual([work.session.cluster, work.session.variant], ['c1', 'default'])
    assert.ok(work.tickets.every((t) => t.state === 'claimed' && t.sessionId === 's1' && t.claimedAt === 10))
  })

  test('has one variant: tickets with another variant wait for a session of their own', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a', { variant: { name: 'other', agent: 'llm', model: 'anthropic:m' } })
    await open(db, 'b', { severity: 'critical' })
    await open(db, 'c', { variant: { name: 'other', agent: 'llm', model: 'anthropic:n' } })
    const took = async (id: string, now: number) => {
      const work = await claimTickets(db, who(id), now)
      assert.ok(work)
      await endSession(db, id, { kind: 'interrupted', reason: 'enough' }, now)
      await setHeld(db, work.tickets[0]?.id ?? 0, true, now)
      const { variant, agent, model } = work.session
      return [work.tickets.map(({ key }) => key).join(), variant, agent, model]
    }
    assert.deepEqual(await took('s1', 10), ['a', 'other', 'llm', 'anthropic:m'])
    assert.deepEqual(await took('s2', 11), ['b', 'default', who('s').agent, who('s').model])
    assert.deepEqual(await took('s3', 12), ['c', 'other', 'llm', 'anthropic:n'])
  })

  test('one session a cluster; another cluster is free', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a')
    await claimTickets(db, who('s1'), 10)
    await open(db, 'b')
    assert.equal(await claimTickets(db, who('s2'), 11), null)
    await open(db, 'c', { cluster: 'c2' })
    assert.equal((await claimTickets(db, who('s3'), 12))?.session.cluster, 'c2')
  })

  test('takes nothing that is held, and nothing of a cluster it was not asked for', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a')
    assert.equal(await claimTickets(db, who('s1', 'c2'), 10), null)
    await setHeld(db, 1, true, 10)
    assert.equal(await claimTickets(db, who('s1', 'c1'), 10), null)
    assert.deepEqual(await listSessions(db), [])
  })
})

describe('a lease', () => {
  test('a lease that is renewed in time is kept; an expired one is lost for good', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a')
    await claimTickets(db, who('s1'), 0)
    assert.equal(await heartbeat(db, 's1', 1_900, 900), true)
    await expire(db, 1_899)
    assert.equal((await session(db, 's1'))?.state, 'running')
    assert.equal(await heartbeat(db, 's1', 9_000, 1_900), false)
  })

  test('a lease that expires frees the tickets; its session is interrupted, and can change nothing any more', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a')
    await claimTickets(db, who('s1'), 0)
    await expire(db, 1_000)
    const dead = await session(db, 's1')
    assert.deepEqual([dead?.state, dead?.reason, dead?.endedAt], ['interrupted', 'lease expired', 1_000])
    assert.deepEqual(await states(db), ['open'])
    assert.equal(await endSession(db, 's1', { kind: 'claimed', claim: fixed, verifyMs: 1 }, 1_001), false)
    assert.deepEqual(await states(db), ['open'])
    assert.equal((await session(db, 's1'))?.claim, null)
    assert.deepEqual(
      (await ticketEvents(db, 1)).map(({ event }) => event),
      ['opened', 'claimed', 'freed'],
    )
  })

  test('the next claimant finds an expired lease; the late session cannot change tickets of another one', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a')
    await claimTickets(db, who('s1'), 0)
    assert.equal((await claimTickets(db, who('s2'), 1_000))?.tickets.length, 1)
    assert.equal(await endSession(db, 's1', { kind: 'interrupted', reason: 'late' }, 1_001), false)
    const [ticket] = await listTickets(db)
    assert.deepEqual([ticket?.state, ticket?.sessionId], ['claimed', 's2'])
  })
})

describe('the end of a session', () => {
  test('fixed: the monitor is asked, for as long as the claim says', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a')
    await claimTickets(db, who('s1'), 0)
    assert.equal(await endSession(db, 's1', { kind: 'claimed', claim: fixed, verifyMs: 30 }, 100), true)
    const [ticket] = await listTickets(db)
    assert.deepEqual([ticket?.state, ticket?.verifyUntil, ticket?.claimBy], ['verifying', 130, 'agent'])
    assert.deepEqual((await session(db, 's1'))?.claim, fixed)
    assert.equal(await endSession(db, 's1', { kind: 'interrupted', reason: 'again' }, 101), false)
  })

  test('interrupted: free at once, and no attempt is counted', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a')
    await claimTickets(db, who('s1'), 0)
    await endSession(db, 's1', { kind: 'interrupted', reason: 'stopped by SIGTERM' }, 5)
    const [ticket] = await listTickets(db)
    assert.deepEqual([ticket?.state, ticket?.attempts, ticket?.sessionId], ['open', 0, null])
    assert.ok(await claimTickets(db, who('s2'), 5))
  })

  test('interrupted: free behind what waits already; or left alone, when nobody could work on it', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a')
    await open(db, 'b', { cluster: 'c2' })
    const next = async (id: string, now: number, retryMs?: number) => {
      const work = await claimTickets(db, who(id), now)
      const end = { kind: 'interrupted', reason: 'enough', ...(retryMs && { retryMs }) } as const
      if (work) await endSession(db, id, end, now)
      return work?.session.cluster
    }
    assert.equal(await next('s1', 10), 'c1')
    assert.equal(await next('s2', 11), 'c2')
    assert.equal(await next('s3', 12, 100), 'c1')
    assert.equal(await next('s4', 13, 100), 'c2')
    assert.equal(await next('s5', 14), undefined)
    assert.equal(await next('s6', 112), 'c1')
  })

  test('not fixed: each attempt waits longer, the last one is a person’s', async () => {
    await using db = openOperatorDb(':memory:')
    await open(db, 'a')
    const waits: number[] = []
    let now = 0
    for (const id of ['s1', 's2', 's3']) {
      const since = now
      while (!(await claimTickets(db, who(id), now))) now += 500
      waits.push(now - since)
      const claim: Claim = { ...fixed, status: 'not_fixed' }
      await endSession(db, id, { kind: 'claimed', claim, verifyMs: 1 }, now)
    }
    assert.deepEqual(waits, [0, 2_000, 4_000])
    assert.deepEqual(await states(db), ['escalated'])
    assert.equal(await claimTickets(db, who('s4'), now + 1e9), null)
    assert.deepEqual(
      (await listSessions(db, { ticketId: 1 })).map(({ id }) => id),
      ['s1', 's2', 's3'],
    )
  })
})

test('usage adds up; an unknown price makes the cost unknown, not free', async () => {
  await using db = openOperatorDb(':memory:')
  await open(db, 'a')
  await claimTickets(db, who('s1'), 0)
  const usage = { tokensIn: 10, tokensOut: 2, tokensCached: 0, costUsd: 0.5 }
  await Promise.all([addUsage(db, 's1', usage), addUsage(db, 's1', usage), addCommand(db, 's1')])
  const known = await session(db, 's1')
  assert.deepEqual(
    [known?.turns, known?.tokensIn, known?.tokensOut, known?.costUsd, known?.commands],
    [2, 20, 4, 1, 1],
  )
  await addUsage(db, 's1', { ...usage, costUsd: null })
  await addUsage(db, 's1', usage)
  assert.equal((await session(db, 's1'))?.costUsd, null)
})
