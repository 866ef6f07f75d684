import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { lognormal, many, normal, watched } from '../../../../test/standins/nulls.ts'
import { type Rng, rngFrom } from '../../../core/rng.ts'
import { pairedRateDifference, rateDifference } from '../differences.ts'
import { smallestDifference, trialsToShow } from '../power.ts'
import { type Interval, wilson } from '../rates.ts'
import { bootstrapT } from './bootstrap-t.ts'
import { fisher, mcnemar } from './exact.ts'
import { bootstrap, restrictedMeanOf } from './resample.ts'

/** How often it holds, of so many simulated evaluations. */
function share(times: number, seed: number, holds: (rng: Rng) => boolean): number {
  const rng = rngFrom(seed)
  let held = 0
  for (let i = 0; i < times; i++) if (holds(rng)) held++
  return held / times
}

/** What a simulation of that many may show of a true share, 99.9 % of the time. */
const within = (times: number, expected: number) => 3.29 * Math.sqrt((expected * (1 - expected)) / times)

/** At most at the level: an exact test of counts can only be as near below it as whole numbers allow. */
function assertAtMost(rate: number, times: number): void {
  assert.ok(rate <= 0.05 + within(times, 0.05), `${rate} of at most 0.05`)
}

/** Score intervals cover a little more or less than they say, by which rate it is: Newcombe's own tables have 0.93 to 0.97. */
function assertCoverage(rate: number, times: number, slack = 0.015): void {
  assert.ok(Math.abs(rate - 0.95) <= slack + within(times, 0.95), `${rate} of 0.95`)
}

const successes = (rng: Rng, trials: number, rate: number) => ({
  successes: many(trials, () => rng.next() < rate).filter(Boolean).length,
  trials,
})
const covers = (interval: Interval | null | undefined, value: number) =>
  interval != null && interval[0] <= value && value <= interval[1]

/** Pairs whose two share how hard their fault is. */
function pairCounts(rng: Rng, pairs: number, rateB = 0.6, rateA = 0.6) {
  const counts = { both: 0, onlyA: 0, onlyB: 0, neither: 0 }
  for (let i = 0; i < pairs; i++) {
    const hard = (rng.next() - 0.5) * 0.7
    const [a, b] = [rng.next() < rateA + hard, rng.next() < rateB + hard]
    counts[a ? (b ? 'both' : 'onlyA') : b ? 'onlyB' : 'neither']++
  }
  return counts
}

suite('without a difference, false alarms come at the level', () => {
  test("McNemar's exact test", () => {
    const alarms = share(4_000, 1, (rng) => {
      const { onlyA, onlyB } = pairCounts(rng, 50)
      return mcnemar(onlyA, onlyB) <= 0.05
    })
    assertAtMost(alarms, 4_000)
    assert.ok(alarms > 0.005)
  })

  test("Fisher's exact test, also of strata that the sides met in different shares", () => {
    const alone = share(
      2_000,
      2,
      (rng) => fisher([{ a: successes(rng, 30, 0.7), b: successes(rng, 40, 0.7) }]) <= 0.05,
    )
    assertAtMost(alone, 2_000)
    const mixed = share(2_000, 3, (rng) => fisher(mixedStrata(rng)) <= 0.05)
    assertAtMost(mixed, 2_000)
    assert.ok(mixed > 0.01)
  })
})

/** Easy and hard damage, met three times as often by the one side and by the other, with rates that differ by `better`. */
function mixedStrata(rng: Rng, better = 0) {
  return [
    { a: successes(rng, 30, 0.8), b: successes(rng, 10, 0.8 + better) },
    { a: successes(rng, 10, 0.3), b: successes(rng, 30, 0.3 + better) },
  ]
}

