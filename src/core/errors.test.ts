import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BadInput, MachineLacks } from './errors.ts'

test('an error of another copy of this module is what it says it is', async () => {
  const other: typeof import('./errors.ts') = await import(`${new URL('./errors.ts', import.meta.url)}?copy`)
  assert.notEqual(other.BadInput, BadInput)
  const cases: [unknown, boolean, boolean][] = [
    [new BadInput('x'), true, false],
    [new other.BadInput('x'), true, false],
    [new other.MachineLacks('x'), false, true],
    [new Error('x'), false, false],
    [{ name: 'BadInput' }, false, false],
    [null, false, false],
  ]
  for (const [error, isBadInput, isMachineLacks] of cases) {
    assert.equal(error instanceof BadInput, isBadInput)
    assert.equal(error instanceof MachineLacks, isMachineLacks)
  }
})
