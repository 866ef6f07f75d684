import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unlessLate } from './until.ts'

const never = new Promise<string>(() => undefined)
const otherwise = () => 'late'

test('what comes in time is given, what fails fails', async () => {
  assert.equal(await unlessLate(Promise.resolve('soon'), { ms: 5_000, otherwise }), 'soon')
  await assert.rejects(unlessLate(Promise.reject(new Error('no')), { ms: 5_000, otherwise }), /no/)
})

test('nobody waits longer than that, or than a signal', async () => {
  assert.equal(await unlessLate(never, { ms: 5, otherwise }), 'late')
  assert.equal(await unlessLate(never, { ms: 60_000, signal: AbortSignal.timeout(5), otherwise }), 'late')
  assert.equal(await unlessLate(never, { ms: 60_000, signal: AbortSignal.abort(), otherwise }), 'late')
  const refuse = () => {
    throw new Error('too late')
  }
  await assert.rejects(unlessLate(never, { ms: 5, otherwise: refuse }), /too late/)
})