suite('intervals cover the truth as often as they say', () => {
  test('of a rate', () => {
    const found = share(4_000, 11, (rng) => covers(wilson(successes(rng, 25, 0.8).successes, 25), 0.8))
    assertCoverage(found, 4_000)
  })

  test('of a difference of rates, also of strata', () => {
    const alone = share(3_000, 12, (rng) =>
      covers(
        rateDifference([{ a: successes(rng, 30, 0.6), b: successes(rng, 20, 0.85) }])?.difference.interval,
        0.25,
      ),
    )
    assertCoverage(alone, 3_000)
    const mixed = share(3_000, 13, (rng) =>
      covers(rateDifference(mixedStrata(rng, 0.15))?.difference.interval, 0.15),
    )
    assertCoverage(mixed, 3_000)
  })

  test('of a difference of paired rates', () => {
    // The rates are 0.6 and 0.45 in the mean over how hard the faults are.
    const found = share(3_000, 14, (rng) =>
      covers(pairedRateDifference(pairCounts(rng, 40, 0.45))?.difference.interval, -0.15),
    )
    assertCoverage(found, 3_000)
  })

  test('bootstrap of a difference of restricted means, of independent trials and of pairs', () => {
    const horizonMs = 2
    // The restricted mean of an exponential time.
    const truth = (mean: number) => mean * (1 - Math.exp(-horizonMs / mean))
    const expected = truth(1.5) - truth(1)
    const difference = (rng: Rng, n: number, hard: (i: number) => number, paired: boolean) => {
      const draw = (mean: number, first: number) =>
        many(n, (i) => ({
          value: watched(-mean * Math.log(hard(i)), 1 + rng.next() * 2),
          unit: first + i,
          weight: 1,
        }))
      const a = restrictedMeanOf(draw(1, 0), horizonMs)
      const b = restrictedMeanOf(draw(1.5, paired ? 0 : n), horizonMs)
      const statistic = { of: (counts: Float64Array) => b(counts) - a(counts), degrees: n - 1 }
      const cell = Int32Array.from(Array(n).keys())
      return bootstrap(paired ? [cell] : [cell, cell.map((i) => n + i)], [statistic], rng)[0]
    }
    const independent = share(250, 15, (rng) =>
      covers(
        difference(rng, 20, () => 1 - rng.next(), false),
        expected,
      ),
    )
    assertCoverage(independent, 250)
    const pairs = share(250, 16, (rng) => {
      const hard = many(20, () => 1 - rng.next())
      return covers(
        difference(rng, 20, (i) => hard[i] ?? 0.5, true),
        expected,
      )
    })
    assertCoverage(pairs, 250)
  })

  test('bootstrap-t of a mean, also of skewed values', () => {
    for (const [draw, n] of [
      [normal, 12],
      [lognormal, 12],
      [lognormal, 30],
    ] as const) {
      const found = share(300, 17, (rng) => {
        const values = Float64Array.from(many(n, () => draw(rng)))
        const told = bootstrapT(values.reduce((sum, value) => sum + value, 0) / n, [values], rng)
        return told.kind === 'told' && covers(told.interval, 0)
      })
      assert.ok(found >= 0.95 - within(300, 0.95), `${found} of ${n}, ${draw.name}`)
    }
  })
})

