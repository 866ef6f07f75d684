import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ok, unknown, type Verdict, violated } from '../core/watch/invariant.ts'
import type { Tracked } from '../store/operator/violations.ts'
import { advance, afterGap } from './lifecycle.ts'

const verdicts: Record<string, Verdict> = { ok, bad: violated('x'), '?': unknown('y') }

/**
 * A story is a look a second. After each: the phase (`.` nothing followed, p pending, f firing, c clearing), `!` where
 * a ticket opens, `+` where it recurs.
 */
function told(story: string, rule: { graceMs: number; keepFiringMs: number }): string {
  let prev: Tracked | null = null
  return story
    .split(' ')
    .map((word, second) => {
      const inhibited = word.endsWith('~')
      const verdict = verdicts[word.replace('~', '')]
      assert.ok(verdict, word)
      const step = advance(prev, verdict, rule, inhibited, second * 1_000)
      prev = step.next
      return `${step.next?.phase[0] ?? '.'}${step.opens ? '!' : ''}${step.recurred ? '+' : ''}`
    })
    .join(' ')
}

const stories: [string, number, number, string, string][] = [
  ['healthy: nothing is followed', 2, 2, 'ok ok ok', '. . .'],
  ['no grace: a ticket at the first look', 0, 0, 'bad', 'f!'],
  ['no grace: one ticket only', 0, 0, 'bad bad bad', 'f! f f'],
  ['the grace: a ticket once it has lasted', 2, 0, 'bad bad bad bad', 'p p f! f'],
  [
    'cleared within the grace: no ticket, and the grace begins anew',
    2,
    0,
    'bad bad ok bad bad bad',
    'p p . p p f!',
  ],
  ['unknown within the grace: not forgotten, nothing opened by it', 2, 0, 'bad ? ? ? bad', 'p p p p f!'],
  ['unknown never opens', 0, 0, '? ? ?', '. . .'],
  ['no keep-firing: gone at the first clear look', 0, 0, 'bad ok', 'f! .'],
  ['keep-firing: clear for that long first', 0, 2, 'bad ok ok ok', 'f! c c .'],
  [
    'keep-firing: each violation restarts it',
    0,
    2,
    'bad ok ok bad ok ok bad ok ok ok',
    'f! c c f+ c c f+ c c .',
  ],
  ['unknown resolves nothing', 0, 0, 'bad ? ? ? ?', 'f! f f f f'],
  ['unknown restarts the clear clock', 0, 2, 'bad ok ok ? ok ok ok', 'f! c c c c c .'],
  ['unknown is no end of clearing, however long', 0, 2, 'bad ok ? ? ? ? ?', 'f! c c c c c c'],
  ['inhibited: no ticket, but its time counts', 1, 0, 'bad~ bad~ bad~ bad', 'p p p f!'],
  ['inhibited with no grace: no ticket either', 0, 0, 'bad~ bad~ ok', 'p p .'],
  ['inhibition takes no ticket away', 0, 0, 'bad bad~ bad~', 'f! f f'],
  [
    'a ticket that recurs while clearing does not open again',
    5,
    9,
    'bad bad bad bad bad bad ok bad',
    'p p p p p f! c f+',
  ],
]

for (const [name, grace, keep, story, expected] of stories)
  test(name, () => {
    assert.equal(told(story, { graceMs: grace * 1_000, keepFiringMs: keep * 1_000 }), expected)
  })

test('the time of the first look stays that of the violation; the last seen moves', () => {
  const rule = { graceMs: 0, keepFiringMs: 5_000 }
  const first = advance(null, violated('x'), rule, false, 100).next
  const cleared = advance(first, ok, rule, false, 200).next
  const again = advance(cleared, violated('x'), rule, false, 300).next
  assert.deepEqual(cleared, { phase: 'clearing', violatedAt: 100, clearAt: 200, lastSeenAt: 100 })
  assert.deepEqual(again, { phase: 'firing', violatedAt: 100, clearAt: null, lastSeenAt: 300 })
})

test('time without a look counts for nothing', () => {
  const at = { violatedAt: 1, lastSeenAt: 2 }
  assert.equal(afterGap({ ...at, phase: 'pending', clearAt: null }), null)
  assert.deepEqual(afterGap({ ...at, phase: 'clearing', clearAt: 3 }), {
    ...at,
    phase: 'clearing',
    clearAt: null,
  })
  assert.deepEqual(afterGap({ ...at, phase: 'firing', clearAt: null }), {
    ...at,
    phase: 'firing',
    clearAt: null,
  })
  assert.equal(afterGap(null), null)
})
