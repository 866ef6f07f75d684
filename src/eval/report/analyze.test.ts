import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gaveUp, injectedAt, probes, repaired, session, workload } from '../../../test/standins/record.ts'
import { evalHome, type PastTrial, pastCampaign } from '../../../test/standins/stored-trials.ts'
import { rngFrom } from '../../core/rng.ts'
import type { StoredSummary } from '../../store/eval/summaries.ts'
import { analysisPage } from '../../tui/analysis-page.ts'
import { rescore } from '../judge/rescore.ts'
import { score } from '../judge/score.ts'
import type { TrialRecord } from '../record.ts'
import { analyze } from './analyze.ts'
import { summariesOf, trialsIn } from './summaries.ts'
import { summaryOf, type TrialSummary } from './summary.ts'

const broken: Partial<TrialRecord> = {
  probes: [...probes(-3_000, 0), ...probes(1_000, 30_000, false)],
  tickets: [],
  timedOut: true,
}
const gave: Partial<TrialRecord> = {
  ...broken,
  sessions: [session({ claim: gaveUp })],
  tickets: repaired.tickets,
}
const harmful: Partial<TrialRecord> = { workload: workload({ lostWrites: ['a', 'b'] }) }
const invalid = (reason: string): Partial<TrialRecord> => ({ invalid: { phase: 'up', reason } })
const noAgent: Partial<TrialRecord> = { sessions: [], firstCommandAt: null, calls: [] }
const quiet: Partial<TrialRecord> = {
  harmless: true,
  sessions: [],
  firstCommandAt: null,
  tickets: [],
  probes: probes(-3_000, 12_000),
}

let ids = 0
const trial = (
  part: Partial<TrialRecord> = {},
  of: Partial<TrialSummary> = {},
): StoredSummary<TrialSummary> => {
  const record = { ...structuredClone(repaired), ...part }
  const summary = { ...summaryOf(record.spec, record, score(record), []), ...of }
  return { trialId: ++ids, campaignId: 1, scorerVersion: 4, summary }
}
const times = (n: number, one: () => StoredSummary<TrialSummary>) => Array.from({ length: n }, one)

/** Every number anywhere in it. */
function* numbersIn(value: unknown): Generator<number> {
  if (typeof value === 'number') yield value
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) yield* numbersIn(inner)
}

