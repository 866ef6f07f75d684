import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registerOf } from './register.ts'

test('what was acknowledged last must be found', () => {
  const register = registerOf()
  register.acknowledged(1)
  assert.equal(register.read(1), 'right')
  register.acknowledged(2)
  assert.equal(register.read(2), 'right')
  assert.equal(register.read(1), 'lost', 'an older one does not do')
  assert.equal(register.read(null), 'lost')
})

test('a write without an answer may have happened, or happen later, or never', () => {
  const register = registerOf()
  register.acknowledged(1)
  register.indeterminate(2)
  assert.equal(register.read(1), 'right')
  register.acknowledged(3)
  assert.equal(register.read(3), 'right')
  assert.equal(register.read(2), 'right', 'the late one arrived')
  assert.equal(register.read(3), 'lost', 'once seen, it is what must be found')
  assert.equal(register.current, 2)
})

test('a write that was refused must not appear', () => {
  const register = registerOf()
  register.acknowledged(1)
  assert.equal(register.read(2), 'lost')
})

test('a foreign value is a phantom once there is something of ours', () => {
  const register = registerOf()
  assert.equal(register.read('foreign'), 'unproven')
  assert.equal(register.read(null), 'unproven')
  register.acknowledged(1)
  assert.equal(register.read('foreign'), 'phantom')
})
