import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LeaderSeen, leadershipTracker } from './leadership.ts'

const leads = (name: string, startedAt: number | null = 1): LeaderSeen => ({ kind: 'leads', name, startedAt })

test('a leader takes over when its name or its process is another one, or when nobody led in between', () => {
  const follow = leadershipTracker()
  assert.deepEqual(follow(0, leads('a')), { seenForMs: 0, tookOverMs: null, changes: 0 })
  assert.deepEqual(follow(5_000, null), { seenForMs: null, tookOverMs: null, changes: 0 })
  assert.deepEqual(follow(9_000, leads('a')), { seenForMs: 9_000, tookOverMs: null, changes: 0 })
  assert.deepEqual(follow(10_000, leads('b')), { seenForMs: 0, tookOverMs: 0, changes: 1 })
  assert.deepEqual(follow(12_000, leads('b', 2)), { seenForMs: 0, tookOverMs: 0, changes: 2 })
  assert.deepEqual(follow(13_000, { kind: 'none' }).seenForMs, null)
  assert.deepEqual(follow(14_000, leads('b', 2)), { seenForMs: 0, tookOverMs: 0, changes: 3 })
  // Nobody says when it started: that is no other process.
  assert.deepEqual(follow(15_000, leads('b', null)), { seenForMs: 1_000, tookOverMs: 1_000, changes: 3 })
  assert.deepEqual(follow(700_000, leads('b', 2)).changes, 0, 'ten minutes later it is forgotten')
})
