import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Command } from 'commander'
import { BadInput } from '../../core/errors.ts'
import type { FaultSpec } from '../../eval/record.ts'
import { type Ability, type Capability, capabilities } from '../../lab/contract.ts'
import { type AgentSettings, addAgentOptions } from '../options/agent.ts'
import { checkAbilities, planOf, type TrialSettings, trialDefaults } from './plan.ts'

const settings: TrialSettings = {
  ...addAgentOptions(new Command()).parse(['--agent', 'runbook'], { from: 'user' }).opts<AgentSettings>(),
  ...trialDefaults,
  subject: 'etcd',
  chaos: 'pause',
  evalDb: ':memory:',
}
const refused = (says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof BadInput, String(error))
  assert.match(error.message, says)
  return true
}

describe('damage that takes one node', () => {
  const plan = (chaos: string, target: string, param = {}) =>
    planOf({ ...settings, size: 5, chaos, target, param }, null)
  const ones: [string, Record<string, string>][] = [
    ['bad_config', {}],
    ['data_corruption', {}],
    ['member_removed', {}],
    ['network_partition', { mode: 'majority' }],
    ['network_partition', { mode: 'pairs' }],
  ]
  for (const [chaos, param] of ones)
    test(`${chaos} ${JSON.stringify(param)}`, () => {
      assert.throws(
        () => plan(chaos, 'etcd-1,etcd-2', param),
        refused(/'etcd-1,etcd-2': this damage takes one node; choose etcd-1 or etcd-2/),
      )
      for (const target of ['etcd-2', 'etcd-2,etcd-2', 'random']) plan(chaos, target, param)
    })

  test('other damage takes several', () => {
    for (const chaos of ['pause', 'network_partition', 'disk_pressure']) plan(chaos, 'etcd-1,etcd-2')
  })
})

describe('latency with bandwidth', () => {
  const check = (
    delay: Ability,
    slow: string,
    narrow: string,
    { subject = 'etcd', size = 5, peer = '' } = {},
  ) => {
    const plan = planOf({ ...settings, subject, size }, null)
    const faults: FaultSpec[] = [
      { chaosType: 'bandwidth', target: narrow, params: {} },
      { chaosType: 'latency', target: slow, params: peer ? { peer } : {} },
    ]
    const all = Object.fromEntries(
      capabilities.map((name) => [name, name === 'delay' ? delay : { can: true }]),
    ) as Record<Capability, Ability>
    return checkAbilities(
      { ...plan, trials: plan.trials.map((spec) => ({ ...spec, faults })) },
      async () => all,
    )
  }
  const netem: Ability = { can: true, by: 'netem' }
  const relay: Ability = { can: true }

  test('on one node is refused where netem delays, and says which, where and what instead', async () => {
    const says =
      /^latency \(target etcd-2,etcd-3\) with bandwidth \(target etcd-1,etcd-2\) on etcd-2: netns delays by netem .*; choose one of them, packet_loss instead of bandwidth, or another node for each by name$/
    await assert.rejects(check(netem, 'etcd-2,etcd-3', 'etcd-1,etcd-2'), refused(says))
    await assert.rejects(check(netem, 'etcd-2', 'leader'), refused(/ on etcd-2: /))
    await assert.rejects(
      check(netem, 'random', 'random', { size: 3 }),
      refused(/ on etcd-1 or etcd-2 or etcd-3: /),
    )
    await assert.rejects(
      check(netem, 'tikv-leader', 'leader', { subject: 'tikv', size: 3 }),
      refused(/ on tikv-1 or tikv-2 or tikv-3: /),
    )
  })

  test('is free where the relay delays', () => check(relay, 'etcd-2', 'etcd-2'))

  test('is free on nodes that cannot be the same', async () => {
    await check(netem, 'etcd-2', 'etcd-1')
    await check(netem, 'follower', 'leader')
    await check(netem, 'random', 'etcd-1', { peer: 'etcd-1' })
    await check(netem, 'pd', 'tikv-leader', { subject: 'tikv', size: 3 })
  })
})
