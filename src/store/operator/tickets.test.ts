import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newTicket } from '../../../test/standins/tickets.ts'
import { type OperatorDb, openOperatorDb } from './open.ts'
import { claimTickets } from './sessions.ts'
import {
  claimByPerson,
  listTickets,
  openTicket,
  reopenTicket,
  resolveTicket,
  returnTicket,
  setHeld,
  ticket,
  ticketEvents,
  unresolvedTickets,
} from './tickets.ts'

const claim = { status: 'fixed', rootCause: 'a cable', actions: [] } as const
const mine = { ...claim, actions: [] }
const events = async (db: OperatorDb, id: number) =>
  (await ticketEvents(db, id)).map(({ event, by }) => `${event} by ${by}`)
const who = { sessionId: 's1', agent: 'x', model: null, owner: 'me', clusters: null, leaseMs: 1_000 }

/** Ticket 1, in the state that is asked for. */
async function at(db: OperatorDb, state: string): Promise<void> {
  await openTicket(db, newTicket({ maxAttempts: 1 }), 1)
  if (state === 'claimed' || state === 'escalated') await claimTickets(db, who, 2)
  if (state === 'escalated') await returnTicket(db, 1, 'why', 3)
  if (state === 'verifying') await claimByPerson(db, 1, mine, 9, 3)
  if (state === 'resolved') await resolveTicket(db, 1, 3)
  assert.equal((await ticket(db, 1))?.state, state)
}

describe('opening', () => {
  test('the same violation again is one more occurrence of the same ticket', async () => {
    await using db = openOperatorDb(':memory:')
    const first = await openTicket(db, newTicket(), 5)
    const second = await openTicket(db, newTicket({ message: 'worse', values: { seen: 2 } }), 6)
    assert.deepEqual([first.id, first.occurrences, second.id, second.occurrences], [1, 1, 1, 2])
    assert.deepEqual(
      [second.message, second.values, second.openedAt, second.lastSeenAt],
      ['worse', { seen: 2 }, 5, 6],
    )
    assert.deepEqual(await events(db, 1), ['opened by monitor', 'recurred by monitor'])
  })

  test('of another cluster, or after it was resolved, is a ticket of its own', async () => {
    await using db = openOperatorDb(':memory:')
    await openTicket(db, newTicket(), 1)
    await openTicket(db, newTicket({ cluster: 'c2' }), 1)
    await resolveTicket(db, 1, 2)
    await openTicket(db, newTicket(), 3)
    assert.deepEqual(
      (await listTickets(db)).map(({ id, cluster, state }) => `${id} ${cluster} ${state}`),
      ['1 c1 resolved', '2 c2 open', '3 c1 open'],
    )
    assert.deepEqual(
      (await unresolvedTickets(db, 'c1')).map(({ id }) => id),
      [3],
    )
  })

  test('the variant is there from the first moment', async () => {
    await using db = openOperatorDb(':memory:')
    const variant = { name: 'terse', limits: { turns: 3 } }
    assert.deepEqual((await openTicket(db, newTicket({ variant }), 1)).variant, variant)
  })
})

/** Which states a move is allowed in, and where it leads: `-` is refused, and changes nothing. */
const moves = {
  resolve: { open: 'resolved', claimed: '-', verifying: 'resolved', escalated: 'resolved', resolved: '-' },
  return: { open: '-', claimed: 'escalated', verifying: 'escalated', escalated: '-', resolved: '-' },
  claim: { open: 'verifying', claimed: '-', verifying: 'verifying', escalated: 'verifying', resolved: '-' },
  hold: { open: 'open', claimed: 'claimed', verifying: 'verifying', escalated: 'escalated', resolved: '-' },
  reopen: { open: '-', claimed: '-', verifying: 'open', escalated: 'open', resolved: 'open' },
}
const act = {
  resolve: (db: OperatorDb) => resolveTicket(db, 1, 10),
  return: (db: OperatorDb) => returnTicket(db, 1, 'why', 10),
  claim: (db: OperatorDb) => claimByPerson(db, 1, mine, 99, 10),
  hold: (db: OperatorDb) => setHeld(db, 1, true, 10),
  reopen: (db: OperatorDb) => reopenTicket(db, 1, 'why', 10),
}

for (const [move, table] of Object.entries(moves) as [keyof typeof moves, Record<string, string>][])
  describe(move, () => {
    for (const [from, to] of Object.entries(table))
      test(`${from} -> ${to}`, async () => {
        await using db = openOperatorDb(':memory:')
        await at(db, from)
        const [before, past] = [await ticket(db, 1), await events(db, 1)]
        const after = await act[move](db)
        assert.equal(after?.state ?? '-', to)
        if (after) return assert.equal((await events(db, 1)).length, past.length + 1)
        assert.deepEqual(await ticket(db, 1), before)
        assert.deepEqual(await events(db, 1), past)
      })
  })

test('held: not resolved; a person’s own claim ends the hold', async () => {
  await using db = openOperatorDb(':memory:')
  await at(db, 'open')
  await setHeld(db, 1, true, 2)
  assert.equal(await resolveTicket(db, 1, 3), null)
  assert.equal((await claimByPerson(db, 1, mine, 9, 4))?.held, false)
  assert.equal((await resolveTicket(db, 1, 5))?.resolvedBy, 'person')
})

test('lists: the newest n, oldest first, by state and cluster', async () => {
  await using db = openOperatorDb(':memory:')
  for (const key of ['a', 'b', 'c', 'd']) await openTicket(db, newTicket({ key }), 1)
  await openTicket(db, newTicket({ cluster: 'c2' }), 1)
  await resolveTicket(db, 2, 2)
  const ids = async (filter: Parameters<typeof listTickets>[1]) =>
    (await listTickets(db, filter)).map(({ id }) => id)
  assert.deepEqual(await ids({ limit: 2 }), [4, 5])
  assert.deepEqual(await ids({ cluster: 'c1', states: ['open'] }), [1, 3, 4])
  assert.deepEqual(await ids({ states: ['resolved', 'escalated'] }), [2])
  assert.equal(await ticket(db, 77), null)
})
