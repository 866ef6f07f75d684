import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { repaired, spec } from '../../../test/standins/record.ts'
import { type EvalHome, evalHome, pastCampaign } from '../../../test/standins/stored-trials.ts'
import { type EvalSchema, evalMigrations } from '../../store/eval/schema.ts'
import * as store from '../../store/eval/trials.ts'
import { openDatabase } from '../../store/sqlite.ts'
import type { TrialRecord, TrialSpec } from '../record.ts'
import { summariesOf } from './summaries.ts'

describe('summaries', () => {
  let home: EvalHome
  let db: store.EvalDb
  beforeEach(() => {
    home = evalHome()
    db = home.db
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const campaign = (...specs: Partial<TrialSpec>[]) =>
    pastCampaign(
      db,
      specs.map((spec) => ({ spec })),
    )
  const of = (chaosType: string): TrialSpec => ({
    ...spec,
    faults: [{ chaosType, target: 'random', params: {} }],
  })

  test('are stored with the record, and found by campaign, subject and chaos, oldest first', async () => {
    await campaign(of('pause'), of('node_kill'))
    const second = await campaign(of('pause'), { ...of('pause'), subject: 'other' })
    const ids = async (filter: Parameters<typeof summariesOf>[1]) =>
      (await summariesOf(db, filter)).map(({ trialId }) => trialId)
    assert.deepEqual(await ids({}), [1, 2, 3, 4])
    assert.deepEqual(await ids({ campaignId: second }), [3, 4])
    assert.deepEqual(await ids({ subject: 'etcd', chaos: 'pause' }), [1, 3])
    assert.deepEqual(await ids({ campaignId: second, subject: 'other', chaos: 'pause' }), [4])
    assert.deepEqual(await ids({ chaos: 'noise' }), [])
    const [first] = await summariesOf(db, {})
    assert.deepEqual([first?.campaignId, first?.summary.outcome.kind], [1, 'resolved'])
  })

  test('planned and running trials have none', async () => {
    await campaign(spec)
    await store.addTrials(db, 1, [{ slot: 1, spec }])
    assert.equal((await summariesOf(db)).length, 1)
  })

  test('trials that were stored without one get it when they are read', async () => {
    await campaign(spec, spec)
    const before = await summariesOf(db)
    await db.updateTable('trials').set({ summary: null }).execute()
    assert.deepEqual(await summariesOf(db, { campaignId: 1 }), before)
    const { summary } = await db.selectFrom('trials').select('summary').executeTakeFirstOrThrow()
    assert.ok(summary, 'and are kept')
  })

  test('an unknown kind of record has no summary and causes no error', async () => {
    await campaign(spec, spec)
    await db
      .updateTable('trials')
      .set({ summary: null, record: '{"version":0}' })
      .where('id', '=', 1)
      .execute()
    assert.deepEqual(
      (await summariesOf(db)).map(({ trialId }) => trialId),
      [2],
    )
  })

  test('a damaged record is reported with its trial', async () => {
    await campaign(spec, spec)
    await db.updateTable('trials').set({ summary: null, record: '{"ver' }).where('id', '=', 2).execute()
    await assert.rejects(summariesOf(db), /the record of t2 cannot be read/)
  })

  test('many are read page by page, none twice', async () => {
    const campaignId = await campaign()
    const specs = Array.from({ length: 2_500 }, (_, slot) => ({ slot, spec }))
    await store.addTrials(db, campaignId, specs)
    await db
      .updateTable('trials')
      .set({ summary: JSON.stringify({ subject: 'etcd' }) })
      .execute()
    const ids = (await summariesOf(db)).map(({ trialId }) => trialId)
    assert.deepEqual(
      ids,
      specs.map(({ slot }) => slot + 1),
    )
  })

  test('a database of the version before keeps every record', async () => {
    await using old = openDatabase<EvalSchema>(`${home.path}.old`, evalMigrations.slice(0, 1))
    await old.insertInto('campaigns').values({ name: 'c', spec: '{}', seed: 1, started_at: 1 }).execute()
    for (const record of [null, JSON.stringify(repaired)])
      await old
        .insertInto('trials')
        .values({
          campaign_id: 1,
          slot: 0,
          spec: JSON.stringify(spec),
          state: 'done',
          interrupted: 0,
          record,
          outcome: record && '{"kind":"resolved","detectMs":1000,"resolveMs":6000,"recoverMs":4000}',
        })
        .execute()
    await old.destroy()
    await using now = store.openEvalDb(`${home.path}.old`)
    const [none, one] = await store.listTrials<TrialSpec, TrialRecord>(now)
    assert.equal(none?.record, null)
    assert.deepEqual(one?.record, repaired)
    const [summary] = await summariesOf(now)
    assert.equal(summary?.trialId, 2)
    assert.equal(summary?.summary.recoverMs, 4_000)
    const kinds = await now.selectFrom('trials').select('outcome_kind').orderBy('id').execute()
    assert.deepEqual(
      kinds.map((row) => row.outcome_kind),
      [null, 'resolved'],
    )
  })
})
