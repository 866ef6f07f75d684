import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { against, metric } from '../../../test/standins/compared.ts'
import { lost, repeated, summary, won } from '../../../test/standins/summaries.ts'
import type { TrialSummary } from '../report/summary.ts'

suite('what is no evidence', () => {
  test('invalid trials change no figure, and are shown', () => {
    const [a, b] = [won(20, 8), won(20, 17)]
    const broken = repeated(3, (i) => lost('invalid', { seed: 100 + i, damage: 'pause' }))
    const [without, with_] = [against(a, b), against([...a, ...broken], [...b, ...broken])]
    assert.deepEqual(with_.metrics, without.metrics)
    assert.deepEqual(with_.verdict, without.verdict)
    assert.deepEqual([with_.reference.invalid, with_.candidate.outcomes.invalid], [3, 3])
  })

  test('a partner that is invalid takes its pair with it', () => {
    const found = against([...won(9, 4), lost('invalid', { seed: 9 })], won(10, 8))
    assert.deepEqual([found.compared.paired, metric(found, 'resolved').candidate.n], [true, 9])
  })

  test('a lead that hangs on invalid trials is said to, and so are sides that differ in them', () => {
    // Whoever breaks the trials that it would lose looks perfect.
    const honest = won(30, 18)
    const cheat = won(30, 18).map((trial) =>
      trial.recoverMs === null ? lost('invalid', { seed: trial.seed }) : trial,
    )
    const fair = against(honest, cheat)
    assert.equal(fair.verdict.kind, 'inconclusive')
    assert.match(fair.cautions.join('; '), /invalid more often on one side \(0 of 30 and 12 of 30\)/)
    const unpaired = against(
      honest,
      cheat.map((trial) => ({ ...trial, seed: trial.seed + 100 })),
    )
    assert.equal(unpaired.verdict.kind, 'better')
    assert.match(
      unpaired.cautions.join('; '),
      /the lead of c2 would not be shown if its invalid trials had been lost/,
    )
  })

  test('and so is a lead in pairs', () => {
    const none = repeated(8, (seed) => lost('timeout', { seed }))
    // Six pairs, all one way, are enough; with a seventh the other way they are not.
    const six = repeated(7, (seed) => (seed < 6 ? summary({ seed }) : lost('timeout', { seed })))
    const sure = against(none, six)
    assert.deepEqual([sure.verdict.kind, sure.cautions], ['better', []])
    const found = against(none, [...six, lost('invalid', { seed: 7 })])
    assert.deepEqual([found.verdict.kind, found.compared.paired], ['better', true])
    assert.match(
      found.cautions.join(),
      /the lead of c2 would not be shown if its invalid trials had been lost/,
    )
  })

  test('conditions that are not the same are said, once, and invalid trials have none', () => {
    const under = (conditions: string) => won(8, 4, { conditions })
    const short = under('3 nodes, at most 60 s')
    assert.deepEqual(against(short, under('3 nodes, at most 60 s')).cautions, [])
    assert.deepEqual(against(short, won(8, 4)).cautions, [], 'of older summaries it is not known')
    const ours = lost('invalid', { conditions: '5 nodes' })
    assert.deepEqual(against(short, [...short, ours]).cautions, [])
    assert.deepEqual(against(short, under('3 nodes, at most 180 s')).cautions, [
      'the conditions were not the same, and may explain a difference: 3 nodes, at most 60 s; and 3 nodes, at most 180 s',
    ])
  })

  test('giving up early is not fast', () => {
    // The easy half takes 10 s. The hard half takes 40 s, or is given up after 2 s.
    const side = (hard: (seed: number) => TrialSummary) =>
      repeated(40, (seed) =>
        seed % 2 ? summary({ seed, recoverMs: 10_000, watchedMs: 16_000 }) : hard(seed),
      )
    const patient = side((seed) => summary({ seed, recoverMs: 40_000, watchedMs: 46_000 }))
    const quitter = side((seed) => lost('gave_up', { seed, watchedMs: 2_000 }))
    const found = metric(against(patient, quitter), 'recover_ms')
    assert.equal(found.reference.value, 25_000)
    assert.equal(found.candidate.value, 28_000)
    assert.equal(found.horizon_ms, 46_000)
  })

  test('what the clock cut off is censored there, and later is not looked at', () => {
    // Side a was given 20 s, side b a minute.
    const a = repeated(10, (seed) =>
      seed < 5 ? summary({ seed, recoverMs: 10_000 }) : lost('timeout', { seed, watchedMs: 20_000 }),
    )
    const b = repeated(10, (seed) =>
      summary({ seed, recoverMs: seed < 5 ? 10_000 : 50_000, watchedMs: 60_000 }),
    )
    const found = metric(against(a, b), 'recover_ms')
    assert.deepEqual([found.horizon_ms, found.difference?.value, found.p], [20_000, 0, 1])
  })

  test('harm is no recovery, however fast', () => {
    const found = against(
      won(10, 10),
      repeated(10, (seed) => lost('harmful', { seed, recoverMs: 100, lostWrites: 2 })),
    )
    assert.equal(metric(found, 'recovered').candidate.value, 0)
    assert.equal(metric(found, 'recover_ms').candidate.value, metric(found, 'recover_ms').horizon_ms)
    assert.equal(metric(found, 'harmful').verdict, 'worse')
    assert.equal(metric(found, 'harmful').candidate.value, 1)
  })

  test('where nothing was broken nothing recovers: only false tickets and what they cost are counted', () => {
    const quiet = repeated(12, (seed) => lost('unaffected', { seed, damage: 'none' }))
    const loud = repeated(12, (seed) => lost('false_alarm', { seed, damage: 'none', falseTickets: 2 }))
    const found = against(quiet, loud)
    assert.deepEqual([metric(found, 'resolved').candidate.n, metric(found, 'resolved').p], [0, null])
    assert.equal(metric(found, 'false_tickets').verdict, 'worse')
    assert.match(found.verdict.words, /nothing to compare/)
  })

  test('of a load that did nothing no share is known', () => {
    const idle = won(6, 6).map((trial, i) => (i < 2 ? { ...trial, ops: 0, failed: 0 } : trial))
    const { reference, candidate } = metric(against(won(6, 6), idle), 'failed_share')
    assert.deepEqual([reference, candidate], Array(2).fill({ n: 4, value: 0.01 }))
  })

  test('where most trials have no like on the other side that is said', () => {
    const mostly = (damage: string) => [...won(4, 2), ...won(9, 3, { damage })]
    assert.match(against(mostly('pause'), mostly('latency')).cautions.join(), /most valid trials .* left out/)
    assert.deepEqual(against(mostly('pause'), won(13, 5)).cautions, [])
  })

  test('an unknown price is not zero', () => {
    const found = against(
      won(10, 10, { costUsd: 1 }),
      won(10, 10).map((trial, i) => ({ ...trial, costUsd: i < 4 ? null : 2 })),
    )
    const cost = metric(found, 'cost_usd')
    assert.deepEqual(
      [cost.reference, cost.candidate],
      [
        { n: 6, value: 1 },
        { n: 6, value: 2 },
      ],
    )
    assert.match(found.cautions.join(), /price of some trials is unknown/)
    const none = metric(against(won(5, 5, { costUsd: null }), won(5, 5)), 'cost_usd')
    assert.deepEqual([none.reference.value, none.difference, none.p], [null, null, null])
  })
})

