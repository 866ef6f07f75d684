import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Rule, type Sight, scripted } from '../../test/standins/scripted.ts'
import { wholeCluster } from '../core/watch/invariant.ts'
import { type Check, type CheckSettings, checkAll, isInhibited } from './check.ts'

const rules: Rule[] = [
  { name: 'member_down' },
  { name: 'slow', graceMs: 500 },
  { name: 'no_quorum', scope: 'cluster' },
]
const nodes = ['a', 'b']

async function seen(sight: Sight | Error, settings: CheckSettings = {}): Promise<Check[]> {
  const subject = scripted(rules, { sight })
  const connection = subject.connect({})
  const signal = new AbortController().signal
  const observation = await connection.observe(signal).catch(() => null)
  return checkAll(subject, nodes, observation, 'the look failed', settings)
}
const at = (checks: Check[], place: string) => {
  const check = checks.find(({ key }) => key === `test/${place}`)
  assert.ok(check, place)
  return check
}
const said = ({ verdict }: Check) => (verdict.kind === 'violated' ? verdict.message : '')

describe('checks', () => {
  test('each node invariant at each node, each cluster invariant once, and sight at each place', async () => {
    const keys = (await seen({})).map(({ key }) => key)
    const sight = ['test/unobservable/a', 'test/unobservable/b', 'test/unobservable/cluster']
    const own = ['member_down/a', 'member_down/b', 'slow/a', 'slow/b', 'no_quorum/cluster']
    assert.deepEqual(keys, [...own.map((key) => `test/${key}`), ...sight])
    assert.ok((await seen({})).every(({ verdict }) => verdict.kind === 'ok'))
  })

  test('a look that fails: everything is unknown, and one place says that nothing can be observed', async () => {
    const checks = await seen(new Error('no route'))
    const kinds = Object.groupBy(checks, ({ verdict }) => verdict.kind)
    assert.equal(kinds.ok, undefined)
    assert.deepEqual(
      kinds.violated?.map(({ key }) => key),
      ['test/unobservable/cluster'],
    )
    assert.match(said(at(checks, 'unobservable/cluster')), /nothing can be observed: the look failed/)
  })

  test('a check that throws is unknown', () => {
    const [broken] = scripted(rules, { sight: {} }).invariants
    assert.ok(broken)
    const check = () => {
      throw new TypeError('undefined is not an observation')
    }
    const subject = { ...scripted(rules, { sight: {} }), invariants: [{ ...broken, check }] }
    const [first] = checkAll(subject, ['a'], { at: 0, nodes: {} }, '')
    assert.equal(first?.verdict.kind, 'unknown')
  })

  test('a blind node has a short grace, a partly blind one a long one', async () => {
    const blind = at(await seen({ 'member_down/a': 'unknown', 'slow/a': 'unknown' }), 'unobservable/a')
    const partly = at(await seen({ 'slow/a': 'unknown' }), 'unobservable/a')
    assert.match(said(blind), /cannot tell member_down, slow: nobody answers/)
    assert.match(said(partly), /cannot tell slow: nobody answers/)
    assert.ok(blind.graceMs <= 5_000 && partly.graceMs >= 30_000, `${blind.graceMs} ${partly.graceMs}`)
  })

  test('graces can be overridden, also that of sight', async () => {
    const checks = await seen({ 'slow/a': 'unknown' }, { graces: { slow: 7, unobservable: 8 } })
    assert.equal(at(checks, 'slow/b').graceMs, 7)
    assert.equal(at(checks, 'unobservable/a').graceMs, 8)
    assert.equal(at(checks, 'member_down/a').graceMs, 0)
  })
})

describe('what is not checked', () => {
  const kindAt = (checks: Check[], place: string) => at(checks, place).verdict.kind

  test('because there is nothing to check is not blindness', async () => {
    const checks = await seen({ 'slow/a': 'not_applicable', 'slow/b': 'unknown' })
    assert.equal(kindAt(checks, 'slow/a'), 'not_applicable')
    assert.equal(kindAt(checks, 'unobservable/a'), 'ok')
    assert.equal(kindAt(checks, 'unobservable/b'), 'violated')
  })

  test('is no sight either: where nothing else is known, nothing can be observed', async () => {
    const checks = await seen({
      'slow/a': 'not_applicable',
      'slow/b': 'not_applicable',
      'no_quorum/cluster': 'unknown',
      'member_down/a': 'unknown',
      'member_down/b': 'unknown',
    })
    assert.match(said(at(checks, 'unobservable/cluster')), /nothing can be observed/)
  })

  test('because a person switched it off, everywhere or at one node', async () => {
    const checks = await seen(
      { 'slow/a': 'bad', 'slow/b': 'bad', 'member_down/a': 'bad', 'no_quorum/cluster': 'unknown' },
      { skipped: new Set(['slow/a', 'member_down', 'unobservable/cluster']) },
    )
    const off = checks.filter(({ verdict }) => verdict.kind === 'not_applicable').map(({ key }) => key)
    assert.deepEqual(off, [
      'test/member_down/a',
      'test/member_down/b',
      'test/slow/a',
      'test/unobservable/cluster',
    ])
    assert.equal(kindAt(checks, 'slow/b'), 'violated')
  })
})

describe('inhibition', () => {
  const symptom = (node: string): Check => ({
    key: '',
    invariant: 'slow',
    node,
    severity: 'info',
    graceMs: 0,
    keepFiringMs: 0,
    verdict: { kind: 'ok' },
    inhibitedAnywhereBy: ['alarm'],
    inhibitedBy: ['member_down', 'no_quorum'],
  })
  const cases: [string, string, string, boolean][] = [
    ['the same node', 'a', 'member_down/a', true],
    ['another node', 'a', 'member_down/b', false],
    ['the whole cluster', 'a', 'no_quorum/cluster', true],
    ['any node, for what is of the whole cluster', wholeCluster, 'member_down/b', true],
    ['another invariant', 'a', 'disk_full/a', false],
    ['any node, for what one node does to all', 'a', 'alarm/b', true],
  ]
  for (const [name, node, cause, expected] of cases)
    test(`${name}: ${expected ? 'explained' : 'not explained'}`, () => {
      assert.equal(
        isInhibited(symptom(node), (...place) => place.join('/') === cause, nodes),
        expected,
      )
    })
})
