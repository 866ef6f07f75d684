import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { injectedAt, repaired } from '../../../test/standins/record.ts'
import type { Fact } from '../../core/watch/subject.ts'
import type { States, TrialRecord } from '../record.ts'
import { changesOf, dataLossesOf, dropWatch, isOnDisk, lossesOf } from './state.ts'

const id = (value: string): Fact => ({ name: 'cluster id', value, keep: 'same', vital: true })
const members = (...value: string[]): Fact => ({ name: 'members', value, keep: 'same', vital: true })
const alarms = (...value: string[]): Fact => ({ name: 'alarms', value, keep: 'same' })
const member = (node: string, value: string): Fact => ({ name: 'member id', node, value, keep: 'same' })
const revision = (value: number): Fact => ({ name: 'revision', value, keep: 'grows', vital: true })
const leader = (value: string): Fact => ({ name: 'leader', value, keep: 'free' })

const was: Fact[] = [
  id('9'),
  members('a', 'b', 'c'),
  alarms(),
  member('a', '1'),
  member('b', '2'),
  leader('a'),
]
const replacing = (...facts: Fact[]): Fact[] =>
  was.map((fact) => facts.find(({ name, node }) => name === fact.name && node === fact.node) ?? fact)
const record = (of: Partial<States>, replaceable: string[] = []): TrialRecord => ({
  ...repaired,
  replaceable,
  states: { initial: was, broken: null, final: was, drops: [], ...of },
})
const changedAt = injectedAt + 5_000

/** [what, states, nodes that may be replaced, changes, losses] */
const cases: [string, Partial<States>, string[], string[], string[]][] = [
  ['all as it was', {}, [], [], []],
  ['another leader', { final: replacing(leader('b')) }, [], [], []],
  [
    'another cluster',
    { final: replacing(id('7')) },
    [],
    ['cluster id was 9, is 7'],
    ['cluster id was 9, is 7'],
  ],
  [
    'a member is gone',
    { final: replacing(members('a', 'c')) },
    [],
    ['members: b is gone'],
    ['members: b is gone'],
  ],
  ['a member that may be replaced is gone', { final: replacing(members('a', 'c')) }, ['b'], [], []],
  ['one is replaced that may be', { final: replacing(member('b', '5')) }, ['b'], [], []],
  [
    'one is replaced that need not be: shown, and no loss',
    { final: replacing(member('b', '5')) },
    ['a'],
    ['member id of b was 2, is 5'],
    [],
  ],
  ['one is new', { final: replacing(members('a', 'b', 'c', 'd')) }, [], ['members: d is new'], []],
  [
    'one for another',
    { final: replacing(members('a', 'c', 'd')) },
    [],
    ['members: b is gone', 'members: d is new'],
    ['members: b is gone'],
  ],
  ['an alarm is left', { final: replacing(alarms('NOSPACE of a')) }, [], ['alarms: NOSPACE of a is new'], []],
  [
    'the fault itself took a member',
    { broken: replacing(members('a', 'c')), final: replacing(members('a', 'c')) },
    [],
    ['members: b is gone'],
    [],
  ],
  [
    'the fault took one, somebody another',
    { broken: replacing(members('a', 'c')), final: replacing(members('a')) },
    [],
    ['members: b is gone', 'members: c is gone'],
    ['members: c is gone'],
  ],
  [
    'it told nothing of its members right after the fault, and somebody took one',
    { broken: was.filter(({ name }) => name !== 'members'), final: replacing(members('a', 'c')) },
    [],
    ['members: b is gone'],
    ['members: b is gone'],
  ],
  [
    'the first look was after somebody took one',
    {
      broken: replacing(members('a', 'c')),
      brokenAt: changedAt + 1,
      final: replacing(members('a', 'c')),
    },
    [],
    ['members: b is gone'],
    ['members: b is gone'],
  ],
  ['nobody told anything in the end', { final: null }, [], [], []],
  ['one node told nothing in the end', { final: was.filter(({ node }) => node !== 'b') }, [], [], []],
  [
    'data fell back, and it does not matter who is asked',
    { final: null, drops: [{ at: changedAt, name: 'revision', from: 90, to: 3 }] },
    [],
    ['revision fell from 90 to 3'],
    ['revision fell from 90 to 3'],
  ],
  [
    'data fell back before anybody worked',
    { drops: [{ at: changedAt - 1, name: 'revision', from: 90, to: 3 }] },
    [],
    ['revision fell from 90 to 3'],
    [],
  ],
]

