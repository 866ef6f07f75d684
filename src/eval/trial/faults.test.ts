import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { spec } from '../../../test/standins/record.ts'
import type { ChaosType } from '../../chaos/chaos-type.ts'
import { chaosTypes } from '../../chaos/faults.ts'
import { systemClock } from '../../core/clock.ts'
import type { Cluster } from '../../lab/contract.ts'
import * as store from '../../store/eval/trials.ts'
import { emptyRecord, type FaultSpec, type TrialRecord } from '../record.ts'
import { type Armed, arm, faultLook } from './faults.ts'
import type { TrialOptions } from './options.ts'
import type { Witness } from './witness-call.ts'

const names = ['n1', 'n2', 'n3']
const cluster = { id: 'c', lab: 'netns', nodes: names.map((name) => ({ name })) } as unknown as Cluster
const roles = { n1: 'leader', n2: 'follower', n3: 'follower' } as const
const healthy = { n1: true, n2: true, n3: true }
const witness = { probes: [{ at: 1, healthy, roles, violated: [] }] } as unknown as Witness
const fault = (chaosType: string, target = 'random', of: Partial<FaultSpec> = {}): FaultSpec => ({
  chaosType,
  target,
  params: {},
  ...of,
})

async function armed(
  faults: FaultSpec[],
  seed = 1,
  types: Record<string, ChaosType> = chaosTypes,
): Promise<{ record: TrialRecord; stored: unknown[] }> {
  await using db = store.openEvalDb(':memory:')
  const campaignId = await store.addCampaign(db, { name: 'x', seed: 1, spec: {}, startedAt: 0 })
  const trial = { ...spec, faults, seed }
  await store.addTrials(db, campaignId, [{ slot: 0, spec: trial }])
  const record = emptyRecord(trial)
  const options = { id: 1, spec: trial, chaosTypes: types, db, clock: systemClock } as unknown as TrialOptions
  await arm(options, record, cluster, witness)
  return { record, stored: await store.trialFaults(db, 1) }
}
const targets = async (faults: FaultSpec[], seed?: number) =>
  (await armed(faults, seed)).record.faults.map(({ target }) => target)

describe('arming', () => {
  test('several faults leave a majority: what is open is chosen around what is not', async () => {
    for (let seed = 0; seed < 10; seed++) {
      assert.deepEqual(await targets([fault('latency'), fault('pause', 'leader')], seed), ['n1', 'n1'])
      const [first, second] = await targets([fault('latency'), fault('pause')], seed)
      assert.equal(first, second)
    }
    await assert.rejects(targets([fault('pause', 'n1'), fault('pause', 'n2')]), /2 of 3 nodes at once/)
    const allowed = { allowQuorumLoss: true }
    assert.deepEqual(await targets([fault('pause', 'n1'), fault('pause', 'n2', allowed)]), ['n1', 'n2'])
    assert.deepEqual(await targets([fault('pause', 'n1'), fault('noise', 'n2')]), ['n1', 'n2'])
  })

  test('is stored in the order of the spec', async () => {
    const { record, stored } = await armed([fault('latency'), fault('pause', 'n2')])
    assert.deepEqual(stored, record.faults)
    assert.deepEqual(
      record.faults.map(({ chaosType }) => chaosType),
      ['latency', 'pause'],
    )
  })

  test('says whether anything is broken', async () => {
    assert.equal((await armed([fault('none'), fault('noise')])).record.harmless, true)
    assert.equal((await armed([fault('noise'), fault('pause')])).record.harmless, false)
  })

  test('says whether it stays broken until somebody ends it', async () => {
    assert.equal((await armed([fault('noise'), fault('latency')])).record.lasting, true)
    // One that is done again and again ends only by somebody's doing, too.
    const again = fault('pause', 'n2', { params: { repeat: 3 } })
    assert.equal((await armed([fault('latency'), again])).record.lasting, true)
    const passing = { ...chaosTypes, pause: { ...chaosTypes.pause, passes: true } as ChaosType }
    assert.equal((await armed([fault('pause', 'n2')], 1, passing)).record.lasting, false)
  })
})

test('a fault is gone since the first look that did not find it, until one finds it again', async () => {
  let [now, isThere] = [0, true]
  const record = emptyRecord(spec)
  // A part of it is in place, and it would not count as landed.
  const type = { ...chaosTypes.pause, landed: async () => false, remains: async () => isThere }
  const one = { type, fault: { chaosType: 'pause', target: 'n1', params: {}, undo: {} }, faultId: 1 } as Armed
  const options = { clock: { ...systemClock, now: () => now } } as TrialOptions
  const look = faultLook(options, record, cluster, [one])
  for (const [at, there, gone] of [
    [1_000, true, null],
    [2_000, false, 2_000],
    [3_000, false, 2_000],
    [4_000, true, null],
    [5_000, false, 5_000],
  ] as const) {
    ;[now, isThere] = [at, there]
    assert.equal(await look('now'), there)
    assert.equal(record.faultGoneAt, gone, `${at}`)
  }
  assert.equal(record.faultSeenAt, 4_000)
})
