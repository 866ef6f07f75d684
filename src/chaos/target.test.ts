import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BadInput } from '../core/errors.ts'
import { rngFrom } from '../core/rng.ts'
import type { Cluster } from '../lab/contract.ts'
import { brokenWith, choosersLast, chooseTarget, requirePeer } from './target.ts'

const names = (size: number) => Array.from({ length: size }, (_, i) => `n${i + 1}`)
interface More {
  size?: number
  seed?: number
  allowQuorumLoss?: boolean
  peer?: string
}
const choose = (
  target: string,
  broken: string[],
  { size = 3, seed = 1, allowQuorumLoss = false, peer }: More = {},
) =>
  chooseTarget({
    cluster: { nodes: names(size).map((name) => ({ name })) } as unknown as Cluster,
    roles: Object.fromEntries(names(size).map((name, i) => [name, i === 0 ? 'leader' : 'follower'])),
    target,
    broken,
    rng: rngFrom(seed),
    allowQuorumLoss,
    peer,
  })
const seeds = Array.from({ length: 40 }, (_, seed) => seed)
const seen = (target: string, broken: string[], more: More = {}) =>
  [...new Set(seeds.map((seed) => choose(target, broken, { seed, ...more })))].toSorted()

describe('targets of faults at the same time', () => {
  test('a choice leaves a majority together with what is broken already', () => {
    assert.deepEqual(seen('random', []), names(3))
    assert.deepEqual(seen('random', ['n2']), ['n2'])
    assert.deepEqual(seen('follower', ['n3']), ['n3'])
    assert.deepEqual(seen('random', ['n2'], { size: 5 }), names(5))
    assert.deepEqual(seen('random', ['n2', 'n5'], { size: 5 }), ['n2', 'n5'])
    assert.deepEqual(seen('random', ['n2'], { allowQuorumLoss: true }), names(3))
  })

  test('what leaves no choice is refused', () => {
    const add = (broken: string[], target: string, allowed = false) =>
      brokenWith(broken, {}, [target], names(3), allowed)
    assert.equal(choose('leader', ['n2']), 'n1')
    assert.throws(() => add(['n2'], 'n1'), BadInput)
    assert.throws(() => add(['n2'], 'n1'), /2 of 3 nodes at once would leave no majority.*allow_quorum_loss/)
    assert.deepEqual(add(['n2'], 'n1', true), ['n2', 'n1'])
    assert.deepEqual(add(['n2'], 'n2'), ['n2'])
    assert.deepEqual(brokenWith([], {}, ['n1'], ['n1'], false), ['n1'], 'one may always be broken')
  })

  test('one that is open is chosen around those that are not', () => {
    const faults = ['random', 'leader', 'n2', 'random'].map((target, i) => ({ target, i }))
    assert.deepEqual(
      choosersLast(faults).map(({ i }) => i),
      [1, 2, 0, 3],
    )
  })

  test('what breaks no node is not counted', () => {
    assert.deepEqual(brokenWith(['n2'], { harmless: true }, ['n1'], names(3), false), ['n2'])
    assert.deepEqual(brokenWith(['n2'], { clusterWide: true }, names(3), names(3), false), ['n2'])
  })
})

describe('the other end of a damaged link', () => {
  test('is never what a word means', () => {
    assert.deepEqual(seen('random', [], { peer: 'n2' }), ['n1', 'n3'])
    assert.deepEqual(seen('follower', [], { peer: 'n2' }), ['n3'])
    assert.throws(
      () => choose('leader', [], { peer: 'n1' }),
      /no node of this cluster is known to have this role/,
    )
  })

  test('is another node than the targets', () => {
    requirePeer(undefined, ['n1'], names(3))
    requirePeer('n2', ['n1'], names(3))
    assert.throws(() => requirePeer('n1', ['n1'], names(3)), /peer 'n1' of n1: one of n2, n3/)
    assert.throws(() => requirePeer('n4', [], names(3)), /peer 'n4': one of n1, n2, n3/)
  })
})

describe('targets where there are several kinds of nodes', () => {
  const both = ['pd-1', 'pd-2', 'pd-3', 'tikv-1', 'tikv-2', 'tikv-3']
  const pick = (target: string, seed = 1, broken: string[] = []) =>
    chooseTarget({
      cluster: { nodes: both.map((name) => ({ name })) } as unknown as Cluster,
      roles: { 'pd-1': 'follower', 'pd-2': 'leader', 'pd-3': 'follower' },
      target,
      broken,
      rng: rngFrom(seed),
    })
  const picked = (target: string, broken: string[] = []) =>
    [...new Set(seeds.map((seed) => pick(target, seed, broken)))].toSorted()

  test('a kind, or a role in it, is a target', () => {
    assert.deepEqual(picked('random'), both)
    assert.deepEqual(picked('tikv'), ['tikv-1', 'tikv-2', 'tikv-3'])
    assert.deepEqual(picked('pd-leader'), ['pd-2'])
    assert.deepEqual(picked('leader'), ['pd-2'])
    assert.deepEqual(picked('pd-follower'), ['pd-1', 'pd-3'])
    assert.throws(() => pick('tikv-leader'), /no node of this cluster is known to have this role/)
    assert.throws(() => pick('tidb'), /no target 'tidb'; there are: random, leader, follower, pd, pd-leader/)
  })

  test('each kind keeps its own majority', () => {
    assert.equal(pick('pd-1,tikv-3'), 'pd-1,tikv-3')
    assert.throws(() => pick('pd-1,pd-2'), /2 of 3 pd nodes at once would leave no majority/)
    assert.deepEqual(picked('tikv', ['tikv-2']), ['tikv-2'])
    assert.deepEqual(picked('random', ['pd-1', 'tikv-2']), ['pd-1', 'tikv-2'])
  })
})
