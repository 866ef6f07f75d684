import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folder, handClock, type Sight, scripted, watch } from '../../test/standins/scripted.ts'
import { bellOf } from '../core/bell.ts'
import { claimByPerson, listTickets, setHeld } from '../store/operator/tickets.ts'

const rules = [{ name: 'down', keepFiringMs: 2_000 }]
const fixed = { status: 'fixed', rootCause: 'it was stopped', actions: [] } as const

/** A monitor that a test rings, with what it sees from now on, and how often it looked. */
function watching(dir: ReturnType<typeof folder>) {
  const eyes: { sight: Sight } = { sight: { 'down/a': 'bad' } }
  const clock = handClock()
  const news = bellOf(clock)
  const seen = { looks: 0 }
  const m = watch(rules, {
    path: dir.file('operator.db'),
    clock,
    news,
    subject: scripted(rules, eyes),
    onLook: () => seen.looks++,
  })
  const ring = async () => {
    news.ring()
    await clock.pausedMs()
    return seen.looks
  }
  const claim = (id: number) =>
    claimByPerson(m.db, id, { ...fixed, actions: [] }, clock.now() + 30_000, clock.now())
  return { m, eyes, clock, seen, ring, claim }
}

test('a claim is looked into at once, once, and other news is not', async () => {
  using dir = folder()
  const { m, seen, ring, claim } = watching(dir)
  await using _m = m
  await m.look({})
  assert.equal(await ring(), 1, 'nobody claims anything')
  await claim(1)
  assert.equal(await ring(), 2)
  assert.equal(await ring(), 2, 'it was looked into')
  await claim(1)
  await m.look({})
  assert.equal(seen.looks, 3, 'one that nobody told of waits for the next look, which is its look')
  await claim(1)
  await setHeld(m.db, 1, true, m.clock.now())
  assert.equal(await ring(), 3, 'what is held is not confirmed')
})

test('it is confirmed as soon as it was clear for long enough, and the regular looks keep their beat', async () => {
  using dir = folder()
  const { m, eyes, clock, ring, claim } = watching(dir)
  await using _m = m
  await m.look({})
  const state = async () => (await listTickets(m.db))[0]?.state
  await claim(1)
  clock.set(clock.now() + 300)
  eyes.sight = {}
  await ring()
  assert.equal(await clock.pausedMs(), 700)
  await m.look({}, 700)
  assert.equal(await clock.pausedMs(), 1_000)
  await m.look({}, 1_000)
  assert.deepEqual([await clock.pausedMs(), await state()], [300, 'verifying'])
  await m.look({}, 300)
  assert.deepEqual([await clock.pausedMs(), await state()], [700, 'resolved'])
})
