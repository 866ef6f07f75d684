import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gaveUp, probes, repaired, session, ticket } from '../../../test/standins/record.ts'
import { score } from '../../eval/judge/score.ts'
import type { TrialRecord } from '../../eval/record.ts'
import type { Trial } from '../../eval/report/document.ts'
import { storyOf } from './story.ts'

/** The story of a trial as its own scorer judges it. */
function told(of: Partial<TrialRecord>): string {
  const record = { ...repaired, ...of }
  const trial = { outcome: score(record), record, spec: record.spec } as Trial
  return `${trial.outcome?.kind} ${trial.outcome?.kind === 'unresolved' ? trial.outcome.reason : ''}: ${storyOf(trial).join(' ')}`
}

const broken = probes(-3_000, 20_000, false)
const open = [ticket(1_000, null)]

test('tells who reported what and when, and since when everything was healthy', () => {
  assert.match(
    told({}),
    /^resolved : At \+4.00 s anthropic:claude-opus-5-5 said fixed: it was killed\. All was well .* from \+4.00 s .* at \+6.00 s\.$/,
  )
})

test('tells of an unrepaired trial why it ended, and what was wrong at the end', () => {
  const atTheEnd = /At the end etcd-2 was not well; violated: etcd\/member_down\/etcd-2\./
  const cases: [Partial<TrialRecord>, RegExp][] = [
    [
      { probes: broken, tickets: open },
      /^false_claim : At \+4.00 s anthropic:claude-opus-5-5 said fixed: it was killed\. At the end/,
    ],
    [{ probes: broken, tickets: [], sessions: [] }, /^unresolved undetected: No ticket ever opened/],
    [
      { probes: broken, tickets: open, sessions: [session({ claim: gaveUp })] },
      /gave_up: The agent gave up\. .*not fixed: no idea\./,
    ],
    [
      { probes: broken, tickets: open, sessions: [session({ claim: gaveUp, reason: 'limit of 5 USD' })] },
      /^unresolved limit: A session was cut short\. .*claimed nothing: limit of 5 USD\./,
    ],
    [
      {
        probes: broken,
        tickets: open,
        sessions: [1, 2].map(() =>
          session({
            state: 'interrupted',
            model: null,
            agent: 'runbook',
            commands: 0,
            claim: null,
            reason: 'x has no runbook',
          }),
        ),
        timedOut: true,
      },
      /timeout: .*2 sessions: a session \(runbook, 0 commands\) was interrupted: x has no runbook\./,
    ],
    [
      { probes: broken, tickets: open, sessions: [], timedOut: true },
      /timeout: A ticket opened at \+1.00 s; no agent took it, and the 2 m 0 s /,
    ],
    [
      {
        probes: broken,
        tickets: open,
        sessions: [],
        timedOut: true,
        spec: { ...repaired.spec, baseline: true },
      },
      /timeout: A ticket opened at \+1.00 s; nobody works in a baseline, and/,
    ],
  ]
  for (const [of, says] of cases) {
    assert.match(told(of), says)
    assert.match(told(of), atTheEnd)
  }
})

test('tells of losses, our own failures, a stopped process, and a lull', () => {
  const lost = { workload: { ...repaired.workload, lostWrites: ['k1'] } } as Partial<TrialRecord>
  assert.match(told(lost), /^harmful : 1 acknowledged writes lost\. .*1 writes were lost/)
  assert.equal(told({ invalid: { phase: 'warm', reason: 'no load' } }), 'invalid : In phase warm: no load.')
  assert.match(
    told({ nodeStates: { 'etcd-1': 'running', 'etcd-2': 'stopped' } }),
    /the process of etcd-2 was stopped/,
  )
  assert.match(
    told({ probes: [...broken, ...probes(21_000, 23_000)] }),
    /all was well, but not for the 5.00 s/,
  )
})
