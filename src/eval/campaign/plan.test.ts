import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { spec } from '../../../test/standins/record.ts'
import { chaosTypes } from '../../chaos/faults.ts'
import type { Variant } from '../../core/work/variant.ts'
import type { TrialSpec } from '../record.ts'
import { readCampaign } from './file.ts'
import { lanesOf, planCampaign, planTrials, type TrialBase } from './plan.ts'

const variants = new Map<string, Variant>(
  [
    { name: 'default' },
    { name: 'terse', agent: 'llm' as const, model: 'anthropic:m' },
    { name: 'brief', system_prompt: 'Be brief.' },
    { name: 'nop', agent: 'nop' as const },
  ].map((variant) => [variant.name, variant]),
)
const base: TrialBase = { ...spec, agent: 'runbook', model: 'anthropic:base' }

function campaign(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'plan-'))
  try {
    const path = join(folder, 'campaign.yaml')
    writeFileSync(path, text)
    return readCampaign(path, { subjects: ['etcd', 'tikv'], chaosTypes, variants: [...variants.keys()] })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const file = campaign(`
name: matrix
subjects: [etcd, tikv]
chaos_types:
  - type: node_kill
    target: leader
  - {type: pause, with: [{type: latency, params: {min_ms: 50}}]}
trials_per_combination: 3
variants: [default, terse, nop]
include_baseline: true
parallel: 4
cooldown_seconds: 2
limits: {campaign_minutes: 5, cost_usd: 7}
`)
const plan = planCampaign(file, { seed: 5, base, variants })
const armOf = (trial: TrialSpec) => trial.variant.name
/** A trial's place in the matrix. */
const placeOf = ({ subject, faults, seed }: TrialSpec) => JSON.stringify([subject, faults, seed])

describe('the plan of a campaign', () => {
  test('is the whole matrix, with its limits', () => {
    assert.equal(plan.trials.length, 2 * 2 * 3 * 4)
    assert.deepEqual(
      [plan.name, plan.seed, plan.parallel, plan.cooldownMs, plan.limits],
      ['matrix', 5, 4, 2_000, { campaignMs: 300_000, costUsd: 7 }],
    )
    const double = plan.trials.filter(({ faults }) => faults.length === 2)
    assert.equal(double.length, 24)
    assert.deepEqual(
      double[0]?.faults.map(({ chaosType, target, params }) => [chaosType, target, params]),
      [
        ['pause', 'random', {}],
        ['latency', 'random', { min_ms: 50, max_ms: 50 }],
      ],
    )
  })

  test('is the same for the same file and seed, and another for another seed', () => {
    const again = planCampaign(file, { seed: 5, base, variants })
    assert.equal(JSON.stringify(again), JSON.stringify(plan))
    const other = planCampaign(file, { seed: 6, base, variants })
    assert.equal(other.trials.length, plan.trials.length)
    assert.notDeepEqual(other.trials.map(placeOf).sort(), plan.trials.map(placeOf).sort())
  })

  test('gives every arm the same faults with the same seeds, in no order of arms', () => {
    const arms = ['default', 'terse', 'nop', 'baseline']
    const [first, ...others] = arms.map((arm) =>
      plan.trials
        .filter((trial) => armOf(trial) === arm)
        .map(placeOf)
        .sort(),
    )
    assert.equal(new Set(first).size, 12, 'each with a seed of its own')
    for (const other of others) assert.deepEqual(other, first)
    const order = plan.trials.map(armOf)
    assert.notDeepEqual(order, [...order].sort())
    assert.ok(arms.every((arm) => order.slice(0, 24).includes(arm)))
  })

  test('an arm more changes nothing for the others', () => {
    const fewer = planCampaign(
      { ...file, variants: ['terse'], include_baseline: false },
      { seed: 5, base, variants },
    )
    const terse = plan.trials.filter((trial) => armOf(trial) === 'terse')
    assert.deepEqual(fewer.trials.map(placeOf).sort(), terse.map(placeOf).sort())
  })

  test('says truly who works in each arm', () => {
    const works = (of: TrialBase) =>
      Object.fromEntries(
        planCampaign({ ...file, variants: [...variants.keys()] }, { seed: 5, base: of, variants }).trials.map(
          (trial) => [armOf(trial), [trial.agent, trial.model, trial.baseline]],
        ),
      )
    assert.deepEqual(works(base), {
      default: ['runbook', null, false],
      terse: ['llm', 'anthropic:m', false],
      brief: ['llm', 'anthropic:base', false],
      nop: ['nop', null, false],
      baseline: ['runbook', null, true],
    })
    assert.deepEqual(works({ ...base, agent: 'llm' }).default, ['llm', 'anthropic:base', false])
  })
})

test('the campaign keys of the earlier harness run as they are', () => {
  const earlier = campaign(`
name: etcd-first-look
subjects:
  - etcd
chaos_types:
  - type: node_kill
  - type: latency
    params:
      min_ms: 100
      max_ms: 300
trials_per_combination: 2
parallel: 1
cooldown_seconds: 10
include_baseline: true
variant: terse
`)
  const { trials, cooldownMs } = planCampaign(earlier, { seed: 1, base, variants })
  assert.deepEqual([trials.length, cooldownMs], [8, 10_000])
  assert.deepEqual(new Set(trials.map(armOf)), new Set(['terse', 'baseline']))
})

test('some trials of one kind: the first has the seed that was asked for', () => {
  const { seed: _, ...one } = { ...spec, variant: variants.get('terse') ?? spec.variant }
  const planned = planTrials(one, { name: 'x', seed: 9, parallel: 1, trials: 3 })
  assert.equal(planned.trials[0]?.seed, 9)
  assert.equal(new Set(planned.trials.map(({ seed }) => seed)).size, 3)
  assert.deepEqual(planTrials(one, { name: 'x', seed: 9, parallel: 1, trials: 3 }), planned)
  assert.equal(planned.trials[0]?.model, 'anthropic:m')
})

test('lanes: two a core, one a GiB, at least one', () => {
  assert.equal(lanesOf({ cores: 4, freeBytes: 64 * 2 ** 30 }), 10)
  assert.equal(lanesOf({ cores: 4, freeBytes: 3.5 * 2 ** 30 }), 3)
  assert.equal(lanesOf({ cores: 1, freeBytes: 0 }), 1)
})
