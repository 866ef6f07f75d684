import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { folder, watch } from '../../test/standins/scripted.ts'
import { ok, unknown, type Verdict, violated } from '../core/watch/invariant.ts'
import { listTickets } from '../store/operator/tickets.ts'
import { intermittence } from './intermittent.ts'

const verdicts: Record<string, Verdict> = { b: violated('x'), o: ok, '?': unknown('y') }

/** A look a second, over and over for so long. The second at which a ticket is due; null: never. */
function dueAt(pattern: string, seconds: number, graceMs = 3_000): number | null {
  const memory = intermittence()
  for (let second = 0; second < seconds; second++) {
    const verdict = verdicts[pattern[second % pattern.length] ?? '']
    assert.ok(verdict)
    if (memory.add(verdict, graceMs, second * 1_000).isDue) return second
  }
  return null
}

describe('what fails at every second look, but never for its grace', () => {
  for (const [pattern, due] of [
    ['bbo', 30],
    ['b?bo', 30],
    ['bo', 30],
    ['boo', null],
    ['o', null],
    // One outage, however long, is for the grace alone.
    [`${'b'.repeat(40)}${'o'.repeat(200)}`, null],
    [`bobobo${'o'.repeat(200)}`, null],
  ] as const)
    test(`${pattern.slice(0, 8)}...: ${due === null ? 'none' : `due after ${due} s`}`, () => {
      assert.equal(dueAt(pattern, 240), due)
    })

  test('becomes a ticket, which a lull does not resolve, and which goes when it is well', async () => {
    using dir = folder()
    await using m = watch([{ name: 'slow', graceMs: 3_000 }], { path: dir.file('operator.db') })
    const states = async () => (await listTickets(m.db)).map(({ state }) => state)
    const observe = (what: string) => m.observe(what === 'b' ? { 'slow/a': 'bad' } : {})
    for (const what of 'bbo'.repeat(10)) await observe(what)
    assert.deepEqual(await states(), [])
    for (const what of 'bbo'.repeat(8)) await observe(what)
    assert.deepEqual(await states(), ['open'])
    for (const what of 'o'.repeat(10)) await observe(what)
    assert.deepEqual(await states(), ['open'])
    for (const what of 'o'.repeat(10)) await observe(what)
    assert.deepEqual(await states(), ['resolved'])
    assert.equal((await listTickets(m.db)).length, 1)
  })
})
