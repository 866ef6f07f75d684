import type { Rng } from '../../src/core/rng.ts'
import { logRank, pairedLogRank } from '../../src/eval/stats/log-rank.ts'
import { compareMeans, studentized } from '../../src/eval/stats/means.ts'
import { permutationTest } from '../../src/eval/stats/resampling/permutation.ts'
import type { Lifetime } from '../../src/eval/stats/survival.ts'

/** Samples of which nothing differs that is tested: how often is something found all the same? */
export interface Null {
  name: string
  /** p of one simulated evaluation. */
  p(rng: Rng): number
}

export const exponential = (rng: Rng, mean = 1) => -mean * Math.log(1 - rng.next())
export const normal = (rng: Rng) => Math.sqrt(2 * exponential(rng)) * Math.cos(2 * Math.PI * rng.next())
/** With a mean of 0. */
export const lognormal = (rng: Rng, sigma = 1) => Math.exp(sigma * normal(rng)) - Math.exp(sigma ** 2 / 2)
export const many = <T>(n: number, draw: (i: number) => T): T[] =>
  Array.from({ length: n }, (_, i) => draw(i))
export const watched = (ms: number, censoredAt: number): Lifetime => ({
  ms: Math.min(ms, censoredAt),
  happened: ms <= censoredAt,
})

/** Pairs whose differences are drawn so. */
const pairs = (name: string, n: number, draw: (rng: Rng) => number): Null => ({
  name: `means of ${n} pairs, ${name}`,
  p: (rng) => {
    const strata = many(n, () => {
      const a = 10 * rng.next()
      return { a: [a], b: [a + draw(rng)] }
    })
    return compareMeans(strata, true, rng)?.p ?? 1
  },
})

const sides = (name: string, [a, b]: [number, number], draw: (rng: Rng, side: 0 | 1) => number): Null => ({
  name: `means of ${a} and ${b}, ${name}`,
  p: (rng) => {
    const stratum = { a: many(a, () => draw(rng, 0)), b: many(b, () => draw(rng, 1)) }
    return compareMeans([stratum], false, rng)?.p ?? 1
  },
})

/** Spreads of 1 and 5, equal means. */
const uneven = (rng: Rng, side: 0 | 1) => (side === 0 ? 1 : 5) * normal(rng)

const permuted = (a: number, b: number): Null => ({
  name: `studentized permutation alone, ${a} and ${b}, spreads 1 and 5`,
  p: (rng) => {
    const stratum = { a: many(a, () => uneven(rng, 0)), b: many(b, () => uneven(rng, 1)) }
    return permutationTest([{ a, b }], studentized([stratum]), rng)
  },
})

const damages = (name: string, sizes: [number, number][], draw: (rng: Rng, side: 0 | 1) => number): Null => ({
  name: `means by damage, ${name}`,
  p: (rng) => {
    const strata = sizes.map(([a, b], hard) => ({
      a: many(a, () => 5 * hard + draw(rng, 0)),
      b: many(b, () => 5 * hard + draw(rng, 1)),
    }))
    return compareMeans(strata, false, rng)?.p ?? 1
  },
})

const survival = (
  name: string,
  [a, b]: [number, number],
  draw: (rng: Rng, side: 0 | 1) => Lifetime,
): Null => ({
  name: `log-rank of ${a} and ${b}, ${name}`,
  p: (rng) => logRank([{ a: many(a, () => draw(rng, 0)), b: many(b, () => draw(rng, 1)) }], rng).p,
})

const lightly = (rng: Rng) => watched(exponential(rng), 1 + 2 * rng.next())
const heavily = (rng: Rng) => watched(exponential(rng), 0.3 * rng.next())
const tied = (rng: Rng) => watched(Math.ceil(2 * exponential(rng)), 3)
/** Side b is given up on much earlier. */
const unevenly = (rng: Rng, side: 0 | 1) => watched(exponential(rng), (side === 0 ? 3 : 0.7) * rng.next())

export const nulls: Null[] = [
  permuted(30, 10),
  permuted(40, 8),
  permuted(8, 40),
  sides('spreads 1 and 5', [30, 12], uneven),
  sides('spreads 1 and 5', [40, 12], uneven),
  sides('spreads 1 and 5', [12, 40], uneven),
  sides('lognormal', [30, 30], (rng) => lognormal(rng)),
  sides('lognormal', [40, 12], (rng) => lognormal(rng)),
  sides('lognormal against nearly constant', [30, 30], (rng, side) =>
    side === 0 ? 0.1 * normal(rng) : lognormal(rng),
  ),
  sides('lognormal against nearly constant', [40, 12], (rng, side) =>
    side === 0 ? 0.1 * normal(rng) : lognormal(rng),
  ),
  sides(
    'exponential, spreads 1 and 5',
    [30, 12],
    (rng, side) => (side === 0 ? 1 : 5) * (exponential(rng) - 1),
  ),
  damages(
    'three kinds in uneven shares',
    [
      [12, 4],
      [4, 12],
      [6, 6],
    ],
    (rng) => exponential(rng),
  ),
  damages(
    'twenty kinds, one trial each',
    many(20, () => [1, 1]),
    (rng) => exponential(rng),
  ),
  damages(
    'ten kinds, two and three trials, spreads 1 and 5',
    many(10, () => [3, 2]),
    uneven,
  ),
  ...[12, 20, 30, 50].flatMap((n) => [
    pairs('normal', n, normal),
    pairs('exponential', n, (rng) => exponential(rng) - 1),
    pairs('lognormal', n, (rng) => lognormal(rng)),
    pairs('lognormal, the other way', n, (rng) => -lognormal(rng)),
    pairs('squared exponential', n, (rng) => exponential(rng) ** 2 - 2),
  ]),
  pairs('lognormal with a sigma of 1.5', 20, (rng) => lognormal(rng, 1.5)),
  survival('lightly censored', [3, 3], lightly),
  survival('lightly censored', [5, 5], lightly),
  survival('lightly censored', [40, 5], lightly),
  survival('lightly censored', [40, 40], lightly),
  survival('heavily censored', [5, 5], heavily),
  survival('heavily censored', [40, 5], heavily),
  survival('tied', [5, 5], tied),
  survival('tied', [40, 5], tied),
  survival('one side censored early', [20, 20], unevenly),
  survival('one side censored early', [40, 8], unevenly),
  {
    name: 'log-rank of 20 pairs',
    p: (rng) =>
      pairedLogRank(
        many(20, () => {
          const mean = exponential(rng)
          return [watched(exponential(rng, mean), 2), watched(exponential(rng, mean), 2)] as const
        }),
        rng,
      ),
  },
]