suite('the smallest difference to be shown is shown four times of five', () => {
  for (const [a, b, rateA] of [
    [15, 15, 0.2],
    [40, 40, 0.5],
    [100, 30, 0.7],
  ] as const)
    test(`of ${a} and ${b} trials at ${rateA}`, () => {
      const design = { kind: 'unpaired', level: 0.05, a, b, rateA } as const
      const rise = smallestDifference(design, 'rise')
      assert.ok(rise !== null)
      const power = share(
        1_000,
        21,
        (rng) => fisher([{ a: successes(rng, a, rateA), b: successes(rng, b, rateA + rise) }]) <= 0.05,
      )
      assert.ok(power > 0.74 && power < 0.9, `${power} at ${rise}`)
    })

  for (const [pairs, discordant] of [
    [12, 0.1],
    [40, 0.3],
    [400, 0.2],
  ] as const)
    test(`of ${pairs} pairs, ${discordant} of them discordant`, () => {
      const design = { kind: 'paired', level: 0.05, pairs, discordant, rateA: 0.1 } as const
      const rise = smallestDifference(design, 'rise')
      assert.ok(rise !== null)
      const [up, share_] = [rise, Math.max(rise, discordant)]
      const power = share(1_000, 22, (rng) => {
        const draws = many(pairs, () => rng.next())
        const onlyB = draws.filter((x) => x < (share_ + up) / 2).length
        const onlyA = draws.filter((x) => x < share_).length - onlyB
        return mcnemar(onlyA, onlyB) <= 0.05
      })
      assert.ok(power > 0.74 && power < 0.92, `${power} at ${rise}`)
    })

  test('of three candidates each has to be shown at a third of 5 %: Fisher and McNemar there', () => {
    const level = 0.05 / 3
    const unpaired = { kind: 'unpaired', level, a: 40, b: 40, rateA: 0.5 } as const
    const rise = smallestDifference(unpaired, 'rise') ?? 0
    assert.ok(rise > (smallestDifference({ ...unpaired, level: 0.05 }, 'rise') ?? 1))
    const power = share(
      1_000,
      23,
      (rng) => fisher([{ a: successes(rng, 40, 0.5), b: successes(rng, 40, 0.5 + rise) }]) <= level,
    )
    assert.ok(power > 0.74 && power < 0.9, `${power} at ${rise}`)
    const paired = { kind: 'paired', level, pairs: 60, rateA: 0.1, discordant: 0.3 } as const
    const up = smallestDifference(paired, 'rise') ?? 0
    const shown = share(1_000, 24, (rng) => {
      const draws = many(60, () => rng.next())
      const onlyB = draws.filter((x) => x < (0.3 + up) / 2).length
      return mcnemar(draws.filter((x) => x < 0.3).length - onlyB, onlyB) <= level
    })
    assert.ok(shown > 0.74 && shown < 0.92, `${shown} at ${up}`)
  })

  test('what was to be shown takes as many trials as there were', () => {
    const unpaired = { kind: 'unpaired', level: 0.05, a: 50, b: 50, rateA: 0.4 } as const
    assert.equal(trialsToShow(unpaired, smallestDifference(unpaired, 'rise') ?? 0), 50)
    const paired = { kind: 'paired', level: 0.05, pairs: 60, rateA: 0.8, discordant: 0.3 } as const
    assert.equal(trialsToShow(paired, -(smallestDifference(paired, 'fall') ?? 0)), 60)
  })

  test('published: Connor 1987 (23 pairs before the correction), and no room', () => {
    // 0.4 at 0.5 discordant is 23 pairs without the correction.
    assert.equal(
      trialsToShow({ kind: 'paired', level: 0.05, pairs: 1, rateA: 0.1, discordant: 0.5 }, 0.4),
      27,
    )
    assert.equal(
      smallestDifference({ kind: 'paired', level: 0.05, pairs: 5, rateA: 0, discordant: 0.1 }, 'rise'),
      null,
    )
    assert.equal(smallestDifference({ kind: 'unpaired', level: 0.05, a: 3, b: 3, rateA: 0 }, 'rise'), null)
    assert.equal(smallestDifference({ kind: 'unpaired', level: 0.05, a: 30, b: 30, rateA: 1 }, 'rise'), null)
    assert.equal(smallestDifference({ kind: 'unpaired', level: 0.05, a: 0, b: 0, rateA: 0.5 }, 'rise'), null)
    assert.equal(trialsToShow({ kind: 'unpaired', level: 0.05, a: 3, b: 3, rateA: 0.95 }, 0.1), null)
    assert.equal(trialsToShow({ kind: 'unpaired', level: 0.05, a: 3, b: 3, rateA: 0.95 }, 0), null)
  })
})
