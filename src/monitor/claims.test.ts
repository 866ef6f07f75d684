import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folder, handClock, type Sight, scripted, watch } from '../../test/standins/scripted.ts'
import { wakeUpSignal } from '../core/wake-up.ts'
import { claimByPerson, listTickets, setHeld } from '../store/operator/tickets.ts'

const rules = [{ name: 'down', keepFiringMs: 2_000 }]
const fixed = { status: 'fixed', rootCause: 'it was stopped', actions: [] } as const

/** A monitor that a test notifies, with its next observations, and the number of them. */
function watching(dir: ReturnType<typeof folder>) {
  const eyes: { sight: Sight } = { sight: { 'down/a': 'bad' } }
  const clock = handClock()
  const wakeUp = wakeUpSignal(clock)
  const seen = { observations: 0 }
  const m = watch(rules, {
    path: dir.file('operator.db'),
    clock,
    wakeUp,
    subject: scripted(rules, eyes),
    onObservation: () => seen.observations++,
  })
  const notify = async () => {
    wakeUp.notify()
    await clock.pausedMs()
    return seen.observations
  }
  const claim = (id: number) =>
    claimByPerson(m.db, id, { ...fixed, actions: [] }, clock.now() + 30_000, clock.now())
  return { m, eyes, clock, seen, notify, claim }
}

test('a claim is checked at once, once, and other notifications are not', async () => {
  using dir = folder()
  const { m, seen, notify, claim } = watching(dir)
  await using _m = m
  await m.observe({})
  assert.equal(await notify(), 1, 'nobody claims anything')
  await claim(1)
  assert.equal(await notify(), 2)
  assert.equal(await notify(), 2, 'it was looked into')
  await claim(1)
  await m.observe({})
  assert.equal(seen.observations, 3, 'one that nobody told of waits for the next look, which is its look')
  await claim(1)
  await setHeld(m.db, 1, true, m.clock.now())
  assert.equal(await notify(), 3, 'what is held is not confirmed')
})

test('it is confirmed as soon as it was clear for long enough, and the regular looks keep their beat', async () => {
  using dir = folder()
  const { m, eyes, clock, notify, claim } = watching(dir)
  await using _m = m
  await m.observe({})
  const state = async () => (await listTickets(m.db))[0]?.state
  await claim(1)
  clock.set(clock.now() + 300)
  eyes.sight = {}
  await notify()
  assert.equal(await clock.pausedMs(), 700)
  await m.observe({}, 700)
  assert.equal(await clock.pausedMs(), 1_000)
  await m.observe({}, 1_000)
  assert.deepEqual([await clock.pausedMs(), await state()], [300, 'verifying'])
  await m.observe({}, 300)
  assert.deepEqual([await clock.pausedMs(), await state()], [700, 'resolved'])
})
