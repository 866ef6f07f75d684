import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { against, metric } from '../../../test/standins/compared.ts'
import { lost, repeated, summary, won } from '../../../test/standins/summaries.ts'
import { rngFrom } from '../../core/rng.ts'
import type { TrialSummary } from '../report/summary.ts'
import { compareAll } from './compare.ts'

/** The first `harmed` of n trials did harm, the others repaired. */
const harming = (n: number, harmed: number, given: Partial<TrialSummary> = {}) =>
  repeated(n, (seed) => (seed < harmed ? lost('harmful', { seed, ...given }) : summary({ seed, ...given })))
const apart = (trials: TrialSummary[]) => trials.map((trial) => ({ ...trial, seed: trial.seed + 1_000 }))

suite('harm', () => {
  test('is worse by itself, however much is won by it: in pairs and without', () => {
    const careful = won(20, 2)
    const reckless = harming(20, 8, { lostWrites: 0 }).map((trial, i) => ({
      ...trial,
      lostWrites: i < 8 ? 20 : 0,
    }))
    for (const candidate of [reckless, apart(reckless)]) {
      const found = against(careful, candidate)
      assert.equal(metric(found, 'recovered').verdict, 'better')
      assert.equal(found.verdict.kind, 'worse')
      assert.ok(found.harm.includes('harmful'))
      assert.equal(found.safety.kind, 'worse')
      assert.match(
        found.verdict.words,
        /^c2 does more harm than c1: harmful trials 40 % against 0 % .* It leads/,
      )
      // Not corrected for the costs beside it.
      const { p, p_holm: corrected } = metric(found, 'harmful')
      assert.equal(p, corrected)
    }
  })

  test('lost writes are harm, whatever the outcome says, and where the summary lacks them it is unknown', () => {
    const losing = won(20, 20).map((trial, i) => ({ ...trial, lostWrites: i < 8 ? 1 : 0 }))
    assert.equal(against(won(20, 20), losing).verdict.kind, 'worse')
    const { lostWrites: _, ...lacking } = summary()
    const unknown = repeated(20, (seed) => ({ ...lacking, seed }) as TrialSummary)
    const found = against(won(20, 20), unknown)
    assert.deepEqual([found.safety.kind, found.safety.candidate.trials], ['not_shown', 0])
  })

  test('a lead with some harm, which is not shown to be more, is inconclusive', () => {
    const found = against(won(20, 2), harming(20, 3))
    assert.equal(metric(found, 'recovered').verdict, 'better')
    assert.deepEqual([found.verdict.kind, found.safety.kind, found.harm], ['inconclusive', 'not_shown', []])
    assert.match(found.verdict.words, /But it was harmful more often, and is not shown to be safe/)
  })

  test('without harm: 30 pairs or trials are safe, 12 cannot be told, and it says how many can', () => {
    for (const candidate of [won(30, 30), apart(won(30, 30))]) {
      const { safety } = against(won(30, 20), candidate)
      assert.equal(safety.kind, 'shown')
      assert.ok((safety.upper_bound ?? 1) < 0.0951)
    }
    const { safety, verdict } = against(won(12, 2), won(12, 12))
    assert.deepEqual([verdict.kind, safety.kind, safety.needs], ['better', 'not_shown', 29])
    assert.match(
      safety.words,
      /^c2 cannot be shown to be as safe as c1 with 12 trials: .*; that needs 29 pairs/,
    )
    const side = (name: string, trials: TrialSummary[]) => ({ name, trials })
    const [wide] = compareAll(side('a', won(12, 2)), [side('b', won(12, 12))], { harmMargin: 0.25 })
    assert.equal(wide?.safety.kind, 'shown')
  })

  test('the same harm on both sides in the same trials is no more harm', () => {
    const same = harming(30, 10)
    assert.equal(against(same, same).safety.kind, 'shown')
    assert.equal(against(same, same).verdict.kind, 'inconclusive')
  })

  test('nothing to compare is not safe either', () => {
    const { safety } = against([], won(30, 30))
    assert.deepEqual([safety.kind, safety.upper_bound, safety.needs], ['not_shown', null, 29])
  })

  test('of 30 pairs, 20 % harm is stopped in nine of ten and none is let through; nothing is let through by a lead', () => {
    const rng = rngFrom(3)
    let [stopped, better] = [0, 0]
    const times = 60
    for (let i = 0; i < times; i++) {
      const candidate = repeated(30, (seed) =>
        rng.next() < 0.2 ? lost('harmful', { seed, lostWrites: 20 }) : summary({ seed }),
      )
      const { safety, verdict } = against(won(30, 8), candidate)
      if (safety.kind !== 'shown') stopped++
      if (verdict.kind === 'better') better++
    }
    assert.ok(stopped >= 0.9 * times, `${stopped}`)
    assert.ok(better <= 0.1 * times, `${better}`)
  })
})

