import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { against, metric } from '../../../test/standins/compared.ts'
import { campaign, lost, repeated, summary, won } from '../../../test/standins/summaries.ts'
import { rngFrom } from '../../core/rng.ts'
import type { TrialSummary } from '../report/summary.ts'
import { compare, compareAll } from './compare.ts'

suite('verdicts', () => {
  test('better and worse, by pairs', () => {
    const [weak, strong] = [
      campaign({ rate: 0.5 }, { seeds: 20 }),
      campaign({ rate: 0.95 }, { seeds: 20, chance: 2 }),
    ]
    const up = against(weak, strong)
    assert.equal(up.verdict.kind, 'better')
    assert.equal(up.primary, 'recovered')
    assert.deepEqual([up.compared.paired, up.compared.candidate], [true, 60])
    assert.match(
      up.verdict.words,
      /^c2 is better: recovered 9\d(\.\d)? % against .* of c1 \(\+.* points, 95 % interval/,
    )
    const down = against(strong, weak)
    assert.equal(down.verdict.kind, 'worse')
    assert.equal(metric(down, 'recovered').p, metric(up, 'recovered').p)
    assert.equal(metric(up, 'recovered').test, "McNemar's exact test")
  })

  test('without a common seed: the same by damage', () => {
    const found = against(
      campaign({ rate: 0.5 }, { seeds: 20 }),
      campaign({ rate: 0.95 }, { seeds: 20, chance: 2, firstSeed: 1_000 }),
    )
    assert.equal(found.verdict.kind, 'better')
    assert.deepEqual(
      [found.compared.paired, found.compared.reference, found.compared.candidate],
      [false, 60, 60],
    )
    assert.equal(metric(found, 'resolved').test, "Fisher's exact test, by damage")
    assert.equal(metric(found, 'recover_ms').test, 'permuted log-rank test, by damage')
  })

  test('inconclusive says what could have been shown, and what it takes', () => {
    const { verdict, power } = against(won(30, 24), won(30, 22))
    assert.equal(verdict.kind, 'inconclusive')
    assert.match(verdict.words, /These trials could have shown a fall to \d+/)
    assert.match(verdict.words, /If the -6\.7 points are real, it takes \d+ more pairs/)
    assert.ok(power?.to_show_what_was_seen && power.to_show_what_was_seen.trials > 100)
    assert.equal(power.to_show_what_was_seen.more, power.to_show_what_was_seen.trials - 30)
    assert.equal(power.to_show_ten_points?.difference, 0.1)
  })

  test('a campaign against itself differs in nothing', () => {
    const trials = campaign({ rate: 0.6 }, { seeds: 10 })
    const found = against(trials, trials)
    assert.equal(found.verdict.kind, 'inconclusive')
    for (const { difference, p, name } of found.metrics)
      assert.deepEqual([difference?.value, p], [0, 1], name)
  })

  test('of many candidates each has to be shown as one of many', () => {
    const reference = { name: 'a', trials: won(20, 10) }
    // Seven pairs, all one way: p = 0.0156.
    const candidate = { name: 'b', trials: won(20, 17) }
    assert.equal(compare(reference, candidate).verdict.kind, 'better')
    const same = { name: 'c', trials: won(20, 10) }
    const [first] = compareAll(reference, [candidate, same, same, same])
    assert.equal(first?.verdict.kind, 'inconclusive')
    assert.equal(first && metric(first, 'recovered').p_holm, 0.0625)
    // So has the smallest difference.
    const alone = compare(reference, candidate).power
    assert.deepEqual([alone?.level, first?.power?.level, first?.power?.candidates], [0.04, 0.01, 4])
    const toShow = (power: typeof alone | undefined) => power?.to_show_ten_points?.trials ?? 0
    assert.ok(toShow(first?.power) > 1.3 * toShow(alone), `${toShow(first?.power)}`)
  })

  test('against a baseline: recovered by whomever, and nothing of agents', () => {
    const baseline = repeated(20, (seed) =>
      seed < 4
        ? lost('self_healed', { seed, arm: 'baseline', recoverMs: 3_000, commands: null })
        : lost('timeout', { seed, arm: 'baseline', commands: null }),
    )
    const found = against(baseline, won(20, 18))
    assert.equal(found.primary, 'recovered')
    assert.equal(metric(found, 'recovered').reference.value, 0.2)
    assert.equal(found.verdict.kind, 'better')
    const names = found.metrics.map(({ name }) => name)
    for (const name of ['resolved', 'commands', 'tokens', 'cost_usd']) assert.ok(!names.includes(name), name)
  })
})

suite('other metrics', () => {
  test('a difference of means is seen either way, with pairs and without', () => {
    const side = (unavailableMs: number, firstSeed: number) =>
      repeated(12, (i) => summary({ seed: firstSeed + i, unavailableMs: unavailableMs + 10 * (i % 5) }))
    for (const firstSeed of [0, 100]) {
      const found = against(side(2_000, 0), side(500, firstSeed))
      assert.equal(metric(found, 'unavailable_ms').verdict, 'better')
      assert.equal(metric(found, 'unavailable_ms').difference?.value, -1_500)
      assert.equal(metric(against(side(500, 0), side(2_000, firstSeed)), 'unavailable_ms').verdict, 'worse')
      // In all else they are the same: the verdict is that of the rate of recovery.
      assert.equal(found.verdict.kind, 'inconclusive')
    }
  })

  test('fewer than twelve pairs, or trials on one side, tell nothing of a mean; twelve do', () => {
    const side = (n: number, firstSeed: number, damage = 'pause') =>
      repeated(n, (i) =>
        summary({ damage, seed: firstSeed + i, unavailableMs: 500 * ((i * 7 + firstSeed) % 5) }),
      )
    const found = (a: TrialSummary[], b: TrialSummary[]) => metric(against(a, b), 'unavailable_ms')
    for (const [a, b, isTold] of [
      [11, 29, false],
      [29, 11, false],
      [12, 29, true],
    ] as const) {
      const { p, difference, test: how } = found(side(a, 1), side(b, 101))
      assert.deepEqual([p !== null, difference?.interval != null], [isTold, isTold], `${a} and ${b}`)
      assert.equal(how === 'not tested: fewer than 12 on a side', !isTold)
    }
    const slower = (n: number) =>
      side(n, 1).map((trial, i) => ({ ...trial, unavailableMs: trial.unavailableMs + 100 * i }))
    assert.equal(found(side(11, 1), slower(11)).p, null)
    assert.ok(found(side(12, 1), slower(12)).difference?.interval)
    // One of each of twelve damages stand for each other.
    const each = (firstSeed: number) => repeated(12, (i) => side(2, firstSeed + i, `d${i}`).slice(1)).flat()
    assert.ok(found(each(1), each(103)).difference?.interval)
  })

  test('what only one of many metrics would show is not shown', () => {
    // Twelve pairs, of which seven differ, all one way: p = 2 / 128.
    const [quiet, loud] = [
      won(12, 12),
      won(12, 12).map((trial, i) => ({ ...trial, falseTickets: i < 7 ? 1 : 0 })),
    ]
    const { p, p_holm: corrected, verdict } = metric(against(quiet, loud), 'false_tickets')
    assert.ok(p !== null && p > 0.01 && p < 0.045 && verdict === 'inconclusive', `${p}`)
    // Harm, and what is shown only, are not among those that it is one of.
    assert.equal(corrected, Math.min(1, Number((8 * p).toPrecision(12))))
  })

  test('curves that cross: a log-rank test that is sure, and means that do not differ', () => {
    const at = (seed: number, seconds: number) => summary({ seed, recoverMs: seconds * 1_000 + seed })
    const a = repeated(60, (i) => at(i, i < 12 ? 1 : 26))
    const b = repeated(60, (i) => at(100 + i, 21))
    const found = metric(against(a, b), 'recover_ms')
    assert.ok((found.p_holm ?? 1) < 0.01)
    assert.equal(found.verdict, 'inconclusive')
  })
})

suite('what is compared with what', () => {
  test('the same trials in any order are the same bytes', () => {
    const [a, b] = [campaign({ rate: 0.6 }, { seeds: 8 }), campaign({ rate: 0.7 }, { seeds: 9, chance: 2 })]
    // Seeds that were tried more than once are paired by chance: by the same chance.
    const twice = [...b, ...campaign({ rate: 0.4 }, { seeds: 4, chance: 3 })]
    const bytes = JSON.stringify(against(a, twice))
    for (const seed of [1, 2, 3]) {
      const rng = rngFrom(seed)
      assert.equal(JSON.stringify(against(rng.shuffle(a), rng.shuffle(twice))), bytes)
    }
  })

  test('the same seed tried many times: who is paired with whom knows no outcome', () => {
    // 30 of 60 against 23 of 60: in the order of their outcomes only 7 pairs would disagree, all one way (p = 0.016).
    const same = (wins: number) => [
      ...repeated(wins, () => summary()),
      ...repeated(60 - wins, () => lost('timeout')),
    ]
    const found = metric(against(same(30), same(23)), 'resolved')
    const { reference_only: one = 0, candidate_only: other = 0 } = found.pairs ?? {}
    assert.ok(one + other > 15, `${one} and ${other}`)
    assert.ok((found.p ?? 0) > 0.1)
  })

  test('what one side never met is left out, by name', () => {
    const found = against(
      [...won(6, 4), ...won(3, 0, { damage: 'pause' })],
      [...won(6, 5), ...won(2, 2, { damage: 'latency, min_ms=200' })],
    )
    assert.deepEqual(found.compared.left_out, [
      { side: 'c1', trials: 3, why: 'etcd, pause: not in c2' },
      { side: 'c2', trials: 2, why: 'etcd, latency, min_ms=200: not in c1' },
    ])
    assert.equal(metric(found, 'resolved').candidate.n, 6)
  })

  test('pairs that would keep less than half of a side are not used', () => {
    const few = against(
      won(10, 5),
      repeated(30, (i) => summary({ seed: i + 4 })),
    )
    assert.deepEqual([few.compared.paired, metric(few, 'resolved').candidate.n], [false, 30])
    const enough = against(
      won(10, 5),
      repeated(12, (i) => summary({ seed: i + 4 })),
    )
    assert.deepEqual([enough.compared.paired, metric(enough, 'resolved').candidate.n], [true, 6])
    assert.deepEqual(
      enough.compared.left_out.map(({ trials, why }) => [trials, why]),
      [
        [4, 'no partner with the same seed'],
        [6, 'no partner with the same seed'],
      ],
    )
  })

  test('campaigns of many variants: those they share, one by one; a baseline never beside agents', () => {
    const shared = (wins: number) => [
      ...won(10, wins),
      ...won(10, 10, { arm: 'terse' }),
      ...won(10, 0, { arm: 'baseline' }),
    ]
    const found = against(shared(5), [...shared(6), ...won(10, 10, { arm: 'bold' })])
    assert.deepEqual([found.compared.paired, found.compared.candidate], [true, 20])
    assert.deepEqual(metric(found, 'resolved').pairs, {
      both: 15,
      reference_only: 0,
      candidate_only: 1,
      neither: 4,
    })
    assert.deepEqual(
      found.compared.left_out.map(({ side, trials, why }) => [side, trials, why.split(':')[0]]),
      [
        ['c2', 10, 'variant bold'],
        ['c1', 10, 'baseline'],
        ['c2', 10, 'baseline'],
      ],
    )
    assert.deepEqual(found.cautions, [])
    const mixed = against(won(10, 5), [...won(10, 5, { arm: 'x' }), ...won(10, 5, { arm: 'y' })])
    assert.match(mixed.cautions.join(), /mixes variants/)
  })

  test('an easy share of the damage is no merit', () => {
    // Both win 90 % of the easy and 10 % of the hard damage, in opposite shares: pooled it would be 82 % against 18 %.
    const side = (easy: number, hard: number, firstSeed: number) =>
      [
        ...won(easy, 0.9 * easy, { damage: 'easy' }),
        ...won(hard, 0.1 * hard, { damage: 'hard', unavailableMs: 20_000 }),
      ].map((trial) => ({ ...trial, seed: firstSeed + trial.seed }))
    const found = against(side(90, 10, 0), side(10, 90, 1_000))
    for (const { name, p, difference } of found.metrics) {
      assert.ok((p ?? 0) > 0.5, `${name}: p = ${p}`)
      assert.ok(Math.abs(difference?.value ?? 1) < 1e-6, name)
    }
  })
})

test('without a difference, verdicts come at the level at most', () => {
  const times = 150
  const verdicts = repeated(times, (i) => {
    const side = (chance: number, firstSeed: number) =>
      campaign({ rate: 0.7 }, { seeds: 8, damages: ['pause', 'latency'], chance, firstSeed })
    // Every other one with pairs.
    return against(side(2 * i + 1, 1), side(2 * i + 2, i % 2 ? 1 : 500)).verdict.kind
  })
  const alarms = verdicts.filter((kind) => kind !== 'inconclusive').length
  assert.ok(alarms <= times * 0.05 + 3.29 * Math.sqrt(times * 0.05 * 0.95), `${alarms}`)
})
