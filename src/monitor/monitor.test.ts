import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { folder, handClock, type Rule, type Watch, watch } from '../../test/standins/scripted.ts'
import type { Claim } from '../core/work/claim.ts'
import { type Claimant, claimTickets, endSession } from '../store/operator/sessions.ts'
import { claimByPerson, listTickets, reopenTicket, setHeld, ticketEvents } from '../store/operator/tickets.ts'

const down: Rule = { name: 'down', severity: 'warning' }
const bad = { 'down/a': 'bad' } as const
const everywhere = { 'down/a': 'unknown', 'down/b': 'unknown' } as const

const fixed: Claim = { status: 'fixed', rootCause: 'it was stopped', actions: ['started it'] }
const who = (sessionId: string): Claimant => ({
  ...{ sessionId, agent: 'runbook', model: null, owner: 'me', clusters: null, leaseMs: 3_600_000 },
})

/** An agent takes what there is and ends with a claim. */
async function work({ db, clock }: Watch, id: string, claim: Claim = fixed): Promise<number> {
  const taken = await claimTickets(db, who(id), clock.now())
  assert.ok(taken, 'there was nothing to claim')
  assert.ok(await endSession(db, id, { kind: 'claimed', claim, verifyMs: 5_000 }, clock.now()))
  return taken.tickets.length
}
const states = async ({ db }: Watch) =>
  (await listTickets(db)).map(
    (t) => `${t.invariant}/${t.node} ${t.state}${t.resolvedBy ? ` by ${t.resolvedBy}` : ''}`,
  )
const only = async ({ db }: Watch) => {
  const [ticket, second] = await listTickets(db)
  assert.ok(ticket && !second, 'one ticket')
  return ticket
}

function watching(rules: readonly Rule[]) {
  const dir = folder()
  const m = watch(rules, { path: dir.file('operator.db') })
  return Object.assign(m, {
    [Symbol.asyncDispose]: async () => {
      await m.stop()
      await m.db.destroy()
      dir[Symbol.dispose]()
    },
  })
}

describe('a look that fails', () => {
  test('resolves nothing, opens one ticket for the cluster, and both are resolved once the system is seen', async () => {
    await using m = watching([down])
    await m.observe(bad)
    for (let i = 0; i < 20; i++) await m.observe(new Error('no route to host'))
    assert.deepEqual(await states(m), ['down/a open', 'unobservable/cluster open'])
    await m.observe(bad)
    assert.deepEqual(await states(m), ['down/a open', 'unobservable/cluster resolved by self'])
    await m.observe({})
    assert.deepEqual(await states(m), ['down/a resolved by self', 'unobservable/cluster resolved by self'])
  })

  test('so does a look at which no node can be judged', async () => {
    await using m = watching([down])
    await m.observe(bad)
    for (let i = 0; i < 20; i++) await m.observe(everywhere)
    assert.deepEqual(await states(m), ['down/a open', 'unobservable/cluster open'])
    assert.match((await listTickets(m.db))[1]?.message ?? '', /nobody answers/)
  })

  test('that lasts no longer than its grace is no ticket', async () => {
    await using m = watching([down])
    for (let i = 0; i < 3; i++) await m.observe(new Error('a hiccup'))
    await m.observe({})
    assert.deepEqual(await states(m), [])
  })

  test('confirms no claim, however long', async () => {
    await using m = watching([down])
    await m.observe(bad)
    await work(m, 's1')
    for (let i = 0; i < 20; i++) await m.observe(everywhere)
    assert.deepEqual((await states(m))[0], 'down/a verifying')
    await m.observe({})
    assert.equal((await states(m))[0], 'down/a resolved by agent')
  })

  test('because we are being stopped says nothing of the cluster', async () => {
    await using m = watching([down])
    await m.observe({})
    await m.stop()
    assert.deepEqual(m.events, [])
    const [monitor] = await m.db.selectFrom('monitors').selectAll().execute()
    assert.equal(monitor?.ended_at, m.clock.now())
  })
})

