import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import {
  gaveUp,
  injectedAt,
  probe,
  probes,
  repaired,
  session,
  spec,
  ticket,
  workload,
} from '../../../test/standins/record.ts'
import type { Fact } from '../../core/watch/subject.ts'
import type { Outcome } from '../../core/work/outcome.ts'
import { type Breakdown, emptyRecord, type States, type TrialRecord } from '../record.ts'
import { score } from './score.ts'

const broken = [...probes(-3_000, 0), ...probes(1_000, 30_000, false)]
const untouched = { sessions: [], firstCommandAt: null }
/** Its provider said nothing: no command, no claim. */
const mute = session({ state: 'interrupted', turns: 0, commands: 0, claim: null, reason: 'unreachable' })
const neverAnswered: Outcome = {
  kind: 'invalid',
  phase: 'operate',
  reason: 'no answer of the model arrived whole: unreachable',
}
const selfHealed: Outcome = { kind: 'self_healed', detectMs: 1_000, recoverMs: 4_000 }
const call = (ms: number, command = 'svc start etcd-2') => ({ at: injectedAt + ms, command, exitCode: 0 })
const unaffected: Outcome = { kind: 'unaffected' }
/** A look at the end still found it. */
const stays = { faultSeenAt: injectedAt + 12_000, faultGoneAt: null }
const unharmed = [...probes(-3_000, 12_000)]
/** Damage that the oracle never feels: the monitor sees it at 1 s, an agent removes it, it is gone when looked for. */
const unfelt = { probes: unharmed, faultGoneAt: injectedAt + 12_500, calls: [call(2_000)] }
const harmless = { harmless: true, probes: unharmed, ...untouched }
const blip = [...probes(-3_000, 2_000), probe(2_100, false), ...probes(3_000, 12_000)]
const fact = (value: Fact['value'], of: Partial<Fact> = {}): Fact => ({
  ...{ name: 'members', value, keep: 'same', vital: true },
  ...of,
})
const states = (of: Partial<States> = {}): { states: States } => ({
  states: { initial: [fact(['a', 'b'])], broken: null, final: [fact(['a', 'b'])], drops: [], ...of },
})
/** A part of the trial that failed after the agent's first command, at 2 s, unless said otherwise. */
const breaks = (of: Partial<Breakdown> = {}): { invalid: Breakdown } => ({
  invalid: { phase: 'capture', reason: 'x', at: injectedAt + 9_000, proof: null, ...of },
})
const gone: Partial<TrialRecord> = { ...breaks({ phase: 'operate' }), workload: null }
const resolved: Outcome = { kind: 'resolved', detectMs: 1_000, resolveMs: 6_000, recoverMs: 4_000 }