describe('the state of a cluster before and after', () => {
  for (const [what, states, replaceable, changes, losses] of cases)
    test(what, () => {
      assert.deepEqual(changesOf(record(states, replaceable)), changes)
      assert.deepEqual(lossesOf(record(states, replaceable), changedAt), losses)
    })

  test('of a record without any is no change', () => {
    const { states: _, ...older } = record({})
    assert.deepEqual([changesOf(older), lossesOf(older, changedAt)], [[], []])
  })
})

const onDisks = (holding: string[], needed = 2): Partial<TrialRecord> => ({
  dataOnDisk: [{ nodes: ['a', 'b', 'c'], holding, needed }],
})
const broken = (target: string) => [{ chaosType: 'node_kill', target, params: {}, undo: {} }]
const canaries = (lost: string[], unreadable = 0): Partial<TrialRecord> => ({
  canaries: { planted: 9, lost, unreadable },
})

/** [what, record, losses, whether the data that is read is on the disks] */
const dataCases: [string, Partial<TrialRecord>, string[], boolean][] = [
  ['an older record', {}, [], true],
  ['all is there', { ...canaries([]), ...onDisks(['a', 'b', 'c']) }, [], true],
  [
    'the disk of one that no fault touched was emptied, and all can be read',
    { ...canaries([]), ...onDisks(['a', 'b']) },
    [],
    false,
  ],
  [
    'the disk of one that was broken',
    { ...canaries([]), ...onDisks(['a', 'b']), faults: broken('c') },
    [],
    true,
  ],
  ['of two that were broken, and of one more', { ...onDisks([], 0), faults: broken('a,b') }, [], false],
  ['read, and on the disk of one alone', { ...canaries([]), ...onDisks(['a']) }, [], false],
  ['a key is gone', { ...canaries(['key k is gone']), ...onDisks(['a', 'b', 'c']) }, ['key k is gone'], true],
  [
    'many are gone',
    canaries(['1', '2', '3', '4', '5', '6']),
    ['1', '2', '3', '4', "and 2 more beside the load's data"],
    true,
  ],
  ['stopped, and on the disks of a majority', { ...canaries([], 9), ...onDisks(['a', 'b']) }, [], false],
  [
    'stopped, and every disk was emptied',
    { ...canaries([], 9), ...onDisks([]) },
    ['data that cannot be read any more, left on 0 disks of 3'],
    false,
  ],
  ['not readable, and nobody can see the disks', canaries([], 9), [], true],
]

describe('data beside that of the load', () => {
  for (const [what, of, losses, onDisk] of dataCases)
    test(what, () => {
      assert.deepEqual(dataLossesOf({ ...repaired, ...of }), losses)
      assert.equal(isOnDisk({ ...repaired, ...of }), onDisk)
    })
})

/** [what, revisions look by look, falls that are proven] */
const falls: [string, (number | null)[], string[]][] = [
  ['it grows', [1, 2, 2, 90], []],
  ['one look that lags', [90, 88, 91, 89, 92], []],
  ['two in a row', [90, 3, 4], ['90>4']],
  ['told once, and then counted from there', [90, 3, 4, 5, 6, 91], ['90>4']],
  ['it falls again', [90, 3, 4, 50, 1, 2], ['90>4', '50>2']],
  ['looks that tell nothing are between', [90, null, 3, null, 4], ['90>4']],
]

describe('what may only grow', () => {
  for (const [what, observations, expected] of falls)
    test(what, () => {
      const add = dropWatch()
      const drops = observations.flatMap((value, i) => add(i, value === null ? [] : [revision(value)]))
      assert.deepEqual(
        drops.map(({ from, to }) => `${from}>${to}`),
        expected,
      )
    })

  test('what may fall, may', () => {
    const add = dropWatch()
    const bytes = (value: number): Fact => ({ name: 'bytes', node: 'a', value, keep: 'free' })
    assert.deepEqual(
      [90, 3, 3].flatMap((value, i) => add(i, [bytes(value)])),
      [],
    )
  })
})
