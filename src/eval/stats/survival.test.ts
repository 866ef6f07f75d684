import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { near } from '../../../test/standins/near.ts'
import { rngFrom } from '../../core/rng.ts'
import { logRank, logRankScores, pairedLogRank } from './log-rank.ts'
import { kaplanMeier, type Lifetime, restrictedMean, survivalQuantile } from './survival.ts'

/** `6+` is censored at 6. */
const lifetimes = (text: string): Lifetime[] =>
  text.split(' ').map((word) => ({ ms: Number.parseInt(word, 10), happened: !word.endsWith('+') }))

// Remission of leukaemia, weeks: Freireich et al. 1963, Blood 21:699.
const drug = lifetimes('6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+')
const placebo = lifetimes('1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23')

suite('survival curves', () => {
  test('Kaplan-Meier: Klein & Moeschberger 2003, table 4.1B', () => {
    const curve = kaplanMeier(drug)
    assert.deepEqual(
      curve.map(({ ms, atRisk, events }) => [ms, atRisk, events]),
      [
        [6, 21, 3],
        [7, 17, 1],
        [10, 15, 1],
        [13, 12, 1],
        [16, 11, 1],
        [22, 7, 1],
        [23, 6, 1],
      ],
    )
    // lifelines 0.30
    const survival = [0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179]
    for (const [i, share] of survival.entries()) assert.equal(curve[i]?.survival.toFixed(6), share.toFixed(6))
  })

  test('medians: 23 weeks on the drug, 8 without', () => {
    assert.equal(survivalQuantile(kaplanMeier(drug), 0.5), 23)
    assert.equal(survivalQuantile(kaplanMeier(placebo), 0.5), 8)
    assert.equal(survivalQuantile(kaplanMeier(drug), 0.9), null)
  })

  test('restricted mean: Klein & Moeschberger 2003, example 4.3: 23.29 weeks of 35, standard error 2.83', () => {
    const mean = restrictedMean(drug, 35)
    near(mean?.ms, 23.287394957983)
    near(mean?.standardError, 2.827467623371)
    // lifelines 0.30
    near(restrictedMean(drug, 20)?.ms, 16.116526610644)
  })

  test('without censoring it is the mean of what is cut at the horizon', () => {
    near(restrictedMean(placebo, 100)?.ms, 182 / 21)
    near(restrictedMean(placebo, 10)?.ms, (1 + 1 + 2 + 2 + 3 + 4 + 4 + 5 + 5 + 32 + 80) / 21)
  })

  test('none, one, all censored', () => {
    assert.equal(restrictedMean([], 10), null)
    assert.deepEqual(restrictedMean(lifetimes('4'), 10), { ms: 4, standardError: null })
    assert.deepEqual(restrictedMean(lifetimes('4+ 10+'), 10), { ms: 10, standardError: null })
    assert.deepEqual(kaplanMeier([]), [])
  })
})

suite('log-rank test', () => {
  test('leukaemia: R, survdiff: 16.79 on 1 degree of freedom; digits of lifelines 0.30', () => {
    const { chiSquare, p } = logRank([{ a: drug, b: placebo }], rngFrom(1))
    near(chiSquare, 16.792940989216547)
    // Of the normal distribution 4.2e-5; of 5,000 draws one is the true one.
    assert.ok(p <= 0.001, `${p}`)
  })

  test('stratified: statsmodels 0.15, survdiff(strata=), patients dealt in turn to three strata', () => {
    const third = (all: readonly Lifetime[], k: number) => all.filter((_, i) => i % 3 === k)
    const { chiSquare, p } = logRank(
      [0, 1, 2].map((k) => ({ a: third(drug, k), b: third(placebo, k) })),
      rngFrom(1),
    )
    near(chiSquare, 15.181606994880756)
    assert.ok(p <= 0.001, `${p}`)
  })

  test('of pairs: exact p of all signs, counted apart from this code in Python', () => {
    const [a, b] = [lifetimes('1 2 3 2 5 8 4+'), lifetimes('4 2 9+ 7 6 3 9+')]
    const pairs = a.map((one, i) => [one, b[i] as Lifetime] as const)
    near(pairedLogRank(pairs, rngFrom(1)), 28 / 128)
    assert.equal(pairedLogRank([], rngFrom(1)), 1)
  })

  test('nothing to tell: empty, all censored, all at once', () => {
    for (const [a, b] of [
      ['5', '5'],
      ['5+ 6+', '7+'],
      ['5 5', '5 5'],
    ] as const)
      assert.deepEqual(logRank([{ a: lifetimes(a), b: lifetimes(b) }], rngFrom(1)), { chiSquare: 0, p: 1 })
    assert.deepEqual(logRank([], rngFrom(1)), { chiSquare: 0, p: 1 })
    assert.deepEqual(logRank([{ a: drug, b: [] }], rngFrom(1)), { chiSquare: 0, p: 1 })
  })

  test('scores add up to nothing, and a side to what was seen less what was expected (9 - 19.25)', () => {
    const scores = logRankScores([...drug, ...placebo])
    const sum = (of: readonly number[]) => of.reduce((total, score) => total + score, 0)
    assert.ok(Math.abs(sum(scores)) < 1e-12)
    assert.equal(sum(scores.slice(0, drug.length)).toFixed(2), '-10.25')
  })
})