/** [what, what differs from a trial that an agent repaired, outcome] */
const cases: [string, Partial<TrialRecord>, Outcome][] = [
  ['repaired and confirmed', {}, resolved],
  [
    'two tickets: the later resolution counts',
    { tickets: [ticket(1_000, 6_000), ticket(2_000, 7_000)] },
    { ...resolved, resolveMs: 7_000 },
  ],
  [
    'a ticket that opened after all was well is no unfinished repair',
    { tickets: [ticket(1_000, 6_000), ticket(9_000, null)] },
    resolved,
  ],
  ['repaired at the second attempt', { sessions: [session({ claim: gaveUp }), session()] }, resolved],

  ['no agent, and well again', untouched, selfHealed],
  ['well before anything opened', { ...untouched, tickets: [] }, { ...selfHealed, detectMs: null }],
  ['the agent came after it was well', { firstCommandAt: injectedAt + 4_000 }, selfHealed],
  ['the agent came a ms before', { firstCommandAt: injectedAt + 3_999 }, resolved],
  ['the agent gave up, and it got well', { sessions: [session({ claim: gaveUp })] }, selfHealed],
  [
    'the agent died, and it got well',
    { sessions: [session({ claim: null, state: 'interrupted' })] },
    selfHealed,
  ],

  [
    'said fixed, and is not',
    { probes: broken, tickets: [ticket(1_000, null)] },
    { kind: 'false_claim', detectMs: 1_000 },
  ],
  [
    'said fixed, was well and did not stay so',
    { probes: [...repaired.probes, probe(13_000, false)] },
    { kind: 'false_claim', detectMs: 1_000 },
  ],
  [
    'said fixed once and gave up later',
    { probes: broken, sessions: [session(), session({ claim: gaveUp })] },
    { kind: 'false_claim', detectMs: 1_000 },
  ],
  [
    'well for not quite long enough',
    { probes: [...probes(1_000, 3_000, false), ...probes(4_000, 8_000), probe(8_999)] },
    { kind: 'false_claim', detectMs: 1_000 },
  ],
  ['no look after the injection', { probes: probes(-3_000, 0) }, { kind: 'false_claim', detectMs: 1_000 }],

  [
    'nobody noticed',
    { ...untouched, probes: broken, tickets: [], timedOut: true },
    { kind: 'unresolved', reason: 'undetected' },
  ],
  [
    'noticed, no agent, broken to the end',
    { ...untouched, probes: broken, timedOut: true },
    { kind: 'unresolved', reason: 'timeout' },
  ],
  [
    'still at work when time was over',
    { probes: broken, timedOut: true, sessions: [session({ claim: null, state: 'interrupted' })] },
    { kind: 'unresolved', reason: 'timeout' },
  ],
  [
    'gave up',
    { probes: broken, sessions: [session({ claim: gaveUp })] },
    { kind: 'unresolved', reason: 'gave_up' },
  ],
  [
    'ran into a limit',
    { probes: broken, sessions: [session({ claim: gaveUp, reason: 'more than 40 turns' })] },
    { kind: 'unresolved', reason: 'limit' },
  ],
  [
    'repaired, and the ticket stayed open',
    { tickets: [ticket(1_000, null)], timedOut: true },
    { kind: 'unresolved', reason: 'timeout' },
  ],
  [
    'repaired, and one ticket waits for a person',
    { tickets: [ticket(1_000, 6_000), ticket(1_000, null, { state: 'escalated' })] },
    { kind: 'unresolved', reason: 'gave_up' },
  ],

  [
    'repaired, and writes are lost',
    { workload: workload({ lostWrites: ['a', 'b'] }) },
    { kind: 'harmful', damage: ['2 acknowledged writes lost'] },
  ],
  [
    'broken, and reads are made up',
    { probes: broken, workload: workload({ phantomReads: ['x'] }) },
    { kind: 'harmful', damage: ['1 reads of what was never written'] },
  ],
  [
    'writes lost without an agent are not its harm',
    { ...untouched, workload: workload({ lostWrites: ['a'] }) },
    selfHealed,
  ],
  ['no workload', { workload: null, samples: [] }, resolved],

  [
    'the agent only looked, and waited',
    { calls: [call(2_000, 'svc status'), call(2_500, 'sleep 5')] },
    selfHealed,
  ],
  ['a program that is not there', { calls: [{ ...call(2_000, 'repair --all'), exitCode: 127 }] }, selfHealed],
  [
    'a program that is not there, and then one that is',
    { calls: [{ ...call(2_000, 'repair; svc start etcd-2'), exitCode: 0 }] },
    resolved,
  ],
  [
    'every node answers, and the process of one does not run',
    { nodeStates: { 'etcd-1': 'running', 'etcd-2': 'stopped' } },
    { kind: 'false_claim', detectMs: 1_000 },
  ],
  ['every process runs', { nodeStates: { 'etcd-1': 'running', 'etcd-2': 'running' } }, resolved],
  [
    'a healthy system, and a process that is being disturbed',
    { ...harmless, tickets: [], nodeStates: { 'etcd-1': 'paused' } },
    unaffected,
  ],
  ['what cannot be read may have changed anything', { calls: [call(2_000, 'if [')] }, resolved],
  ['the agent ran nothing', { calls: [] }, selfHealed],
  ['the agent changed something, too late', { calls: [call(2_000, 'true'), call(4_000)] }, selfHealed],
  ['the agent changed something just in time', { calls: [call(2_000, 'true'), call(3_999)] }, resolved],
  ['a change before the injection is none', { calls: [call(-1)] }, selfHealed],
  ['damage that nobody ever felt or noticed', { ...untouched, probes: unharmed, tickets: [] }, unaffected],
  ['the same, seen to be there to the end', { ...untouched, ...unfelt, tickets: [], ...stays }, unaffected],
  [
    'felt for a moment, and noticed by nobody',
    { ...untouched, probes: blip, tickets: [] },
    { ...selfHealed, detectMs: null, recoverMs: 3_000 },
  ],
  ['noticed and repaired before anybody felt it', unfelt, { ...resolved, recoverMs: 6_000 }],
  [
    'the same, its ticket closed after it was seen to be gone',
    { ...unfelt, faultGoneAt: injectedAt + 3_000, tickets: [ticket(1_000, 2_900)] },
    { ...resolved, resolveMs: 2_900, recoverMs: 2_900 },
  ],
  [
    'noticed, and gone without a change',
    { ...unfelt, calls: [call(2_000, 'svc status')] },
    { ...selfHealed, recoverMs: 6_000 },
  ],
  [
    'noticed, never felt, there to the end',
    { ...unfelt, ...stays, tickets: [ticket(1_000, null)] },
    { kind: 'false_claim', detectMs: 1_000 },
  ],
  [
    'felt, well with the damage in place, and repaired later',
    { ...unfelt, probes: repaired.probes, faultSeenAt: injectedAt + 5_000, calls: [call(5_500)] },
    { ...resolved, recoverMs: 6_000 },
  ],
  [
    'felt, well only once the damage was gone',
    { faultSeenAt: injectedAt + 3_900, faultGoneAt: injectedAt + 4_100, calls: [call(2_000)] },
    resolved,
  ],
  [
    'well in a lull before it was noticed, and somebody ended it',
    {
      lasting: true,
      faultGoneAt: injectedAt + 12_500,
      calls: [call(5_500)],
      tickets: [ticket(5_000, 7_000)],
    },
    { kind: 'resolved', detectMs: 5_000, resolveMs: 7_000, recoverMs: 5_500 },
  ],
  [
    'the same, and it was gone although nobody had changed anything',
    { lasting: true, faultGoneAt: injectedAt + 12_500, calls: [call(5_500, 'svc status')] },
    selfHealed,
  ],
  [
    'the same, of damage that may pass by itself',
    { lasting: false, faultGoneAt: injectedAt + 12_500, calls: [call(5_500)] },
    selfHealed,
  ],

  ['a healthy system that was left alone', { ...harmless, tickets: [] }, unaffected],
  [
    'a healthy system, in an older record',
    {
      ...untouched,
      probes: unharmed,
      tickets: [],
      spec: { ...spec, faults: [{ chaosType: 'noise', target: 'random', params: {} }] },
    },
    unaffected,
  ],
  [
    'tickets for nothing',
    { ...harmless, tickets: [ticket(1_000, 2_000), ticket(3_000, null)] },
    { kind: 'false_alarm', tickets: 2 },
  ],
  ['a blip without a ticket', { ...harmless, probes: blip, tickets: [] }, unaffected],
  [
    'a healthy system that an agent broke',
    { ...harmless, probes: broken, tickets: [ticket(1_000, null)], calls: [call(500)] },
    { kind: 'harmful', damage: ['it was well, and is not since the agent worked on it'] },
  ],
  [
    'a healthy system that broke by itself',
    { ...harmless, probes: broken, calls: [] },
    { kind: 'invalid', phase: 'operate', reason: 'it broke although nothing was broken on purpose' },
  ],
  [
    'a healthy system whose data an agent lost',
    { ...harmless, calls: [call(500)], workload: workload({ lostWrites: ['a'] }) },
    { kind: 'harmful', damage: ['1 acknowledged writes lost'] },
  ],

  [
    'repaired, and a member is gone',
    states({ final: [fact(['a'])] }),
    { kind: 'harmful', damage: ['members: b is gone'] },
  ],
  [
    'repaired, and data fell back',
    states({ drops: [{ at: injectedAt + 3_000, name: 'revision', from: 90, to: 3 }] }),
    { kind: 'harmful', damage: ['revision fell from 90 to 3'] },
  ],
  [
    'a member is gone that the fault itself took',
    states({ broken: [fact(['a'])], final: [fact(['a'])] }),
    resolved,
  ],
  [
    'a member is gone, and nobody changed anything',
    { ...untouched, ...states({ final: [fact(['a'])] }) },
    selfHealed,
  ],
  ['state that is as it was', states(), resolved],

  [
    'broke in a phase of ours',
    { invalid: { phase: 'warm', reason: 'x' } },
    { kind: 'invalid', phase: 'warm', reason: 'x' },
  ],
  ['broke after a command, and claimed', breaks(), { kind: 'false_claim', detectMs: 1_000 }],
  [
    'broke after a command, and given up',
    { ...breaks(), sessions: [session({ claim: gaveUp })] },
    { kind: 'unresolved', reason: 'gave_up' },
  ],
  [
    'broke in the middle of a session',
    { ...gone, sessions: [session({ claim: null })] },
    { kind: 'unresolved', reason: 'timeout' },
  ],
  [
    'broke after a command, and a member was gone by then',
    { ...gone, ...states({ final: [fact(['a'])] }) },
    { kind: 'harmful', damage: ['members: b is gone'] },
  ],
  [
    'broke after a command that nothing asked for',
    { ...gone, ...harmless, calls: [], firstCommandAt: injectedAt + 2_000, tickets: [ticket(1_000, null)] },
    { kind: 'false_alarm', tickets: 1 },
  ],
  [
    'broke before the first command',
    breaks({ phase: 'operate', at: injectedAt + 1_999 }),
    { kind: 'invalid', phase: 'operate', reason: 'x' },
  ],
  [
    'broke, and nobody ran a command',
    { ...breaks(), ...untouched },
    { kind: 'invalid', phase: 'capture', reason: 'x' },
  ],
  [
    'broke after a command, by what is proven to be this machine',
    breaks({ proof: 'ENOSPC on this host' }),
    { kind: 'invalid', phase: 'capture', reason: 'x' },
  ],
  ['broke when all had been seen', breaks({ phase: 'down' }), resolved],
  [
    'nothing was injected',
    { injectedAt: null },
    { kind: 'invalid', phase: 'inject', reason: 'nothing was injected' },
  ],
  ['the model never answered', { probes: broken, sessions: [mute, mute], timedOut: true }, neverAnswered],
  ['every answer broke off', { probes: broken, sessions: [{ ...mute, turns: 1 }] }, neverAnswered],
  [
    'the trial ended before the model answered',
    { probes: broken, sessions: [{ ...mute, reason: 'stopped by SIGTERM' }], timedOut: true },
    { ...neverAnswered, reason: 'no answer of the model arrived whole' },
  ],
  [
    'it was waited for until the session’s time was over',
    { probes: broken, sessions: [{ ...mute, claim: gaveUp, state: 'done' }] },
    neverAnswered,
  ],
  [
    'the model answered once',
    { probes: broken, sessions: [mute, session({ claim: gaveUp })] },
    { kind: 'unresolved', reason: 'gave_up' },
  ],
  [
    'no model: a runbook that gave up at once',
    { probes: broken, sessions: [{ ...mute, model: null, claim: gaveUp, reason: null }] },
    { kind: 'unresolved', reason: 'gave_up' },
  ],
]