suite('sensible whatever comes', () => {
  const sides: Record<string, TrialSummary[]> = {
    nothing: [],
    'one trial': won(1, 1),
    'one lost': won(1, 0),
    'two trials': won(2, 1),
    'all invalid': repeated(3, (seed) => lost('invalid', { seed })),
    'all censored': won(6, 0),
    'all given up': repeated(6, (seed) => lost('gave_up', { seed })),
    'never watched': repeated(6, (seed) =>
      lost('timeout', { seed, watchedMs: 0, ops: 0, failed: 0, detectMs: null }),
    ),
    'all won': won(6, 6),
    'other seeds': won(6, 3).map((trial) => ({ ...trial, seed: trial.seed + 50 })),
    'other damage': won(6, 3, { damage: 'pause' }),
    'of each damage one': repeated(5, (i) => summary({ seed: i + 9, damage: `d${i}`, recoverMs: 1_000 * i })),
    'of each damage one, other seeds': repeated(5, (i) =>
      summary({ seed: i + 90, damage: `d${i}`, costUsd: i }),
    ),
    'unknown costs': won(6, 4, { costUsd: null, commands: null }),
    baseline: won(6, 2, { arm: 'baseline' }),
    unaffected: repeated(4, (seed) => lost('unaffected', { seed })),
  }
  for (const [what, a] of Object.entries(sides))
    test(`${what} against all others`, () => {
      for (const [other, b] of Object.entries(sides)) {
        const found = against(a, b)
        const odd = oddities(found)
        assert.deepEqual(odd, [], `${what} against ${other}`)
        assert.ok(found.verdict.words.length > 20)
        for (const { difference, verdict, name } of found.metrics) {
          if (!difference?.interval) continue
          const [low, high] = difference.interval
          assert.ok(low <= difference.value && difference.value <= high, `${what}, ${other}: ${name}`)
          if (found.metrics.length > 0 && verdict !== 'inconclusive') assert.ok(low * high >= 0, name)
        }
      }
    })
})

/** Numbers that are none, wherever they are. */
function oddities(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${path}: ${value}`]
  if (typeof value === 'string') return /NaN|Infinity|undefined|null/.test(value) ? [`${path}: ${value}`] : []
  if (value === undefined) return [`${path}: undefined`]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) => oddities(inner, `${path}.${key}`))
}
