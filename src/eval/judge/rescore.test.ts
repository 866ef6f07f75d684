import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type EvalHome,
  evalHome,
  type PastTrial,
  pastCampaign,
} from '../../../test/standins/stored-trials.ts'
import { type Selection, summariesOf, trialsIn } from '../report/summaries.ts'
import { type Rescored, rescore } from './rescore.ts'
import { scorerVersion } from './score.ts'

const go = ({ db }: EvalHome, which: Selection = 'all', dryRun = false): Promise<Rescored[]> =>
  Array.fromAsync(rescore(db, trialsIn(db, which), { dryRun }))

/** As an older program left it: another outcome, a figure too many and one that was counted otherwise. */
async function misjudge({ db }: EvalHome, id: number): Promise<void> {
  const [one] = (await summariesOf(db)).filter(({ trialId }) => trialId === id)
  const outcome = { kind: 'unresolved', reason: 'gave_up' }
  await db
    .updateTable('trials')
    .set({
      outcome: JSON.stringify(outcome),
      summary: JSON.stringify({ ...one?.summary, outcome, turns: 99, formerly: 1 }),
      scorer_version: 1,
    })
    .where('id', '=', id)
    .execute()
}

async function withTrials(n: number, trial: PastTrial = {}): Promise<EvalHome> {
  const home = evalHome()
  await pastCampaign(home.db, Array(n).fill(trial))
  return home
}

const stored = ({ db }: EvalHome) => db.selectFrom('trials').selectAll().orderBy('id').execute()

describe('rescore', () => {
  test('what was just judged stays as it is', async () => {
    await using home = await withTrials(2)
    const before = await stored(home)
    assert.deepEqual(await go(home), [
      { trialId: 1, kind: 'same' },
      { trialId: 2, kind: 'same' },
    ])
    assert.deepEqual(await stored(home), before)
  })

  test('says what changed, stores it with the version, and changes nothing the second time', async () => {
    await using home = await withTrials(2)
    const right = await stored(home)
    await misjudge(home, 1)
    const [first, second] = await go(home)
    assert.deepEqual(first, {
      trialId: 1,
      kind: 'changed',
      from: { kind: 'unresolved', reason: 'gave_up' },
      to: { kind: 'resolved', detectMs: 1_000, resolveMs: 6_000, recoverMs: 4_000 },
      figures: ['formerly', 'turns'],
    })
    assert.equal(second?.kind, 'same')
    assert.deepEqual(await stored(home), right)
    assert.deepEqual(
      (await go(home)).map(({ kind }) => kind),
      ['same', 'same'],
    )
  })

  test('figures alone are a change, too', async () => {
    await using home = await withTrials(1)
    const right = await stored(home)
    const [one] = await summariesOf(home.db)
    const summary = JSON.stringify({ ...one?.summary, turns: 99 })
    await home.db.updateTable('trials').set({ summary }).execute()
    const [again] = await go(home)
    assert.deepEqual(again?.kind === 'changed' && again.figures, ['turns'])
    assert.deepEqual(await stored(home), right)
  })

  test('a dry run says the same and stores nothing', async () => {
    await using home = await withTrials(1)
    await misjudge(home, 1)
    const before = await stored(home)
    const dry = await go(home, 'all', true)
    assert.deepEqual(await stored(home), before)
    assert.deepEqual(await go(home), dry)
  })

  test('an older version that judged the same is only told to be of now', async () => {
    await using home = await withTrials(1)
    await home.db.updateTable('trials').set({ scorer_version: 1 }).execute()
    assert.deepEqual(await go(home), [{ trialId: 1, kind: 'same' }])
    assert.equal((await stored(home))[0]?.scorer_version, scorerVersion)
  })

  test('only the trials that were asked for', async () => {
    await using home = await withTrials(2)
    await pastCampaign(home.db, [{}])
    const ids = async (which: Selection) => (await go(home, which)).map(({ trialId }) => trialId)
    assert.deepEqual(await ids({ campaign: 2 }), [3])
    assert.deepEqual(await ids({ trial: 2 }), [2])
    assert.deepEqual(await ids('all'), [1, 2, 3])
    assert.deepEqual(await ids({ trial: 9 }), [])
  })

  test('what a newer program judged is left alone, as is what this one does not understand', async () => {
    await using home = await withTrials(3)
    await home.db
      .updateTable('trials')
      .set({ scorer_version: scorerVersion + 1 })
      .where('id', '=', 1)
      .execute()
    await home.db.updateTable('trials').set({ record: '{"version":0}' }).where('id', '=', 2).execute()
    const before = await stored(home)
    const [newer, strange, fine] = await go(home)
    assert.match(newer?.kind === 'left_alone' ? newer.why : '', /scorer \d+ judged it/)
    assert.match(strange?.kind === 'left_alone' ? strange.why : '', /not one that this program understands/)
    assert.equal(fine?.kind, 'same')
    assert.deepEqual(await stored(home), before)
  })
})