describe('the analysis of a campaign', () => {
  test('to wait for what heals by itself passes as well as to repair it', () => {
    const [waited, repaired_] = [trial(noAgent), trial()]
    assert.equal(waited.summary.outcome.kind, 'self_healed')
    assert.deepEqual(
      [waited, repaired_].map((one) => analyze([one]).arms[0]?.pass[0]?.all),
      [1, 1],
    )
  })

  test('figures that a stored summary lacks are left out, and no figure is NaN', () => {
    for (const name of ['detectMs', 'recoverMs', 'watchedMs', 'lostWrites', 'tokensIn', 'ops'] as const) {
      const whole = trial()
      const { [name]: _, ...rest } = whole.summary
      const analysis = analyze([whole, { ...whole, trialId: ++ids, summary: rest as TrialSummary }])
      const odd: unknown[] = []
      JSON.stringify(analysis, (_key, value) => {
        if (typeof value === 'number' && !Number.isFinite(value)) odd.push(value)
        return value
      })
      assert.deepEqual(odd, [], name)
    }
  })

  test('counts, rates and pass@k of one arm', () => {
    const [arm] = analyze([...times(8, trial), trial(broken), trial(harmful), trial(invalid('x'))]).arms
    assert.ok(arm)
    assert.equal(arm.trials, 11)
    assert.deepEqual([arm.outcomes.resolved, arm.outcomes.unresolved, arm.outcomes.harmful], [8, 1, 1])
    const { count, of, rate, interval } = arm.rates.resolved
    assert.deepEqual([count, of, rate], [8, 10, 0.8])
    // Wilson's interval of 8 in 10, as R's binom::binom.wilson prints it.
    assert.deepEqual(
      interval?.map((limit) => limit.toFixed(4)),
      ['0.4902', '0.9433'],
    )
    // 1 - C(2,1)/C(10,1); C(8,3)/C(10,3) = 56/120.
    assert.deepEqual(
      arm.pass.slice(0, 2).map(({ any, all }) => [any?.toFixed(4), all?.toFixed(4)]),
      [
        ['0.8000', '0.8000'],
        ['1.0000', '0.4667'],
      ],
    )
    assert.equal(arm.rates.harmful.count, 1)
    assert.equal(arm.workload.lost_writes?.total, 2)
  })

  test('times that did not happen are censored, not left out', () => {
    const { arms } = analyze([...times(3, trial), trial(gave)])
    const { recover, detect } = arms[0]?.times ?? {}
    assert.equal(recover?.horizon_ms, 30_000)
    assert.deepEqual([recover?.happened, recover?.censored, recover?.median_ms], [3, 1, 4_000])
    assert.equal(recover?.p90_ms, null)
    // 4 s for three quarters of them, 30 s for the rest.
    assert.equal(recover?.restricted_mean_ms, 4_000 + 0.25 * 26_000)
    assert.deepEqual([detect?.happened, detect?.censored], [4, 0])
  })

  test('giving up early is no way to look fast', () => {
    const slow = {
      probes: [...probes(-3_000, 0), ...probes(1_000, 20_000, false), ...probes(21_000, 30_000)],
    }
    const soon = { ...gave, probes: [...probes(-3_000, 0), ...probes(1_000, 5_000, false)] }
    const both = (part: Partial<TrialRecord>) => analyze([trial(slow), trial(part)]).arms[0]?.times.recover
    assert.equal(both(soon)?.restricted_mean_ms, (21_000 + 30_000) / 2)
    assert.deepEqual(both(soon), both(gave))
    const resolve = analyze([trial(slow), trial(soon)]).arms[0]?.times.resolve
    assert.deepEqual([resolve?.happened, resolve?.horizon_ms], [1, 30_000])
    assert.equal(resolve?.restricted_mean_ms, (6_000 + 30_000) / 2)
  })

  test('of a load that did nothing no share failed, nor did none', () => {
    const { arms } = analyze([trial({}, { ops: 0, failed: 0 }), trial({}, { ops: 10, failed: 5 })])
    assert.deepEqual([arms[0]?.workload.failed_share?.n, arms[0]?.workload.failed_share?.mean], [1, 0.5])
  })

  test('data that are gone are no recovery, however well the rest serves', () => {
    const { arms } = analyze([trial(harmful)])
    assert.deepEqual([arms[0]?.times.recover.happened, arms[0]?.rates.recovered.count], [0, 0])
  })

  test('what nobody broke is in no rate of recovery, and shows false alarms', () => {
    const alarmed = { ...quiet, tickets: repaired.tickets, ...noAgent }
    const { arms } = analyze([trial(quiet), trial(quiet), trial(alarmed)])
    assert.equal(arms[0]?.rates.recovered.of, 0)
    assert.equal(arms[0]?.rates.recovered.rate, null)
    assert.deepEqual([arms[0]?.tickets.false_alarm.count, arms[0]?.tickets.false_alarm.of], [1, 3])
    assert.equal(arms[0]?.tickets.false_tickets?.total, 1)
  })

  test('arms and damages are kept apart', () => {
    const { arms, groups } = analyze([
      trial({}, { damage: 'pause' }),
      trial(broken, { arm: 'baseline', damage: 'pause' }),
      trial(gave, { damage: 'node_kill' }),
    ])
    assert.deepEqual(
      arms.map(({ arm, rates }) => [arm, rates.resolved.count, rates.resolved.of]),
      [
        ['baseline', 0, 1],
        ['default', 1, 2],
      ],
    )
    assert.deepEqual(
      groups.map(({ damage, arm }) => `${damage} ${arm}`),
      ['node_kill default', 'pause baseline', 'pause default'],
    )
    const pause = groups.filter(({ damage }) => damage === 'pause')
    assert.equal(new Set(pause.map((group) => group.times.recover.horizon_ms)).size, 1)
  })

  test('arms have one horizon, over all damage as with one, so that their means can be compared', () => {
    const { arms, groups } = analyze([trial(), trial(broken, { arm: 'baseline' })])
    for (const rows of [arms, groups])
      assert.deepEqual(
        rows.map(({ times: { recover } }) => [recover.horizon_ms, recover.restricted_mean_ms]),
        [
          [30_000, 30_000],
          [30_000, 4_000],
        ],
      )
  })

  test('a price that is unknown stays unknown', () => {
    const { cost } = analyze([trial(), trial({ sessions: [session({ costUsd: null })] })]).arms[0] ?? {}
    assert.deepEqual([cost?.usd?.n, cost?.usd?.total, cost?.usd_unknown], [1, 0.1, 1])
    const none = analyze([trial({ sessions: [session({ costUsd: null })] })]).arms[0]
    assert.deepEqual([none?.cost.usd, none?.cost.usd_unknown], [null, 1])
  })

  test('root causes are rates of the trials in which an agent worked', () => {
    const { root_cause: root } =
      analyze([
        trial({}, { cause: 'right', component: 'right' }),
        trial({}, { cause: 'wrong', component: 'right' }),
        trial({}, { cause: 'unclaimed', component: 'unclaimed' }),
        trial(noAgent),
      ]).arms[0] ?? {}
    assert.deepEqual([root?.component.right.count, root?.component.right.of], [2, 3])
    assert.deepEqual([root?.cause.right.count, root?.cause.wrong, root?.cause.unclaimed], [1, 1, 1])
  })

  test('invalid ones by phase and kind of reason, with examples', () => {
    const reason = (n: number) => `not healthy within ${n} ms: {"at":${n}}`
    const some = [...times(3, () => trial(invalid(reason(ids)))), trial(invalid('the witness ended'))]
    const { invalid: found } = analyze(some)
    assert.equal(found.trials, 4)
    assert.deepEqual(
      found.reasons.map(({ phase, trials, examples }) => [phase, trials, examples.length]),
      [
        ['up', 3, 3],
        ['up', 1, 1],
      ],
    )
  })

  const odd: [string, StoredSummary<TrialSummary>[], RegExp][] = [
    ['of nothing', [], /nothing to analyze/],
    ['of one trial', [trial()], /100 % \(21 to 100\)/],
    ['of invalid ones alone', [trial(invalid('x')), trial(invalid('y'))], /Every trial is invalid/],
    ['where nothing ever recovered', [trial(broken), trial(broken)], /never/],
    ['where all won', times(20, trial), /100 % \(84 to 100\)/],
    ['of baselines alone', [trial({ ...broken, ...noAgent }, { arm: 'baseline' })], /baseline/],
    ['where no price is known', [trial({ sessions: [session({ costUsd: null })] })], /unknown/],
    ['of what nobody broke', [trial(quiet)], /Where nothing was wrong/],
    ['without operations', [trial({ workload: workload({ ops: 0 }) })], /Outcomes/],
  ]
  for (const [what, trials, words] of odd)
    test(`${what}: words, and numbers that are numbers`, () => {
      const document = analyze(trials)
      for (const number of numbersIn(document)) assert.ok(Number.isFinite(number), String(number))
      const page = analysisPage(document)
      assert.match(page, words)
      assert.doesNotMatch(page, /NaN|Infinity|undefined|null/)
    })

  test('is the same to the byte in any order', () => {
    const trials = [
      ...times(20, () => trial({}, { costUsd: 0.1 * ids, damage: ids % 2 ? 'pause' : 'node_kill' })),
      trial(broken),
      trial(harmful),
      trial(invalid('x')),
      trial(invalid('y')),
      ...times(9, () => trial(invalid('x: one of many'))),
    ]
    const text = JSON.stringify(analyze(trials))
    const rng = rngFrom(1)
    for (let i = 0; i < 20; i++) assert.equal(JSON.stringify(analyze(rng.shuffle(trials))), text)
  })

  test('is the same to the byte after VACUUM, and after judging everything twice again', async () => {
    const parts = [{}, broken, harmful, invalid('x'), gave]
    const all: PastTrial[] = Array.from({ length: 30 }, (_, i) => ({
      record: { ...parts[i % parts.length], firstCommandAt: injectedAt + 2_000 },
      spec: { baseline: i % 3 === 0, seed: i },
    }))
    await using home = evalHome()
    const campaignId = await pastCampaign(home.db, all)
    const text = async () => JSON.stringify(analyze(await summariesOf(home.db, { campaignId })))
    const before = await text()
    home.vacuum()
    assert.equal(await text(), before)
    for (let i = 0; i < 2; i++) {
      for await (const _ of rescore(home.db, trialsIn(home.db, 'all'), { dryRun: false }));
      assert.equal(await text(), before)
    }
  })
})
