import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { injectedAt, probe, probes, sample } from '../../../test/standins/record.ts'
import type { WorkloadSample } from '../../core/watch/subject.ts'
import type { Probe } from '../record.ts'
import { impactAt, isHealthy, recoveredAt, unavailableMs, wellSince } from './oracle.ts'

const settleMs = 5_000
const history = (probes: Probe[], samples: WorkloadSample[] = []) => ({ probes, samples, injectedAt })
const after = (at: number | null) => (at === null ? null : at - injectedAt)

describe('a look', () => {
  const probes: [string, Partial<Probe>, boolean][] = [
    ['all nodes serve', {}, true],
    ['one does not', { healthy: { 'etcd-1': true, 'etcd-2': false } }, false],
    ['nothing can be said of one', { healthy: { 'etcd-1': true, 'etcd-2': null } }, false],
    ['all serve and something critical is violated', { violated: ['etcd/no_quorum/cluster'] }, false],
    ['nobody is there at all', { healthy: {} }, false],
  ]
  for (const [what, part, well] of probes)
    test(`${what}: ${well ? 'well' : 'not well'}`, () =>
      assert.equal(isHealthy({ ...probe(0), ...part }), well))
})

/** [what, looks, samples, well since, recovered since] in ms after the injection. */
const cases: [string, Probe[], WorkloadSample[], number | null, number | null][] = [
  ['no looks', [], [], null, null],
  ['looks before the injection only', probes(-9_000, 0), [], null, null],
  ['a look at the very moment of the injection proves nothing', [probe(0)], [], null, null],
  ['never unwell, and not yet long', probes(-2_000, 5_000), [], 1_000, null],
  ['never unwell, for long', probes(-2_000, 6_000), [], 1_000, 1_000],
  ['unwell to the end', [...probes(1_000, 3_000), ...probes(4_000, 20_000, false)], [], null, null],
  [
    'one ms short of the window',
    [probe(1_000, false), ...probes(2_000, 6_000), probe(6_999)],
    [],
    2_000,
    null,
  ],
  [
    'well since the answers were in, as they may have been asked for while it was not yet',
    [probe(1_000, false), { ...probe(2_000), until: injectedAt + 2_700 }, ...probes(3_000, 8_000)],
    [],
    2_700,
    2_700,
  ],
  ['exactly the window', [probe(1_000, false), ...probes(2_000, 7_000)], [], 2_000, 2_000],
  [
    'well for long, and unwell at the last look',
    [...probes(1_000, 30_000), probe(31_000, false)],
    [],
    null,
    null,
  ],
  [
    'only the last stretch counts',
    [probe(0, false), ...probes(1_000, 20_000), probe(21_000, false), ...probes(22_000, 26_000)],
    [],
    22_000,
    null,
  ],
  [
    'one look of which nothing is known',
    [...probes(1_000, 4_000), probe(5_000, null), ...probes(6_000, 10_000)],
    [],
    6_000,
    null,
  ],
  ['nobody looked for a while', [...probes(1_000, 4_000), ...probes(10_000, 14_000)], [], 10_000, null],
  ['the longest blink', [...probes(1_000, 4_000), ...probes(9_000, 10_000)], [], 1_000, 1_000],
  ['load fails within the stretch', probes(1_000, 12_000), [sample(4_000, 50)], 5_000, 5_000],
  ['load fails as it did before', probes(1_000, 12_000), [sample(-1_000, 5), sample(4_000, 6)], 1_000, 1_000],
  ['load fails more than before', probes(1_000, 12_000), [sample(-1_000, 5), sample(4_000, 7)], 5_000, 5_000],
  ['a second without a single operation', probes(1_000, 12_000), [sample(9_000, 0, 0)], 10_000, null],
  ['a bad second before the injection', probes(1_000, 12_000), [sample(-1_000, 100)], 1_000, 1_000],
]

describe('recovery', () => {
  for (const [what, probes, samples, since, recovered] of cases)
    test(what, () => {
      assert.equal(after(wellSince(history(probes, samples))), since)
      assert.equal(after(recoveredAt(history(probes, samples), settleMs)), recovered)
    })
})

describe('impact', () => {
  test('is the first sign, of looks or of load; none is none', () => {
    assert.equal(impactAt(history(probes(-2_000, 9_000))), null)
    assert.equal(after(impactAt(history([probe(-500, false), probe(700, false)], [sample(900, 50)]))), 700)
    assert.equal(after(impactAt(history([probe(700, false)], [sample(600, 50)]))), 600)
    assert.equal(impactAt(history([], [sample(600, 1)])), null, 'within what is tolerated')
  })
})

describe('time without a successful operation', () => {
  test('is counted from the injection on, to the sample', () => {
    const dead = (ms: number) => sample(ms, 100)
    assert.equal(unavailableMs(history([], [])), 0)
    assert.equal(unavailableMs(history([], [sample(0), sample(1_000)])), 0)
    assert.equal(unavailableMs(history([], [sample(0), dead(1_000), dead(2_000), sample(3_000)])), 2_000)
    assert.equal(unavailableMs(history([], [dead(-1_000), sample(400, 0, 0)])), 400, 'not before it')
  })
})
