import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { rngFrom } from '../../core/rng.ts'
import { mantelHaenszel, pairedRateDifference, rateDifference } from './differences.ts'
import { incompleteBeta, normalQuantile, normalTail, quantile, tCritical } from './distributions.ts'
import { logRank, logRankScores, pairedLogRank } from './log-rank.ts'
import { compareMeans, studentized } from './means.ts'
import { trialsToShowSafe, upperBound } from './non-inferiority.ts'
import { smallestDifference, trialsToShow } from './power.ts'
import { exactLimits, passAtK, passHatK, wilson } from './rates.ts'
import { bootstrapT } from './resampling/bootstrap-t.ts'
import { fisher, holm, mcnemar } from './resampling/exact.ts'
import { permutationTest } from './resampling/permutation.ts'
import { bootstrap, restrictedMeanOf } from './resampling/resample.ts'
import { eventTimes, kaplanMeier, restrictedMean } from './survival.ts'

const rng = () => rngFrom(1)
const many = (x: number) => [...Array.from({ length: 15 }, (_, i) => i), x]
const side = (successes: number, trials = 5) => ({ successes, trials })
const waited = (ms: number) => [
  { ms: 1, happened: true },
  { ms, happened: true },
]
const unpaired = { kind: 'unpaired', level: 0.05, a: 20, b: 20, rateA: 0.5 } as const
const paired = { kind: 'paired', level: 0.05, pairs: 20, rateA: 0.5, discordant: 0.3 } as const
const harm = { kind: 'unpaired', rateA: 0.1, rateB: 0.2, a: 20, b: 20 } as const
const counts = { both: 1, onlyA: 1, onlyB: 1, neither: 1 }

