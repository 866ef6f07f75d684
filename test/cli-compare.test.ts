import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { TrialSummary } from '../src/eval/report/summary.ts'
import * as store from '../src/store/eval/trials.ts'
import { spec } from './standins/record.ts'
import { type EvalHome, evalHome } from './standins/stored-trials.ts'
import { campaign, lost, outcomes, won } from './standins/summaries.ts'

const main = new URL('../src/cli/main.ts', import.meta.url).pathname
const damages = ['node_kill']
let home: EvalHome

/** Stores a campaign of which the figures are given. */
async function past(trials: readonly TrialSummary[], scorerVersion = 9): Promise<void> {
  const { db } = home
  const id = await store.addCampaign(db, { name: 'past', spec: {}, seed: 1, startedAt: 1 })
  const slots = trials.map((summary, slot) => ({ slot, spec: { ...spec, subject: summary.subject } }))
  await store.addTrials(db, id, slots)
  const rows = await store.listTrials(db, { campaignId: id })
  for (const [i, row] of rows.entries()) {
    const summary = trials[i] as TrialSummary
    const end = { record: {}, outcome: summary.outcome, scorerVersion, interrupted: false, summary }
    await store.endTrial(db, row.id, end, 2)
  }
}

interface Said {
  code: number
  stdout: string
  stderr: string
}
const operator = (...argv: string[]): Promise<Said> =>
  promisify(execFile)(process.execPath, [main, 'eval', ...argv, '--eval-db', home.path]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
  )

before(async () => {
  home = evalHome()
  const weak = campaign({ rate: 0.4 }, { seeds: 30, damages })
  const strong = campaign({ rate: 0.95, arm: 'terse' }, { seeds: 30, damages, chance: 2 })
  const none = campaign({ rate: 0, arm: 'baseline' }, { seeds: 30, damages, chance: 3 })
  await past([...weak, ...strong, ...none])
  await past(campaign({ rate: 0.95 }, { seeds: 30, damages, chance: 4 }), 10)
  await past(Array.from({ length: 4 }, (_, seed) => lost('invalid', { seed })))
  await past(campaign({ rate: 0.9, arm: '\x1b]0;owned\x07' }, { seeds: 5, damages, chance: 5 }))
  const reckless = campaign({ rate: 0.95 }, { seeds: 30, damages, chance: 4 }).map((trial) => ({
    ...trial,
    commands: { ...(trial.commands as NonNullable<typeof trial.commands>), destructive: 3 },
  }))
  await past(reckless, 10)
  await past(
    campaign({ rate: 0.95 }, { seeds: 30, damages, chance: 4 }).map((trial, i) =>
      i < 8
        ? lost('harmful', { ...trial, outcome: outcomes.harmful, recoverMs: null, lostWrites: 20 })
        : trial,
    ),
    10,
  )
  await past(won(10, 8), 10)
  // A campaign of which one trial has not run.
  await past(won(30, 20), 10)
  await store.addTrials(home.db, 8, [{ slot: 30, spec: { ...spec, subject: 'etcd' } }])
})
after(() => home[Symbol.asyncDispose]())

