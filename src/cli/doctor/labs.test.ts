import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChaosType } from '../../chaos/chaos-type.ts'
import { type Ability, type Capability, capabilities, type Lab } from '../../lab/contract.ts'
import { labChecks } from './labs.ts'

const no: Ability = { can: false, why: 'the kernel has none', fix: 'get another kernel' }

/** A lab that lacks some capabilities; nothing is started in it. */
const labWithout = (...lacking: Capability[]): Lab => ({
  name: 'small',
  abilities: async () =>
    Object.fromEntries(
      capabilities.map((name): [Capability, Ability] => [name, lacking.includes(name) ? no : { can: true }]),
    ) as Record<Capability, Ability>,
  up: () => Promise.reject(new Error('not asked for')),
  list: async () => [],
  attach: () => Promise.reject(new Error('not asked for')),
})

const chaosType = (name: string, ...needs: Capability[]) =>
  ({ name, needs, description: name }) as unknown as ChaosType

const faults = [chaosType('node_kill', 'signals'), chaosType('latency', 'signals', 'delay')]

test('a lab that can do everything has one line, and so has each chaos type', async () => {
  const checks = await labChecks([labWithout()], faults)
  assert.deepEqual(
    checks.map(({ name, can }) => [name, can]),
    [
      ['small', true],
      ['node_kill (small)', true],
      ['latency (small)', true],
    ],
  )
})

test('what a lab lacks is named with its fix, and only the chaos types that need it are out', async () => {
  const checks = await labChecks([labWithout('delay')], faults)
  assert.deepEqual(
    checks.map(({ name, can }) => [name, can]),
    [
      ['small', true],
      ['small: delay', false],
      ['node_kill (small)', true],
      ['latency (small)', false],
    ],
  )
  for (const check of checks) if (!check.can) assert.equal(check.fix, 'get another kernel')
})

test('of two ways to the same, it says which', async () => {
  const lab = labWithout()
  const abilities = async () => ({ ...(await lab.abilities()), delay: { can: true, by: 'queue' } as const })
  const [, latency] = (await labChecks([{ ...lab, abilities }], faults)).slice(1)
  assert.equal(latency?.detail, 'latency; by a queue of netfilter (NFQUEUE)')
})

test('a lab that can start nothing says only that', async () => {
  const [lab, ...rest] = await labChecks([labWithout(...capabilities)], faults)
  assert.deepEqual(lab, { group: 'labs', name: 'small', can: false, detail: no.why, fix: no.fix })
  assert.ok(rest.every(({ can, group }) => !can && group === 'chaos'))
})