describe('a restart', () => {
  const restarted = async (rule: Rule, sights: [number, 'bad' | 'ok'][]) => {
    using dir = folder()
    const clock = handClock()
    const seen: string[] = []
    // Each look by a monitor of its own: all that survives is in the file.
    for (const [at, what] of sights) {
      clock.set(at)
      await using m = watch([rule], { path: dir.file('operator.db'), clock })
      await m.observe(what === 'bad' ? bad : {})
      seen.push((await states(m)).map((state) => state.split(' ')[1]).join() || '-')
    }
    return seen
  }
  const s = 1_000
  test('in the midst of a grace keeps its clock', async () => {
    const seen = await restarted({ ...down, graceMs: 5 * s }, [
      [s, 'bad'],
      [3 * s, 'bad'],
      [6 * s, 'bad'],
    ])
    assert.deepEqual(seen, ['-', '-', 'open'])
  })
  test('in the midst of keep-firing keeps its clock', async () => {
    const rule = { ...down, keepFiringMs: 4 * s }
    const seen = await restarted(rule, [
      [s, 'bad'],
      [2 * s, 'ok'],
      [4 * s, 'ok'],
      [6 * s, 'ok'],
    ])
    assert.deepEqual(seen, ['open', 'open', 'open', 'resolved'])
  })
  test('after hours: the time nobody looked counts neither as violated nor as clear', async () => {
    const grace = await restarted({ ...down, graceMs: 5 * s }, [
      [s, 'bad'],
      [9_000 * s, 'bad'],
      [9_005 * s, 'bad'],
    ])
    assert.deepEqual(grace, ['-', '-', 'open'])
    const rule = { ...down, keepFiringMs: 4 * s }
    const keep = await restarted(rule, [
      [s, 'bad'],
      [2 * s, 'ok'],
      [9_000 * s, 'ok'],
      [9_004 * s, 'ok'],
    ])
    assert.deepEqual(keep, ['open', 'open', 'open', 'resolved'])
  })
  test('after hours: an open ticket is still the same one', async () => {
    const seen = await restarted(down, [
      [s, 'bad'],
      [9_000 * s, 'bad'],
      [9_001 * s, 'ok'],
    ])
    assert.deepEqual(seen, ['open', 'open', 'resolved'])
  })
})

describe('tickets', () => {
  test('open together share a batch; message and values are what was last seen', async () => {
    await using m = watching([down, { name: 'slow', scope: 'cluster' }])
    await m.observe({ 'down/a': 'bad', 'down/b': 'bad' })
    await m.observe({ 'down/a': 'bad', 'down/b': 'bad', 'slow/cluster': 'bad' })
    const [a, b, slow] = await listTickets(m.db)
    assert.equal(a?.batch, b?.batch)
    assert.notEqual(a?.batch, slow?.batch)
    assert.deepEqual(
      [a?.message, a?.values, a?.key, a?.occurrences],
      ['down at a', { seen: 1 }, 'test/down/a', 1],
    )
    assert.ok(a && a.lastSeenAt > a.openedAt)
  })

  test('count how often the violation began', async () => {
    await using m = watching([{ ...down, keepFiringMs: 60_000 }])
    for (let i = 0; i < 4; i++) {
      await m.observe(bad)
      await m.observe({})
    }
    assert.equal((await only(m)).occurrences, 4)
    assert.deepEqual(await m.history(), ['1 opened by monitor', ...Array(3).fill('1 recurred by monitor')])
  })

  test('that open again and again are flapping, one severity higher, and only within the hour', async () => {
    await using m = watching([down])
    for (let i = 0; i < 4; i++) {
      await m.observe(bad, i === 3 ? 2 * 3_600_000 : 1_000)
      await m.observe({})
    }
    const all = await listTickets(m.db)
    assert.deepEqual(
      all.map(({ flapping, severity }) => [flapping, severity]),
      [
        [false, 'warning'],
        [false, 'warning'],
        [true, 'critical'],
        [false, 'warning'],
      ],
    )
  })

  test('a symptom of a node that is down gets none, also while the cause is still clearing', async () => {
    const slow: Rule = { name: 'slow', inhibitedBy: ['down'] }
    await using m = watching([{ ...down, keepFiringMs: 3_000 }, slow])
    await m.observe({ 'down/a': 'bad', 'slow/a': 'bad' })
    await m.observe({ 'slow/a': 'bad' })
    assert.deepEqual(await states(m), ['down/a open'])
    for (let i = 0; i < 4; i++) await m.observe({ 'slow/a': 'bad' })
    assert.deepEqual(await states(m), ['down/a resolved by self', 'slow/a open'])
  })

  test('held: nothing resolves them and no agent takes them until they are let go', async () => {
    await using m = watching([down])
    await m.observe(bad)
    await setHeld(m.db, 1, true, m.clock.now())
    assert.equal(await claimTickets(m.db, who('s1'), m.clock.now()), null)
    await m.observe({})
    await m.observe({})
    await m.observe(bad)
    assert.deepEqual(await states(m), ['down/a open'])
    assert.equal((await only(m)).occurrences, 2)
    assert.deepEqual(
      m.events.map(({ kind }) => kind),
      ['opened', 'recurred'],
    )
    await m.observe({})
    await setHeld(m.db, 1, false, m.clock.now())
    await m.observe({})
    assert.deepEqual(await states(m), ['down/a resolved by self'])
  })
})

