import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { injectedAt, probe, repaired, session } from '../../../test/standins/record.ts'
import type { Fault } from '../../chaos/chaos-type.ts'
import { chaosTypes } from '../../chaos/faults.ts'
import type { TrialRecord } from '../record.ts'
import { claimHalves, claimsOf, judgeAccuracy } from './accuracy.ts'
import { labelledClaims } from './labelled-claims.ts'
import type { Diagnosis } from './root-cause.ts'
import { causeOf, componentOf, diagnosisOf } from './root-cause.ts'

const nodes = ['etcd-1', 'etcd-2', 'etcd-12']
const fault = (chaosType: string, target = 'etcd-2', of: Partial<Fault> = {}): Fault => ({
  chaosType,
  target,
  params: {},
  undo: {},
  ...of,
})
const kill = fault('node_kill')
const pairs = fault('network_partition', 'etcd-1', { params: { mode: 'pairs' }, undo: { away: ['etcd-2'] } })
const isolate = fault('network_partition', 'etcd-1', {
  params: { mode: 'isolate' },
  undo: { away: nodes },
})

/** [what is claimed, what was broken, how that is judged] */
const places: [string | undefined, Fault[], Diagnosis][] = [
  ['etcd-2', [kill], 'right'],
  ['ETCD-2', [kill], 'right'],
  ['node etcd-2 (10.0.0.12)', [kill], 'right'],
  ["etcd-2's disk", [kill], 'right'],
  ['etcd-1', [kill], 'wrong'],
  ['etcd-12', [kill], 'wrong'],
  ['etcd-1, etcd-2', [kill], 'wrong'],
  ['etcd-1 etcd-2 etcd-12', [kill], 'wrong'],
  ['the cluster', [kill], 'wrong'],
  ['not etcd-1', [kill], 'wrong'],
  [undefined, [kill], 'unclaimed'],
  ['  ', [kill], 'unclaimed'],
  ['etcd-1', [fault('pause', 'etcd-1,etcd-2')], 'wrong'],
  ['etcd-2 and etcd-1', [fault('pause', 'etcd-1,etcd-2')], 'right'],
  ['etcd-1', [pairs], 'right'],
  ['the link between etcd-1 and etcd-2', [pairs], 'right'],
  ['etcd-2', [pairs], 'wrong'],
  ['etcd-1 and etcd-2', [isolate], 'wrong'],
  ['etcd-2 <-> etcd-12', [fault('latency', 'etcd-2', { params: { peer: 'etcd-12' } })], 'right'],
  ['etcd-1', [fault('nospace_alarm', nodes.join())], 'wrong'],
  ['cluster', [fault('nospace_alarm', nodes.join())], 'right'],
  ['etcd database', [fault('nospace_alarm', nodes.join())], 'right'],
  [nodes.join(', '), [fault('nospace_alarm', nodes.join())], 'right'],
  ['etcd-2 and etcd-1', [kill, fault('pause', 'etcd-1')], 'right'],
  ['etcd-2', [kill, fault('pause', 'etcd-1')], 'wrong'],
  ['etcd-2', [kill, fault('noise', 'etcd-1')], 'right'],
  [undefined, [fault('none', 'none')], 'right'],
  ['none', [fault('none', 'none')], 'right'],
  ['etcd-1', [fault('noise', 'etcd-1')], 'wrong'],
]

describe('where it was broken', () => {
  for (const [component, faults, judged] of places)
    test(`${component} for ${faults.map(({ chaosType, target }) => `${chaosType} on ${target}`).join(' and ')}: ${judged}`, () =>
      assert.equal(componentOf(component, faults, nodes), judged))
})

/** [claim, what broke it, how that is judged] */
const causes: [string, string[], Diagnosis][] = [
  ['etcd-2 was killed', ['node_kill'], 'right'],
  ['it was down', ['node_kill'], 'right'],
  ['it was down because its disk was full', ['node_kill'], 'wrong'],
  ['it was killed, which led to a full disk', ['node_kill'], 'right'],
  ['it was killed, or its disk was full', ['node_kill'], 'wrong'],
  ['killed, paused, full disk', ['node_kill'], 'wrong'],
  ['was not killed', ['node_kill'], 'wrong'],
  ["wasn't paused, but killed", ['node_kill'], 'right'],
  ['neither killed nor paused', ['pause'], 'wrong'],
  ['paused and delayed by netem', ['pause', 'latency'], 'right'],
  ['an iptables rule in mangle sent its packets to NFQUEUE 2', ['latency'], 'right'],
  ['paused', ['pause', 'latency'], 'wrong'],
  ['paused', ['pause', 'noise'], 'right'],
  ['', ['pause'], 'unclaimed'],
  ['no idea', ['pause'], 'unclaimed'],
  ['could not determine why', ['pause'], 'unclaimed'],
  ['could not determine why, perhaps a full disk', ['pause'], 'wrong'],
  ['it rained', ['pause'], 'wrong'],
  ['nothing was wrong', ['pause'], 'wrong'],
  ['nothing was wrong', ['none'], 'right'],
  ['nothing was wrong after etcd-2 was killed', ['none'], 'wrong'],
  ['etcd-2: it cannot read its data: the files are damaged', ['data_corruption'], 'right'],
  ['discovery failed: proto: illegal wireType 7', ['data_corruption'], 'right'],
]

