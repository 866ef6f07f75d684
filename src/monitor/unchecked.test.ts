import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  folder,
  handClock,
  type Rule,
  type Sight,
  type Watch,
  type WatchOptions,
  watch,
} from '../../test/standins/scripted.ts'
import type { Claim } from '../core/work/claim.ts'
import { claimTickets, endSession } from '../store/operator/sessions.ts'
import { claimByPerson, listTickets } from '../store/operator/tickets.ts'

const down: Rule = { name: 'down', severity: 'warning' }
const bad = { 'down/a': 'bad' } as const
const fixed: Claim = { status: 'fixed', rootCause: 'it was stopped', actions: ['started it'] }

/** An agent claims all tickets and says that they are fixed. */
async function work({ db, clock }: Watch, sessionId: string) {
  const who = { sessionId, agent: 'runbook', model: null, owner: 'me', clusters: null, leaseMs: 3_600_000 }
  assert.ok(await claimTickets(db, who, clock.now()), 'there was nothing to claim')
  assert.ok(await endSession(db, sessionId, { kind: 'claimed', claim: fixed, verifyMs: 5_000 }, clock.now()))
}

const states = async ({ db }: Watch) =>
  (await listTickets(db)).map(
    (t) => `${t.invariant}/${t.node} ${t.state}${t.resolvedBy ? ` by ${t.resolvedBy}` : ''}`,
  )

describe('what nobody checks any more', () => {
  /** Monitors one after the other on one database: each may be told otherwise what to watch. */
  const inTurn = async (
    rules: readonly Rule[],
    turns: [Omit<WatchOptions, 'path'>, Sight[], ((w: Watch) => Promise<unknown>)?][],
  ) => {
    using dir = folder()
    const clock = handClock()
    let seen: string[] = []
    for (const [options, sights, then] of turns) {
      await using m = watch(rules, { ...options, path: dir.file('operator.db'), clock })
      clock.set(clock.now() + 1_000)
      for (const sight of sights) await m.observe(sight)
      await then?.(m)
      seen = await states(m)
    }
    return seen
  }
  const personSays = ({ db, clock }: Watch) => claimByPerson(db, 1, fixed, clock.now() + 3_000, clock.now())
  const off = { settings: { skipped: new Set(['down']) } }

  test('a ticket of a node that was taken out: a person’s word ends it', async () => {
    const seen = await inTurn(
      [down],
      [
        [{}, [bad], personSays],
        [{ nodes: ['b'] }, [{}, {}]],
      ],
    )
    assert.deepEqual(seen, ['down/a resolved by person'])
  })

  test('an agent’s claim of it is never confirmed: the ticket is returned, and escalated in the end', async () => {
    const claims = async (m: Watch) => {
      for (const id of ['s1', 's2', 's3']) {
        await work(m, id)
        for (let i = 0; i < 4; i++) await m.observe({}, 5_000)
      }
    }
    for (const options of [{ nodes: ['b'] }, off])
      assert.deepEqual(
        await inTurn(
          [down],
          [
            [{}, [bad]],
            [options, [{}], claims],
          ],
        ),
        ['down/a escalated'],
      )
  })

  test('explains nothing', async () => {
    const symptom: Rule = { name: 'slow', inhibitedBy: ['down'] }
    const seen = await inTurn(
      [down, symptom],
      [
        [{}, [{ 'down/a': 'bad', 'slow/a': 'bad' }]],
        [off, [{ 'slow/a': 'bad' }]],
      ],
    )
    assert.deepEqual(seen, ['down/a open', 'slow/a open'])
  })

  test('and is a violation that is there when it is checked again', async () => {
    for (const options of [{ nodes: ['b'] }, off]) {
      const seen = await inTurn(
        [down],
        [
          [{}, [bad], personSays],
          [options, [{}]],
          [{}, [bad]],
        ],
      )
      assert.deepEqual(seen, ['down/a resolved by person', 'down/a open'])
    }
  })
})