describe('verification', () => {
  test('a claim is confirmed by the monitor, not before it has seen so', async () => {
    await using m = watching([{ ...down, keepFiringMs: 2_000 }])
    await m.observe(bad)
    await work(m, 's1')
    for (const expected of ['verifying', 'verifying', 'resolved by agent']) {
      await m.observe({})
      assert.deepEqual(await states(m), [`down/a ${expected}`])
    }
  })

  test('a ticket that an agent works on is left alone, whatever is seen', async () => {
    await using m = watching([down])
    await m.observe(bad)
    await claimTickets(m.db, who('s1'), m.clock.now())
    await m.observe({})
    await m.observe({})
    assert.deepEqual(await states(m), ['down/a claimed'])
  })

  test('not confirmed in time: open again with its history, later each time, and a person’s after three', async () => {
    await using m = watching([down])
    await m.observe(bad)
    for (const attempt of [1, 2, 3]) {
      await work(m, `s${attempt}`)
      await m.observe(bad, 4_999)
      assert.equal((await only(m)).state, 'verifying')
      await m.observe(bad, 1)
      const { state, attempts, claim } = await only(m)
      assert.deepEqual([state, attempts], [attempt === 3 ? 'escalated' : 'open', attempt])
      assert.equal(claim?.rootCause, fixed.rootCause)
      assert.equal(await claimTickets(m.db, who('too early'), m.clock.now()), null)
      await m.observe(bad, 60_000)
    }
    assert.equal(await claimTickets(m.db, who('s4'), m.clock.now()), null)
    const events = (await ticketEvents(m.db, 1)).map(({ event }) => event)
    const attempt = ['claimed', 'claimed fixed']
    assert.deepEqual(events, [
      'opened',
      ...attempt,
      'reopened',
      ...attempt,
      'reopened',
      ...attempt,
      'escalated',
    ])
    assert.deepEqual(
      m.events.flatMap((e) => ('ticket' in e ? [`${e.kind} ${e.ticket.state}`] : [])),
      ['opened open', 'returned open', 'returned open', 'returned escalated'],
    )
    await m.observe({})
    assert.deepEqual(await states(m), ['down/a resolved by self'])
  })

  test('a claim of not fixed counts as an attempt at once; what then heals did so by itself', async () => {
    await using m = watching([down])
    await m.observe(bad)
    await work(m, 's1', { ...fixed, status: 'not_fixed' })
    assert.deepEqual([(await only(m)).state, (await only(m)).attempts], ['open', 1])
    await m.observe({})
    assert.deepEqual(await states(m), ['down/a resolved by self'])
  })

  test('a person’s word is confirmed, too, or the ticket opens again', async () => {
    await using m = watching([down])
    await m.observe(bad)
    const say = () => claimByPerson(m.db, 1, fixed, m.clock.now() + 3_000, m.clock.now())
    await say()
    await m.observe(bad)
    assert.deepEqual(await states(m), ['down/a verifying'])
    await m.observe(bad, 3_000)
    assert.deepEqual(await states(m), ['down/a open'])
    await say()
    await m.observe({})
    assert.deepEqual(await states(m), ['down/a resolved by person'])
  })

  test('reopened by a person: fresh attempts; what is seen well is resolved again', async () => {
    await using m = watching([down])
    await m.observe(bad)
    await work(m, 's1', { ...fixed, status: 'not_fixed' })
    await m.observe({})
    const again = await reopenTicket(m.db, 1, 'I do not trust it', m.clock.now())
    assert.deepEqual([again?.state, again?.attempts, again?.resolvedBy], ['open', 0, null])
    await m.observe({})
    assert.deepEqual(await states(m), ['down/a resolved by self'])
    await m.observe(bad)
    assert.equal(await reopenTicket(m.db, 1, 'there is a newer one', m.clock.now()), null)
  })
})