describe('what broke it', () => {
  for (const [claim, types, judged] of causes)
    test(`'${claim}' for ${types.join(' and ')}: ${judged}`, () =>
      assert.equal(
        causeOf(
          claim,
          types.map((type) => fault(type)),
        ),
        judged,
      ))

  test('the claims that were labelled by hand: as the page says', () => {
    assert.ok(labelledClaims.length >= 100)
    for (const name of Object.keys(chaosTypes))
      for (const label of ['right', 'wrong'])
        assert.ok(
          labelledClaims.some((one) => one.truth === name && one.label === label),
          `${name} ${label}`,
        )
    const page = readFileSync(new URL('../../../docs/oracles.md', import.meta.url), 'utf8')
    assert.ok(page.includes(`labelled-claims.ts\`, ${labelledClaims.length} claims`))
    for (const half of claimHalves) {
      const said = claimsOf(half).map(({ truth, claim }) =>
        causeOf(
          claim,
          truth.split('+').map((type) => fault(type)),
        ),
      )
      const { claims, precision, recall } = judgeAccuracy(half, said)
      const told = ({ share, of, interval }: typeof recall) =>
        `${Math.round((share ?? 0) * of)} of ${of} (${interval?.map((limit) => Math.round(limit * 100)).join('-')} %)`
      const row = `| ${half} | ${claims} | ${told(precision)} | ${told(recall)} |`
      assert.ok(page.includes(row), row)
      assert.ok((precision.share ?? 0) >= 0.95 && (recall.share ?? 0) >= 0.85, row)
    }
  })
})

describe('the diagnosis of a trial', () => {
  const claims = (...of: ({ rootCause: string; component?: string } | null)[]): TrialRecord => ({
    ...repaired,
    faults: [kill],
    probes: [probe(1_000)],
    sessions: of.map((claim) => session({ claim: claim && { status: 'fixed', actions: [], ...claim } })),
  })

  test('is that of the last claim', () => {
    const said = { rootCause: 'it was killed', component: 'etcd-2' }
    assert.deepEqual(diagnosisOf(claims(said)), { component: 'right', cause: 'right' })
    const before = { rootCause: 'its disk is full', component: 'etcd-1' }
    assert.deepEqual(diagnosisOf(claims(before, said)), { component: 'right', cause: 'right' })
    assert.deepEqual(diagnosisOf(claims(said, before)), { component: 'wrong', cause: 'wrong' })
    assert.deepEqual(diagnosisOf(claims(said, null)), { component: 'right', cause: 'right' })
  })

  test('whoever is called when it is over finds nothing, and that counts only where nobody came before', () => {
    const found = { status: 'fixed' as const, rootCause: 'it was killed', component: 'etcd-2', actions: [] }
    const nothing = { status: 'not_fixed' as const, rootCause: 'nothing wrong was found', actions: [] }
    const at = (ms: number, claim: typeof found | typeof nothing) =>
      session({ claim, startedAt: injectedAt + ms })
    // It was well again after 4 s.
    const of = (...sessions: TrialRecord['sessions']) =>
      diagnosisOf({ ...repaired, faults: [kill], sessions })?.cause
    assert.equal(of(at(1_000, found), at(5_000, nothing)), 'right')
    assert.equal(of(at(1_000, found), at(3_000, nothing)), 'wrong')
    assert.equal(of(at(5_000, nothing)), 'wrong')
  })

  test('is nothing where nobody worked, and unclaimed where nobody claimed', () => {
    assert.equal(diagnosisOf(claims()), null)
    assert.deepEqual(diagnosisOf(claims(null)), { component: 'unclaimed', cause: 'unclaimed' })
  })
})

test('words of ours in the place of a claim are no diagnosis, in old records as well', () => {
  const limit = {
    status: 'not_fixed',
    rootCause: 'ended by a limit: more than 40 turns',
    actions: [],
  } as const
  const said = (of: Parameters<typeof session>[0]) => diagnosisOf({ ...repaired, sessions: [session(of)] })
  const unclaimed = { component: 'unclaimed', cause: 'unclaimed' }
  assert.deepEqual(said({ claim: { ...limit, actions: [], unclaimed: true } }), unclaimed)
  assert.deepEqual(said({ claim: { ...limit, actions: [] }, reason: 'more than 40 turns' }), unclaimed)
  assert.notDeepEqual(said({ claim: { ...limit, actions: [], rootCause: 'etcd-2 was killed' } }), unclaimed)
})
