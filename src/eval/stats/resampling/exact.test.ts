import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { near } from '../../../../test/standins/near.ts'
import {
  betaQuantile,
  incompleteBeta,
  normalQuantile,
  normalTail,
  quantile,
  tCritical,
} from '../distributions.ts'
import { fisher, holm, mcnemar } from './exact.ts'

const side = (successes: number, failures: number) => ({ successes, trials: successes + failures })

suite('distributions', () => {
  // scipy 1.17, stats.norm.sf
  for (const [z, tail] of [
    [0, 0.5],
    [0.5, 0.3085375387259869],
    [1.959963984540054, 0.025],
    [2.99, 0.0013948872354922468],
    [3.01, 0.0013062384487694675],
    [6, 9.865876450376946e-10],
    [20, 2.7536241186061556e-89],
  ] as const)
    test(`P(Z > ${z})`, () => {
      assert.ok(Math.abs(normalTail(z) / tail - 1) < 1e-12)
      near(normalTail(-z), 1 - tail)
    })

  test('beta distribution: scipy 1.17, stats.beta.cdf and ppf; normal quantiles: stats.norm.isf', () => {
    for (const [x, a, b, p] of [
      [0.3, 2, 5, 0.579825],
      [0.9, 30, 1.5, 0.09478768114961164],
      [0.01, 0.5, 80, 0.7945271624459918],
      [0.5, 2000, 2000, 0.5],
    ] as const)
      near(incompleteBeta(x, a, b), p)
    near(betaQuantile(0.95, 9, 12), 0.6064151132430304)
    near(betaQuantile(0.95, 3.5, 20.25), 0.27963420945384115)
    for (const [tail, z] of [
      [0.2, 0.8416212335729142],
      [0.05 / 6, 2.3939797998185095],
      [1e-9, 5.9978070150076865],
    ] as const)
      near(normalQuantile(tail), z)
  })

  test('t quantiles: scipy 1.17, stats.t.ppf(0.975)', () => {
    for (const [degrees, t] of [
      [3, 3.18244631],
      [4, 2.77644511],
      [9, 2.26215716],
      [49, 2.00957524],
    ] as const)
      assert.ok(Math.abs(tCritical(degrees) / t - 1) < (degrees > 4 ? 1e-4 : 3e-3), `${degrees}`)
  })

  test('quantiles as R: quantile(c(1, 2, 3, 4, 10), c(0, 0.25, 0.9, 1))', () => {
    const sorted = [1, 2, 3, 4, 10]
    for (const [q, value] of [
      [0, 1],
      [0.25, 2],
      [0.9, 7.6],
      [1, 10],
    ] as const)
      near(quantile(sorted, q), value)
    assert.equal(quantile([], 0.5), null)
    assert.equal(quantile([7], 0.9), 7)
  })
})

suite("McNemar's exact test", () => {
  // statsmodels 0.15, mcnemar(exact=True): the approval ratings of Agresti 1990, p. 350; Cavo and Bentur as in Fagerland
  // et al. 2013, BMC Med. Res. Methodol. 13:91 (0.0525 and 0.0703).
  for (const [onlyA, onlyB, p] of [
    [150, 86, 3.7159361395713866e-5],
    [6, 16, 0.052478790283203125],
    [1, 7, 0.0703125],
    [0, 6, 2 / 64],
    [0, 5, 2 / 32],
  ] as const)
    test(`${onlyA} against ${onlyB}`, () => near(mcnemar(onlyA, onlyB), p))

  test('nothing to tell, and very many pairs', () => {
    assert.equal(mcnemar(0, 0), 1)
    assert.equal(mcnemar(4, 4), 1)
    assert.ok(mcnemar(5_000, 5_000) === 1 && mcnemar(0, 10_000) < 1e-300)
  })
})

suite("Fisher's exact test", () => {
  // R's manual of fisher.test: the tea of Fisher 1935, the twins of Fisher 1962 (p = 0.0005367); the last of scipy 1.17.
  for (const [a, b, c, d, p] of [
    [3, 1, 1, 3, 0.48571428571428565],
    [2, 15, 10, 3, 0.0005367241191434358],
    [700, 300, 650, 350, 0.019284321614513614],
  ] as const)
    test(`${a}, ${b}, ${c}, ${d}`, () => near(fisher([{ a: side(a, b), b: side(c, d) }]), p))

  test('of strata: the rabbits of Agresti 1990, pp. 231-237; R: mantelhaen.test(Rabbits, exact = TRUE), p = 0.03994', () => {
    const p = fisher([
      { a: side(0, 6), b: side(0, 5) },
      { a: side(3, 3), b: side(0, 6) },
      { a: side(6, 0), b: side(2, 4) },
      { a: side(5, 1), b: side(6, 0) },
      { a: side(2, 0), b: side(5, 0) },
    ])
    near(p, 0.03994490358126722)
  })

  test('nothing to tell, and very many trials', () => {
    assert.equal(fisher([]), 1)
    assert.equal(fisher([{ a: side(0, 0), b: side(3, 1) }]), 1)
    assert.equal(fisher([{ a: side(5, 0), b: side(5, 0) }]), 1)
    const [low, high] = [side(4_000, 6_000), side(6_000, 4_000)]
    assert.ok(fisher([{ a: low, b: high }]) < 1e-100)
    near(
      fisher([
        { a: low, b: low },
        { a: high, b: high },
      ]),
      1,
    )
  })
})

test('Holm: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") of R', () => {
  const adjusted = holm([0.01, 0.04, 0.03, 0.005])
  for (const [i, p] of [0.03, 0.06, 0.06, 0.02].entries()) near(adjusted[i], p)
  assert.deepEqual(holm([]), [])
  assert.deepEqual(holm([0.9, 0.8]), [1, 1])
})