describe('operator eval compare', () => {
  test('says in words which is better, and with --json all of it', async () => {
    const { code, stdout } = await operator('compare', 'c1', 'c2')
    assert.equal(code, 0)
    assert.match(stdout, /^c2 against c1: better\n\nc2 is better: recovered/)
    assert.match(stdout, /recovered, by whomever +30 .* better\n/)
    assert.match(stdout, /left out: 30 of c1, variant terse: not in c2/)
    assert.match(stdout, /careful: judged by different scorers \(9 and 10\)/)
    const document = JSON.parse((await operator('compare', 'c1', 'c2', '--json')).stdout)
    assert.deepEqual([document.verdict.kind, document.primary], ['better', 'recovered'])
    assert.equal(document.metrics.length, 13)
    assert.deepEqual([document.safety.kind, document.safety.needs], ['shown', 29])
    assert.match(stdout, /c2 is shown to be no less safe than c1/)
    assert.match(stdout, /p values are valid for one test/)
  })

  test('the gate is shut for what is worse, or was not measured, and open for the rest', async () => {
    assert.equal((await operator('compare', 'c2', 'c1', '--gate')).code, 1)
    assert.equal((await operator('compare', 'c2', 'c1')).code, 0)
    assert.equal((await operator('compare', 'c1', 'c2', '--gate')).code, 0)
    assert.equal((await operator('compare', 'c2', 'c2', '--gate', '--json')).code, 0)
    // Destructive commands are no harm; harm is, and so is what nobody can tell of harm.
    assert.equal((await operator('compare', 'c2', 'c5', '--gate')).code, 0)
    const harmful = await operator('compare', 'c2', 'c6', '--gate')
    assert.equal(harmful.code, 1)
    assert.match(harmful.stdout, /^c6 against c2: worse\n\nc6 does more harm than c2/)
    const few = await operator('compare', 'c7', 'c7', '--gate')
    assert.equal(few.code, 1)
    assert.match(few.stdout, /c7 cannot be shown to be as safe as c7 with 10 trials: .* needs 29 pairs/)
    assert.equal((await operator('compare', 'c7', 'c7', '--gate', '--harm-margin', '30')).code, 0)
    const broken = await operator('compare', 'c1', 'c3', '--gate')
    assert.equal(broken.code, 1)
    assert.match(broken.stdout, /nothing to compare/)
    assert.match(broken.stdout, /invalid, and counted nowhere: 4 of the 4 trials of c3/)
  })

  test('a campaign that is not finished is said to be, in words and in the document', async () => {
    assert.match(
      (await operator('compare', 'c2', 'c8')).stdout,
      /careful: c8: trials of its campaign are still to come \(1\): p values/,
    )
    const { unfinished } = JSON.parse((await operator('compare', 'c2', 'c8', '--json')).stdout)
    assert.deepEqual(unfinished, { reference: 0, candidate: 1 })
  })

  test('a margin that is none', async () => {
    for (const points of ['0', 'NaN']) {
      const { code, stderr } = await operator('compare', 'c1', 'c2', `--harm-margin=${points}`)
      assert.deepEqual(
        [code, /--harm-margin has to be above 0 and below 100/.test(stderr)],
        [2, true],
        stderr,
      )
    }
  })

  test('variants of one campaign', async () => {
    const { verdict, compared } = JSON.parse(
      (await operator('compare', 'c1:default', 'c1:terse', '--json')).stdout,
    )
    assert.deepEqual([verdict.kind, compared.paired, compared.candidate], ['better', true, 30])
  })

  test('names that cannot be', async () => {
    for (const [argv, said] of [
      [['compare', 'c1', 'c9'], /no campaign 'c9'; operator eval list/],
      [['compare', 'c1:bold', 'c2'], /no variant 'bold' in c1; there are: baseline, default, terse/],
      [['compare-baseline', 'c2'], /c2 has no baseline that ended; .*--baseline/],
      [['compare-variants', 'etcd', 'fire'], /no trial of etcd with fire has ended/],
      [['compare-variants', 'etcd', 'node_kill', '--against', 'bold'], /no variant 'bold'/],
    ] as const) {
      const { code, stderr } = await operator(...argv)
      assert.deepEqual([code, said.test(stderr)], [2, true], `${argv.join(' ')}: ${stderr}`)
    }
  })

  test('compare-baseline: every variant against no agent, of its own campaign or another', async () => {
    const { code, stdout } = await operator('compare-baseline', 'c1', '--gate', '--json')
    const { comparisons } = JSON.parse(stdout)
    assert.equal(code, 0)
    assert.deepEqual(
      comparisons.map((one: { candidate: { name: string }; verdict: { kind: string }; primary: string }) => [
        one.candidate.name,
        one.verdict.kind,
        one.primary,
      ]),
      [
        ['c1:default', 'better', 'recovered'],
        ['c1:terse', 'better', 'recovered'],
      ],
    )
    const other = await operator('compare-baseline', 'c2', '--baseline', 'c1')
    assert.match(other.stdout, /^c2:default against c1 without an agent: better/)
  })

  test('compare-variants: side by side over all campaigns; the gate against one of them', async () => {
    const { stdout } = await operator('compare-variants', 'etcd', 'node_kill')
    assert.match(stdout, /^etcd, node_kill: 229 trials ended\n/)
    assert.match(stdout, /BASELINE +DEFAULT +TERSE/)
    assert.match(stdout, /resolved by the agent +80 % .* 0 % .* 9\d(\.\d)? % /)
    assert.doesNotMatch(stdout, /against|[^\P{Cc}\n]/u)
    const gated = await operator(
      'compare-variants',
      'etcd',
      'node_kill',
      '--campaign',
      'c1',
      '--gate',
      '--json',
    )
    assert.equal(gated.code, 0, 'a baseline is worse than an agent, and no candidate')
    const { against, campaigns, arms, comparisons } = JSON.parse(gated.stdout)
    assert.deepEqual([against, campaigns, arms.length, comparisons.length], ['default', ['c1'], 3, 1])
    const on = (...more: string[]) => operator('compare-variants', 'etcd', 'node_kill', '--gate', ...more)
    assert.equal((await on('--campaign', 'c1', '--against', 'terse')).code, 1)
    assert.equal((await on('--campaign', 'c1', '--against', 'baseline')).code, 0)
    const alone = await on('--campaign', 'c2')
    assert.equal(alone.code, 1)
    assert.match(alone.stdout, /nothing to compare: no variant but default met it/)
  })

  test('help has examples', async () => {
    const { stdout } = await operator('compare-variants', '--help')
    assert.match(stdout, /Examples:\n {2}operator eval compare-variants etcd node_kill\n/)
  })
})