/** Every function with a number in the place of each that it takes. Those of counts refuse what is negative, too. */
const ofNumbers: Record<string, (x: number) => unknown> = {
  bootstrapT: (x) => bootstrapT(x, [Float64Array.from(many(1))], rng()),
  'bootstrapT, values': (x) => bootstrapT(1, [Float64Array.from(many(x))], rng()),
  compareMeans: (x) => compareMeans([{ a: many(x), b: many(1) }], false, rng()),
  'compareMeans, pairs': (x) =>
    compareMeans(
      many(x).map((a) => ({ a: [a], b: [1] })),
      true,
      rng(),
    ),
  studentized: (x) => studentized([{ a: [x, 1], b: [2, 3] }]),
  permutationTest: (x) => permutationTest([{ a: 2, b: 2 }], () => (x === Infinity ? Number.NaN : x), rng()),
  bootstrap: (x) => bootstrap([Int32Array.of(0, 1, 2, 3)], [{ of: () => x, degrees: 3 }], rng()),
  normalTail: (x) => normalTail(x),
  trialsToShow: (x) => trialsToShow(unpaired, x),
}
const ofCounts: Record<string, (x: number) => unknown> = {
  mcnemar: (x) => mcnemar(x, 1),
  'mcnemar, other': (x) => mcnemar(1, x),
  'mcnemar, both': (x) => mcnemar(x, x),
  'fisher, successes': (x) => fisher([{ a: side(x), b: side(1) }]),
  'fisher, trials': (x) => fisher([{ a: side(1), b: side(0, x) }]),
  holm: (x) => holm([0.1, x]),
  'wilson, successes': (x) => wilson(x, 10),
  'wilson, trials': (x) => wilson(0, x),
  'passAtK, trials': (x) => passAtK(x, 0, 1),
  'passAtK, successes': (x) => passAtK(5, x, 1),
  'passHatK, k': (x) => passHatK(5, 2, x),
  rateDifference: (x) => rateDifference([{ a: side(1), b: side(x) }]),
  'rateDifference, trials': (x) => rateDifference([{ a: side(0, x), b: side(1) }]),
  mantelHaenszel: (x) => mantelHaenszel([[x, 1]]),
  ...Object.fromEntries(
    Object.keys(counts).map((name) => [
      `pairedRateDifference, ${name}`,
      (x: number) => pairedRateDifference({ ...counts, [name]: x }),
    ]),
  ),
  logRank: (x) => logRank([{ a: waited(x), b: waited(2) }], rng()),
  'logRank, other side': (x) => logRank([{ a: waited(2), b: waited(x) }], rng()),
  logRankScores: (x) => logRankScores(waited(x)),
  pairedLogRank: (x) =>
    pairedLogRank(
      [
        [
          { ms: x, happened: true },
          { ms: 1, happened: true },
        ],
      ],
      rng(),
    ),
  kaplanMeier: (x) => kaplanMeier(waited(x)),
  eventTimes: (x) => eventTimes([{ ms: x, happened: false }]),
  restrictedMean: (x) => restrictedMean(waited(x), 5),
  'restrictedMean, horizon': (x) => restrictedMean(waited(1), x),
  restrictedMeanOf: (x) => restrictedMeanOf([{ value: { ms: x, happened: true }, unit: 0, weight: 1 }], 5),
  'restrictedMeanOf, weight': (x) =>
    restrictedMeanOf([{ value: { ms: 1, happened: true }, unit: 0, weight: x }], 5),
  'restrictedMeanOf, horizon': (x) => restrictedMeanOf([], x),
  'smallestDifference, trials': (x) => smallestDifference({ ...unpaired, a: x }, 'rise'),
  'smallestDifference, rate': (x) => smallestDifference({ ...unpaired, rateA: x }, 'fall'),
  'smallestDifference, level': (x) => smallestDifference({ ...unpaired, level: x }, 'fall'),
  'smallestDifference, pairs': (x) => smallestDifference({ ...paired, pairs: x }, 'rise'),
  'smallestDifference, discordant': (x) => smallestDifference({ ...paired, discordant: x }, 'rise'),
  'trialsToShow, rate': (x) => trialsToShow({ ...paired, rateA: x }, 0.1),
  'upperBound, rate': (x) => upperBound({ ...harm, rateB: x }),
  'upperBound, other rate': (x) => upperBound({ ...harm, rateA: x }),
  'upperBound, trials': (x) => upperBound({ ...harm, a: x }),
  'upperBound, pairs': (x) => upperBound({ kind: 'paired', pairs: { ...counts, onlyB: x } }),
  'upperBound, neither': (x) => upperBound({ kind: 'paired', pairs: { ...counts, neither: x } }),
  trialsToShowSafe: (x) => trialsToShowSafe(harm, x),
  'trialsToShowSafe, rate': (x) => trialsToShowSafe({ ...harm, rateB: x }, 0.5),
  'exactLimits, rate': (x) => exactLimits(x, 10, 0.95),
  'exactLimits, trials': (x) => exactLimits(0.1, x, 0.95),
  'exactLimits, confidence': (x) => exactLimits(0.1, 10, x),
  tCritical: (x) => tCritical(x),
  normalQuantile: (x) => normalQuantile(x),
  quantile: (x) => quantile([1, 2], x),
  'incompleteBeta, x': (x) => incompleteBeta(x, 1, 1),
  'incompleteBeta, a': (x) => incompleteBeta(0.5, x, 1),
  'incompleteBeta, b': (x) => incompleteBeta(0.5, 1, x),
}

suite('what is no number is refused, with words', () => {
  for (const [name, of] of Object.entries({ ...ofNumbers, ...ofCounts }))
    test(name, () => {
      const wrong = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (const x of name in ofCounts ? [...wrong, -1] : wrong)
        assert.throws(
          () => of(x),
          { name: 'RangeError', message: /\w+ .*(NaN|Infinity|-1|not a number)/ },
          `${x}`,
        )
    })

  test('parts of a count, and more successes than trials', () => {
    for (const refused of [
      () => mcnemar(1.5, 1),
      () => fisher([{ a: side(6), b: side(1) }]),
      () => wilson(3, 2),
    ])
      assert.throws(refused, RangeError)
    assert.throws(() => rateDifference([{ a: side(1), b: side(2.5) }]), RangeError)
  })
})
