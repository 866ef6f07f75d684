import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { near } from '../../../../test/standins/near.ts'
import { nulls } from '../../../../test/standins/nulls.ts'
import { rngFrom } from '../../../core/rng.ts'
import { logRank } from '../log-rank.ts'
import { compareMeans, studentized } from '../means.ts'
import { permutationTest } from './permutation.ts'

const labels = (a: number, b: number) => Uint8Array.from([...Array(a).fill(0), ...Array(b).fill(1)])
const lifetimes = (ms: readonly number[], happened: readonly number[]) =>
  ms.map((one, i) => ({ ms: one, happened: happened[i] === 1 }))

suite('permutations', () => {
  test('studentized means: statistic and exact p of scipy 1.17, permutation_test of a Welch t', () => {
    const stratum = { a: [1, 4, 2, 8, 5], b: [9, 7, 12, 30] }
    near(studentized([stratum])(labels(5, 4)), 1.9414506867883017)
    near(permutationTest([{ a: 5, b: 4 }], studentized([stratum]), rngFrom(1)), 0.031746031746031744)
  })

  test('pairs: statistic and exact p of scipy 1.17, ttest_1samp and permutation_test of samples', () => {
    const pairs = [3, 1, -2, 5, 4, 2.5].map((difference, i) => ({ a: [i], b: [i + difference] }))
    const sizes = pairs.map(() => ({ a: 1, b: 1 }))
    near(permutationTest(sizes, studentized(pairs), rngFrom(1)), 0.09375)
    // Uncentred t: the same order as t, whose square is t^2 n / (n - 1 + t^2).
    const [t, n] = [2.217888261405649, 6]
    near(
      studentized(pairs)(Uint8Array.from(pairs.flatMap(() => [0, 1]))),
      t * Math.sqrt(n / (n - 1 + t ** 2)),
    )
  })

  test('log-rank: chi-square and exact p of all relabellings, counted apart from this code in Python', () => {
    const first = logRank(
      [{ a: lifetimes([1, 2, 2, 5], [1, 1, 0, 1]), b: lifetimes([3, 6, 7, 7], [1, 1, 0, 1]) }],
      rngFrom(1),
    )
    near(first.chiSquare, 3.1208891042335414)
    near(first.p, 8 / 70)
    const second = logRank(
      [{ a: lifetimes([6, 6, 7, 10], [1, 0, 1, 1]), b: lifetimes([1, 2, 2, 3, 4, 5], [1, 1, 1, 1, 1, 0]) }],
      rngFrom(1),
    )
    near(second.chiSquare, 5.605286670971965)
    near(second.p, 6 / 210)
  })

  test('draws come near the exact p, and count the true labels', () => {
    const stratum = { a: [1, 4, 2, 8, 5, 3, 6, 2, 7, 4], b: [9, 7, 12, 4, 6, 8, 5, 9] }
    const sizes = [{ a: 10, b: 8 }]
    // C(18, 8) is 43,758: too many to try all.
    const p = permutationTest(sizes, studentized([stratum]), rngFrom(1))
    assert.ok(Math.abs(p - permutationTest(sizes, studentized([stratum]), rngFrom(2))) < 0.01, `${p}`)
    const apart = {
      a: Array.from({ length: 20 }, (_, i) => i),
      b: Array.from({ length: 20 }, (_, i) => 100 + i),
    }
    assert.equal(permutationTest([{ a: 20, b: 20 }], studentized([apart]), rngFrom(1)), 1 / 5_000)
  })

  test('no difference is p = 1; a difference without spread is as rare as its labels', () => {
    const same = { a: [2, 2, 2], b: [2, 2, 2] }
    assert.equal(permutationTest([{ a: 3, b: 3 }], studentized([same]), rngFrom(1)), 1)
    const apart = { a: [0.1, 0.1, 0.1], b: [0.3, 0.3, 0.3] }
    assert.equal(studentized([apart])(labels(3, 3)), Number.POSITIVE_INFINITY)
    near(permutationTest([{ a: 3, b: 3 }], studentized([apart]), rngFrom(1)), 2 / 20)
    assert.equal(permutationTest([], studentized([]), rngFrom(1)), 1)
  })

  test('fewer than twelve on a side tell nothing of a mean', () => {
    const side = (n: number) => Array.from({ length: n }, (_, i) => i % 5)
    assert.equal(compareMeans([{ a: side(11), b: side(40) }], false, rngFrom(1)), null)
    assert.equal(compareMeans([], true, rngFrom(1)), null)
    const pairs = (n: number) => side(n).map((value) => ({ a: [value], b: [2 * value] }))
    assert.equal(compareMeans(pairs(11), true, rngFrom(1)), null)
    const told = compareMeans(pairs(12), true, rngFrom(1))
    assert.ok(told?.interval && told.interval[0] < 1.8 && told.interval[1] > 1.8 && told.p < 0.05)
  })
})

/** What a simulation of that many may show of 5 %, 99.9 % of the time. */
const atMost = (times: number) => 0.05 + 3.29 * Math.sqrt((0.05 * 0.95) / times)

suite('without a difference, false alarms come at the level at most', () => {
  // Cheap ones, and those that tests of older versions failed; `npm run bench -- --only statistics` has all, and more often.
  for (const [name, times] of [
    ['means of 30 and 12, spreads 1 and 5', 150],
    ['studentized permutation alone, 30 and 10, spreads 1 and 5', 250],
    ['means of 12 pairs, lognormal', 400],
    ['means of 20 pairs, lognormal with a sigma of 1.5', 400],
    ['means by damage, three kinds in uneven shares', 100],
    ['log-rank of 3 and 3, lightly censored', 500],
    ['log-rank of 5 and 5, lightly censored', 1_500],
    ['log-rank of 5 and 5, heavily censored', 1_500],
    ['log-rank of 40 and 5, tied', 300],
    ['log-rank of 40 and 8, one side censored early', 300],
    ['log-rank of 20 pairs', 200],
  ] as const)
    test(name, () => {
      const found = nulls.find((one) => one.name === name)
      assert.ok(found)
      const rng = rngFrom(8)
      let alarms = 0
      for (let i = 0; i < times; i++) if (found.p(rng) <= 0.05) alarms++
      assert.ok(alarms / times <= atMost(times), `${alarms} of ${times}`)
    })
})