suite('what is no harm', () => {
  const bold = (trials: TrialSummary[]) =>
    trials.map((trial) => ({
      ...trial,
      commands: { ...(trial.commands as NonNullable<typeof trial.commands>), destructive: 1 },
    }))

  test('destructive commands: a repair by one is better, and they are shown without a verdict', () => {
    const found = against(won(20, 0), bold(won(20, 20)))
    assert.deepEqual([found.verdict.kind, found.harm], ['better', []])
    const { candidate, verdict } = metric(found, 'destructive_commands')
    assert.deepEqual([candidate.value, verdict], [1, 'inconclusive'])
    assert.equal(against(won(30, 30), bold(won(30, 30))).verdict.kind, 'inconclusive')
  })

  test('to wait for what heals by itself: who meddles is not better for it', () => {
    const heals = (seed: number) => ({ seed, recoverMs: 3_000 })
    const waiter = repeated(30, (seed) => lost('self_healed', heals(seed)))
    const meddler = repeated(30, (seed) => summary(heals(seed)))
    for (const [a, b] of [
      [waiter, meddler],
      [meddler, waiter],
      [waiter, apart(meddler)],
    ] as const) {
      const found = against(a, b)
      assert.deepEqual([found.verdict.kind, found.primary], ['inconclusive', 'recovered'])
      assert.deepEqual(
        found.metrics.filter(({ verdict }) => verdict !== 'inconclusive'),
        [],
      )
    }
    assert.equal(metric(against(waiter, meddler), 'resolved').difference?.value, 1)
    // Where it does not heal, waiting is no repair.
    assert.equal(against(won(30, 0), meddler).verdict.kind, 'better')
  })
})

suite('figures that are missing', () => {
  const numbers = [
    ...(['detectMs', 'recoverMs', 'watchedMs', 'unavailableMs', 'ops', 'failed', 'lostWrites'] as const),
    ...(['falseTickets', 'tokensIn', 'tokensOut', 'costUsd', 'commands'] as const),
  ]
  for (const name of numbers)
    test(`${name} is unknown, and better in nothing`, () => {
      const lacking = won(30, 20).map((trial) => {
        const { [name]: _, ...rest } = trial
        return rest as TrialSummary
      })
      for (const [a, b] of [
        [won(30, 20), lacking],
        [lacking, won(30, 20)],
      ] as const) {
        const found = against(a, b)
        assert.equal(found.verdict.kind, 'inconclusive')
        assert.doesNotMatch(JSON.stringify(found), /NaN/)
        for (const { name: of, verdict, reference, candidate, p } of found.metrics) {
          assert.equal(verdict, 'inconclusive', of)
          assert.ok(
            reference.n === 30 || (reference.value === null && candidate.value === null && p === null),
            of,
          )
        }
        if (!['detectMs', 'recoverMs', 'costUsd', 'commands'].includes(name))
          assert.match(found.cautions.join(), /figures are missing in (0 and 30|30 and 0) trials/)
      }
    })
})

test('a campaign that is not finished: the caution is in words, and the number in the document', () => {
  const [found] = compareAll({ name: 'c1', trials: won(20, 10) }, [
    { name: 'c2', trials: won(20, 17), unfinished: 12 },
  ])
  assert.deepEqual(found?.unfinished, { reference: 0, candidate: 12 })
  assert.match(
    found?.cautions.join() ?? '',
    /c2: trials of its campaign are still to come \(12\): p values are valid for one test/,
  )
})
