import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addPlan, listCampaigns, listTrials, openEvalDb } from './trials.ts'

const campaign = { name: 'c', spec: {}, seed: 1, startedAt: 1 }

test('a campaign is stored with all of its trials, or not at all', async () => {
  await using db = openEvalDb(':memory:')
  const unstorable = { slot: 1, spec: { seed: 1n } }
  await assert.rejects(addPlan(db, campaign, [{ slot: 0, spec: {} }, unstorable]), /BigInt/)
  assert.deepEqual([await listCampaigns(db, { limit: 9 }), await listTrials(db)], [[], []])

  const id = await addPlan(db, campaign, [
    { slot: 0, spec: { seed: 1 } },
    { slot: 1, spec: { seed: 2 } },
  ])
  assert.deepEqual(
    (await listTrials(db, { campaignId: id })).map(({ state, spec }) => [state, spec]),
    [
      ['planned', { seed: 1 }],
      ['planned', { seed: 2 }],
    ],
  )
})