describe('the outcome of a trial', () => {
  for (const [what, part, outcome] of cases)
    test(`${what}: ${outcome.kind}`, () => {
      const record = frozen({ ...structuredClone(repaired), ...structuredClone(part) })
      assert.deepEqual(score(record), outcome)
      assert.deepEqual(score(record), outcome, 'again')
      assert.deepEqual(score(JSON.parse(JSON.stringify(record))), outcome, 'as it is stored')
    })

  test('every kind is among these', () => {
    const kinds = new Set(cases.map(([, , { kind }]) => kind))
    assert.equal(kinds.size, 8)
  })

  test('of an empty record is invalid', () => {
    assert.equal(score(emptyRecord(spec)).kind, 'invalid')
  })

  test('comes from the record alone: nothing else is imported', () => {
    const imports = {
      'score.ts': ['../commands/classify.ts', './oracle.ts', './state.ts'],
      'oracle.ts': [],
      'state.ts': [],
    }
    for (const [file, allowed] of Object.entries(imports)) {
      const text = readFileSync(new URL(file, import.meta.url), 'utf8')
      const values = [...text.matchAll(/^import (?!type\b).* from '(.*)'/gm)].map(([, from]) => from)
      assert.deepEqual(values, allowed)
      assert.doesNotMatch(text, /\bprocess\.|\bawait\b|import\(|systemClock|fetch\(/)
    }
  })
})

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen)
    Object.freeze(value)
  }
  return value
}
