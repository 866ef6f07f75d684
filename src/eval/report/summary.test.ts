import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  gaveUp,
  injectedAt,
  probes,
  repaired,
  sample,
  session,
  spec,
  ticket,
  workload,
} from '../../../test/standins/record.ts'
import type { Entry } from '../../store/audit/audit.ts'
import { score } from '../judge/score.ts'
import { emptyRecord, type TrialRecord, type TrialSpec } from '../record.ts'
import { summaryOf } from './summary.ts'

const entry = (of: Partial<Entry>): Entry => ({
  seq: 1,
  sessionId: 's1',
  at: injectedAt,
  kind: 'tool_call',
  body: '',
  meta: {},
  summary: null,
  ...of,
})
const figures = (part: Partial<TrialRecord> = {}, transcript: Entry[] = []) => {
  const record = { ...structuredClone(repaired), ...part }
  return summaryOf(record.spec, record, score(record), transcript)
}

describe('a trial in figures', () => {
  test('one that was repaired', () => {
    const { detectMs, resolveMs, recoverMs, watchedMs, falseTickets, ops, arm, damage } = figures()
    assert.deepEqual(
      { detectMs, resolveMs, recoverMs, watchedMs, falseTickets, ops, arm, damage },
      {
        detectMs: 1_000,
        resolveMs: 6_000,
        recoverMs: 4_000,
        watchedMs: 12_000,
        falseTickets: 0,
        ops: 1_000,
        arm: 'default',
        damage: 'node_kill',
      },
    )
  })

  test('what never happened is null, and watched as long as anybody looked', () => {
    const broken = { probes: [...probes(-3_000, 0), ...probes(1_000, 30_000, false)], tickets: [] }
    const { detectMs, resolveMs, recoverMs, watchedMs } = figures(broken)
    assert.deepEqual([detectMs, resolveMs, recoverMs, watchedMs], [null, null, null, 30_000])
  })

  test('a ticket that the monitor closed while all was broken is not resolved', () => {
    const broken = [...probes(-3_000, 0), ...probes(1_000, 30_000, false)]
    assert.equal(figures({ probes: broken }).resolveMs, null)
  })

  test('no time is later than it was watched', () => {
    const late = figures({ tickets: [ticket(1_000, 12_100)] })
    assert.equal(late.resolveMs, 12_100)
    assert.equal(late.watchedMs, 12_100)
  })

  test('a ticket opened after all was well is a false one', () => {
    assert.equal(figures({ tickets: [ticket(1_000, 6_000), ticket(9_000, null)] }).falseTickets, 1)
  })

  test('time without a single success', () => {
    const samples = [sample(-1_000), sample(0), sample(1_000, 100), sample(2_000, 100), sample(5_000)]
    assert.equal(figures({ samples }).unavailableMs, 2_000)
  })

  test('a trial that broke before its load was judged has what was sampled', () => {
    const { ops, failed, lostWrites } = figures({ workload: null, samples: [sample(0, 3), sample(1_000, 4)] })
    assert.deepEqual([ops, failed, lostWrites], [200, 7, 0])
    const { watchedMs, commands, component, costUsd } = summaryOf(
      spec,
      emptyRecord(spec),
      { kind: 'invalid', phase: 'up', reason: 'x' },
      [],
    )
    assert.deepEqual([watchedMs, commands, component, costUsd], [0, null, null, 0])
  })

  test('lost writes and made-up reads are counted', () => {
    const { lostWrites, phantomReads } = figures({
      workload: workload({ lostWrites: ['a', 'b'], phantomReads: ['c'] }),
    })
    assert.deepEqual([lostWrites, phantomReads], [2, 1])
  })

  test('all sessions together; one price that is unknown makes the sum unknown', () => {
    const two = figures({ sessions: [session({ claim: gaveUp }), session({ tokensIn: 9 })] })
    assert.deepEqual([two.sessions, two.turns, two.tokensIn, two.tokensOut, two.costUsd], [2, 6, 10, 2, 0.2])
    assert.equal(figures({ sessions: [session(), session({ costUsd: null })] }).costUsd, null)
  })

  test('damage tells apart what is not the same, and not how it is written', () => {
    const damage = (faults: TrialSpec['faults']) =>
      summaryOf({ ...spec, faults }, repaired, score(repaired), []).damage
    const latency = { chaosType: 'latency', target: 'leader', params: { min_ms: 100, max_ms: 200 } }
    assert.equal(damage([latency]), 'latency on leader, max_ms=200, min_ms=100')
    assert.equal(damage([{ ...latency, params: { max_ms: '200', min_ms: '100' } }]), damage([latency]))
    const two = [latency, { chaosType: 'noise', target: 'random', params: {} }]
    assert.equal(damage(two), 'latency on leader, max_ms=200, min_ms=100 + noise')
  })

  test('the target is the node that was chosen, where one was', () => {
    assert.equal(figures().target, 'random')
    const faults = [{ chaosType: 'node_kill', target: 'etcd-2', params: {}, undo: {} }]
    assert.equal(figures({ faults }).target, 'etcd-2')
  })

  test('a baseline is an arm of its own', () => {
    assert.equal(summaryOf({ ...spec, baseline: true }, repaired, score(repaired), []).arm, 'baseline')
  })

  test('what it ran under is told, and differs with whatever makes it easier', () => {
    const { conditions } = figures()
    assert.match(conditions ?? '', /^netns, 3 nodes, a look every \d+ ms, .*, at most \d+ ms$/)
    for (const other of [{ lab: 'docker' }, { size: 5 }, { settleMs: 1 }, { timeoutMs: 1 }, { verifyMs: 1 }])
      assert.notEqual(
        summaryOf({ ...spec, ...other }, repaired, score(repaired), []).conditions,
        conditions,
        Object.keys(other).join(),
      )
    // A plan that leaves it to the subject: the record has what was asked of the cluster.
    const load = { clients: 2, opsPerSecond: 10 }
    assert.match(figures({ spec: { ...spec, load } }).conditions ?? '', /2 clients a node with 10 operations/)
    assert.match(
      summaryOf(spec, { ...repaired, spec: { ...spec, load } }, score(repaired), []).conditions ?? '',
      /2 clients a node with 10 operations/,
    )
  })

  test('commands are those of the transcript', () => {
    const call = (seq: number, body: string) => entry({ seq, body, meta: { call: seq } })
    const { commands } = figures({}, [call(1, 'svc status'), call(2, 'svc status'), call(3, 'svc start x')])
    assert.deepEqual([commands?.total, commands?.unique], [3, 2])
    assert.equal(figures({ sessions: [] }).commands, null)
  })
})
