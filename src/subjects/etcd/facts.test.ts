import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { facts } from './facts.ts'
import type { EtcdNode, EtcdObservation, Status } from './observe/observation.ts'

const ids = ['257', '258', '259']
const status = (id: string, of: Partial<Status> = {}): Status => ({
  clusterId: '9',
  memberId: id,
  leaderId: '257',
  term: 2,
  revision: 500,
  version: '3.4.23',
  dbBytes: 20_000,
  dbInUseBytes: 16_000,
  alarms: [],
  learner: false,
  ...of,
})
const members = ids.map((id, i) => ({ id, name: `etcd-${i + 1}`, peerUrls: [`http://${i}`], learner: false }))
const node = (of: Partial<EtcdNode> = {}): EtcdNode => ({
  healthy: true,
  reach: 'answered',
  serving: true,
  status: null,
  members,
  hasLeader: true,
  quotaBytes: 1,
  recent: null,
  restarts: 0,
  activePeers: null,
  answersMs: null,
  consensusMs: null,
  clockOffsetMs: 0,
  descriptors: null,
  newClient: null,
  isTls: false,
  ...of,
})
const silent = node({ healthy: false, reach: 'refused', serving: null, members: null, hasLeader: null })

function seen(change: Partial<Record<number, Partial<EtcdNode>>> = {}): EtcdObservation {
  const nodes = ids.map(
    (id, i) => [`etcd-${i + 1}`, { ...node({ status: status(id) }), ...change[i] }] as const,
  )
  return {
    at: 0,
    nodes: Object.fromEntries(nodes),
    memberIds: {},
    memberList: null,
    revision: { highest: 0, now: null },
    data: null,
  }
}
const told = (observation: EtcdObservation, name: string, at?: string) =>
  facts(observation).find((fact) => fact.name === name && fact.node === at)?.value

describe('facts of an etcd cluster', () => {
  test('one that is well', () => {
    const all = facts(seen())
    assert.equal(new Set(all.map(({ name, node: at }) => `${name} ${at}`)).size, all.length, 'each once')
    assert.deepEqual(
      ['cluster id', 'members', 'revision', 'leader', 'alarms'].map((name) => told(seen(), name)),
      ['9', ['etcd-1', 'etcd-2', 'etcd-3'], 500, ['etcd-1'], []],
    )
    assert.equal(told(seen(), 'member id', 'etcd-2'), '102')
    assert.equal(told(seen(), 'version', 'etcd-3'), '3.4.23')
    const roomier = seen({ 1: { quotaBytes: 7, disk: { totalBytes: 9, availableBytes: 1 } } })
    const room = ['quota bytes', 'disk bytes'].map((name) => told(roomier, name, 'etcd-2'))
    assert.deepEqual([...room, told(roomier, 'disk bytes', 'etcd-1')], [7, 9, undefined])
  })

  test('a member that is down tells nothing of itself', () => {
    const observation = seen({ 1: silent })
    assert.equal(told(observation, 'member id', 'etcd-2'), undefined)
    assert.deepEqual(told(observation, 'members'), ['etcd-1', 'etcd-2', 'etcd-3'])
  })

  test('nobody answers: nothing is told', () => {
    assert.deepEqual(facts(seen({ 0: silent, 1: silent, 2: silent })), [])
  })

  test('only members that read through consensus prove members and revision', () => {
    const behind = { serving: false, status: status('258', { revision: 9_000 }), members: [] }
    assert.equal(told(seen({ 1: behind }), 'revision'), 500)
    const alone = { serving: false }
    const observation = seen({ 0: alone, 1: alone, 2: alone })
    assert.deepEqual([told(observation, 'revision'), told(observation, 'members')], [undefined, undefined])
    assert.equal(told(observation, 'cluster id'), '9')
  })

  test('a member of another cluster is told', () => {
    const foreign = { status: status('258', { clusterId: '7' }) }
    assert.equal(told(seen({ 1: foreign }), 'cluster id'), '7 and 9')
  })

  test('alarms by whose they are, and a member that has not started by its address', () => {
    const alarms = [{ memberId: '258', alarm: 'NOSPACE' }]
    const more = [...members, { id: '300', name: '', peerUrls: ['http://new'], learner: false }]
    const observation = seen({ 0: { status: status('257', { alarms }), members: more } })
    assert.deepEqual(told(observation, 'alarms'), ['NOSPACE of etcd-2'])
    assert.deepEqual(told(observation, 'members'), ['etcd-1', 'etcd-2', 'etcd-3', 'http://new'])
  })
})
