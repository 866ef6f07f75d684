import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spec } from '../../../test/standins/record.ts'
import { type EvalHome, evalHome, pastCampaign } from '../../../test/standins/stored-trials.ts'
import { analyze } from '../../eval/report/analyze.ts'
import { setJudged } from '../../store/eval/summaries.ts'
import * as store from '../../store/eval/trials.ts'
import { openBoard } from './board.ts'
import { digestOf } from './figures.ts'
import { storedSummaries } from './summaries.ts'

/** A board on a connection of its own, as the viewer's is: it sees what others write. */
function boardOf(home: EvalHome) {
  const { db } = store.readEvalDb(home.path)
  return { db, ...openBoard(db), [Symbol.asyncDispose]: () => db.destroy() }
}

const now = 1_000_000

test('a list has every trial as it was planned, runs, or ended, and follows all of it', async () => {
  await using home = evalHome()
  const campaignId = await store.addCampaign(home.db, { name: 'c', spec: {}, seed: 1, startedAt: now })
  const planned = [0, 1, 2].map((slot) => ({ slot, spec: { ...spec, seed: slot, baseline: slot === 2 } }))
  await store.addTrials(home.db, campaignId, planned)
  await using board = boardOf(home)
  const standings = async () => (await board.lines(campaignId)).map(({ standing }) => standing)
  assert.deepEqual(await standings(), ['planned', 'planned', 'planned'])
  const [first] = await board.lines(campaignId)
  const { subject, chaos, damage, arm, target, seed, costUsd } = first ?? {}
  assert.deepEqual(
    { subject, chaos, damage, arm, target, seed, costUsd },
    {
      subject: 'etcd',
      chaos: 'node_kill',
      damage: 'node_kill',
      arm: 'default',
      target: 'random',
      seed: 0,
      costUsd: 0,
    },
  )
  await store.startTrial(home.db, 2, 'me', now)
  assert.deepEqual(await standings(), ['planned', 'running', 'planned'])
  const reason = 'no load'
  await store.endTrial(
    home.db,
    2,
    {
      record: {},
      scorerVersion: 7,
      interrupted: false,
      outcome: { kind: 'invalid', phase: 'warm', reason },
      summary: {
        subject: 'etcd',
        chaos: 'pause',
        damage: 'pause',
        arm: 'default',
        target: 'etcd-1',
        seed: 1,
      },
    },
    now + 9_000,
  )
  assert.deepEqual(await standings(), ['planned', 'invalid', 'planned'])
  const line = (await board.lines(campaignId))[1]
  assert.equal(line?.reason, 'warm: no load')
  assert.equal(line?.totalMs, 9_000)
  assert.equal((await board.lines(campaignId))[2]?.arm, 'baseline')
})

test('what was judged anew is seen; what did not change is the same list', async () => {
  await using home = evalHome()
  const campaignId = await pastCampaign(home.db, [{}, { spec: { seed: 2 } }])
  await using board = boardOf(home)
  const before = await board.lines(campaignId)
  await board.all()
  await pastCampaign(home.db, [{}])
  assert.equal(await board.lines(campaignId), before)
  const summary = (await storedSummaries(home.db, campaignId))[1]?.summary
  const judged = { outcome: { kind: 'false_claim', detectMs: 1_000 } as const, summary, scorerVersion: 99 }
  await setJudged(home.db, 2, judged)
  const listed = (await board.all()).find(({ campaign }) => campaign.id === campaignId)
  assert.deepEqual(
    listed?.lines.map(({ standing }) => standing),
    ['resolved', 'false_claim'],
  )
  const after = await board.lines(campaignId)
  assert.deepEqual(
    after.map(({ standing }) => standing),
    ['resolved', 'false_claim'],
  )
  assert.equal(after[0], before[0])
})

test('who asks after something was written gets it, also while others are still reading what was before', async () => {
  await using home = evalHome()
  const campaignId = await store.addCampaign(home.db, { name: 'c', spec: {}, seed: 1, startedAt: now })
  await store.addTrials(
    home.db,
    campaignId,
    Array.from({ length: 700 }, (_, slot) => ({ slot, spec })),
  )
  await using board = boardOf(home)
  const early = board.lines(campaignId)
  // Reading takes several turns; this comes between them.
  await new Promise((resolve) => setImmediate(resolve))
  await store.startTrial(home.db, 1, 'me', now)
  const late = board.lines(campaignId)
  assert.equal((await late)[0]?.standing, 'running')
  assert.equal((await early).length, 700)
  assert.equal((await board.lines(campaignId))[0]?.standing, 'running')
})

test('medians are those of the analysis', async () => {
  await using home = evalHome()
  const trials = [1, 2, 3, 4].map((seed) => ({ spec: { seed } }))
  const campaignId = await pastCampaign(home.db, trials)
  for (const [i, { trialId, summary }] of (await storedSummaries(home.db, campaignId)).entries())
    await setJudged(home.db, trialId, {
      outcome: summary.outcome,
      summary: {
        ...summary,
        detectMs: i < 3 ? 1_000 * (i + 1) ** 2 : null,
        recoverMs: i === 0 ? 5_000 : null,
      },
      scorerVersion: 99,
    })
  await using board = boardOf(home)
  const { detectMs, recoverMs } = digestOf(await board.lines(campaignId))
  const [arm] = analyze(await storedSummaries(home.db, campaignId)).arms
  assert.deepEqual([detectMs, recoverMs], [arm?.times.detect.median_ms, arm?.times.recover.median_ms])
  assert.deepEqual([detectMs, recoverMs], [4_000, null])
})
