import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { near } from '../../../test/standins/near.ts'
import { logChoose } from './distributions.ts'
import { trialsToShowSafe, upperBound } from './non-inferiority.ts'
import { exactLimits } from './rates.ts'

const pairs = (pairs_: number, onlyA: number, onlyB: number) =>
  ({ kind: 'paired', pairs: { both: 0, onlyA, onlyB, neither: pairs_ - onlyA - onlyB } }) as const
const sides = (inA: number, a: number, inB: number, b: number) =>
  ({ kind: 'unpaired', rateA: inA / a, rateB: inB / b, a, b }) as const

suite('an upper bound of harm', () => {
  test('exact limits: scipy 1.17, binomtest.proportion_ci(0.95, "exact") one-sided, and beta.ppf of parts of trials', () => {
    near(exactLimits(0, 30, 0.95)[1], 0.09503385285530412)
    near(exactLimits(8 / 20, 20, 0.95)[1], 0.60641511324303)
    near(exactLimits(8 / 20, 20, 0.95)[0], 0.2170685893700727)
    near(exactLimits(2.5 / 22.75, 22.75, 0.95)[1], 0.27963420945384115)
    assert.deepEqual([exactLimits(0, 5, 0.95)[0], exactLimits(1, 5, 0.95)[1]], [0, 1])
  })

  test('of two rates: computed apart from this code with scipy', () => {
    near(upperBound(sides(2, 25, 4, 30)), 0.2136496299862778)
    near(upperBound(pairs(40, 3, 5)), 0.18693622117186354)
    // No harm on side a: the exact limit of side b, with pairs and without.
    near(upperBound(pairs(30, 0, 0)), 0.09503385285530412)
    near(upperBound(sides(0, 30, 0, 30)), 0.09503385285530412)
  })

  test('harm at the margin is taken for safe in 5 % at most: summed over all results', () => {
    const margin = 0.1
    const chance = (n: number, k: number, rate: number) =>
      rate === 0
        ? Number(k === 0)
        : Math.exp(logChoose(n, k) + k * Math.log(rate) + (n - k) * Math.log1p(-rate))
    for (const [a, b] of [
      [30, 30],
      [12, 40],
      [60, 29],
    ] as const) {
      const isSafe = Array.from({ length: a + 1 }, (_, x) =>
        Array.from({ length: b + 1 }, (__, y) => upperBound(sides(x, a, y, b)) < margin),
      )
      for (const rate of [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.85]) {
        let taken = 0
        for (let x = 0; x <= a; x++)
          for (let y = 0; y <= b; y++)
            if (isSafe[x]?.[y]) taken += chance(a, x, rate) * chance(b, y, rate + margin)
        assert.ok(taken <= 0.05, `${taken} at ${rate} of ${a} and ${b}`)
      }
    }
    const n = 30
    for (const rate of [0, 0.03, 0.1, 0.2, 0.3, 0.44]) {
      let taken = 0
      for (let x = 0; x <= n; x++)
        for (let y = 0; x + y <= n; y++)
          if (upperBound(pairs(n, x, y)) < margin)
            taken += chance(n, x, rate) * chance(n - x, y, (rate + margin) / (1 - rate))
      assert.ok(taken <= 0.05, `${taken} at ${rate} in pairs`)
    }
  })

  test('trials that it takes: 29 without harm, none with harm at the margin', () => {
    assert.equal(trialsToShowSafe(pairs(10, 0, 0), 0.1), 29)
    assert.equal(trialsToShowSafe(sides(0, 3, 0, 7), 0.1), 29)
    assert.equal(trialsToShowSafe(sides(0, 3, 0, 7), 0.25), 11)
    assert.equal(trialsToShowSafe(pairs(30, 0, 6), 0.1), null)
    const needed = trialsToShowSafe(sides(2, 40, 2, 40), 0.1)
    assert.equal(needed, 45)
    assert.ok(upperBound({ ...sides(2, 40, 2, 40), a: 45, b: 45 }) < 0.1)
    assert.ok(upperBound({ ...sides(2, 40, 2, 40), a: 44, b: 44 }) >= 0.1)
  })
})