describe('the clock', () => {
  test('a look that took long does not push the next one back; missed ones are not made up for', async () => {
    await using m = watching([down])
    await m.observe({})
    assert.equal(await m.clock.pausedMs(), 1_000)
    await m.observe({}, 1_400)
    assert.equal(await m.clock.pausedMs(), 600)
    await m.observe({}, 50_000)
    assert.equal(await m.clock.pausedMs(), 0)
  })

  for (const [what, jump] of [
    ['back', -3_600_000],
    ['ahead', 3_600_000],
  ] as const) {
    test(`set ${what} by an hour: the next look still comes within an interval`, async () => {
      await using m = watching([down])
      await m.observe({})
      m.clock.jump(jump)
      await m.observe({})
      assert.equal(await m.clock.pausedMs(), 1_000)
    })

    test(`set ${what} within a grace and within keep-firing: both take as long as ever`, async () => {
      await using m = watching([{ ...down, graceMs: 3_000, keepFiringMs: 3_000 }])
      await m.observe(bad)
      m.clock.jump(jump)
      await m.observe(bad)
      await m.observe(bad)
      assert.deepEqual(await states(m), [])
      await m.observe(bad)
      assert.deepEqual(await states(m), ['down/a open'])
      assert.equal((await only(m)).openedAt, m.clock.now())
      await m.observe({})
      m.clock.jump(jump)
      await m.observe({})
      await m.observe({})
      assert.deepEqual(await states(m), ['down/a open'])
      await m.observe({})
      assert.deepEqual(await states(m), ['down/a resolved by self'])
    })

    test(`set ${what} after a claim, and while an agent is dead: nothing takes an hour longer or is cut short`, async () => {
      await using m = watching([down])
      await m.observe(bad)
      await work(m, 's1')
      m.clock.jump(jump)
      for (let i = 0; i < 4; i++) await m.observe(bad)
      assert.deepEqual(await states(m), ['down/a verifying'])
      await m.observe(bad)
      assert.deepEqual(await states(m), ['down/a open'])
      const taken = () => claimTickets(m.db, { ...who('s2'), leaseMs: 5_000 }, m.clock.now())
      // A claim that was not confirmed makes the next session wait.
      for (let i = 0; i < 60 && !(await taken()); i++) await m.observe(bad)
      assert.deepEqual(await states(m), ['down/a claimed'])
      m.clock.jump(jump)
      for (let i = 0; i < 4; i++) await m.observe(bad)
      assert.deepEqual(await states(m), ['down/a claimed'])
      await m.observe(bad)
      assert.deepEqual(await states(m), ['down/a open'])
    })

    test(`set ${what} while no monitor ran: moved by the next one, and once`, async () => {
      using dir = folder()
      const clock = handClock(10_000_000)
      const observedBy = async (id: string) => {
        await using m = watch([{ ...down, graceMs: 3_000 }], { path: dir.file('operator.db'), clock, id })
        await m.observe(bad)
        return states(m)
      }
      assert.deepEqual(await observedBy('first'), [])
      clock.jump(jump)
      assert.deepEqual(await observedBy('second'), [])
      clock.set(clock.now() + 2_000)
      assert.deepEqual(await observedBy('third'), [])
      clock.set(clock.now() + 1_000)
      assert.deepEqual(await observedBy('fourth'), ['down/a open'])
    })
  }
})
