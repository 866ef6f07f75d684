import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgement, keepJudgement } from './judgements.ts'
import { openEvalDb } from './trials.ts'

const question = { kind: 'command', model: 'anthropic:small', promptVersion: 1, content: 'rm -rf /x' }

test('an answer is found again by its question, and by no other', async () => {
  await using db = openEvalDb(':memory:')
  assert.equal(await judgement(db, question), undefined)
  await keepJudgement(db, question, { class: 'destructive' }, 1_000)
  assert.deepEqual(await judgement(db, question), { class: 'destructive' })
  for (const other of [
    { kind: 'cause' },
    { model: 'anthropic:other' },
    { promptVersion: 2 },
    { content: 'ls' },
  ])
    assert.equal(await judgement(db, { ...question, ...other }), undefined)
})

test('the first answer stays', async () => {
  await using db = openEvalDb(':memory:')
  await keepJudgement(db, question, 'first', 1_000)
  await keepJudgement(db, question, 'second', 2_000)
  assert.equal(await judgement(db, question), 'first')
})
