import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { injectedAt, repaired, session, spec, ticket } from '../../../test/standins/record.ts'
import type { Session } from '../../store/operator/sessions.ts'
import { timelineOf } from './timeline.ts'
import type { TrialFacts } from './trials.ts'

const facts = (of: Partial<TrialFacts>): TrialFacts => ({
  trial: {
    id: 1,
    campaignId: 1,
    spec,
    state: 'done',
    owner: null,
    clusterId: null,
    interrupted: false,
    startedAt: injectedAt - 5_000,
    endedAt: injectedAt + 20_000,
    outcome: null,
    scorerVersion: null,
    record: repaired,
    summary: null,
  },
  campaignName: '',
  phases: [],
  faults: [],
  seen: { probes: [], samples: [] },
  entries: [],
  tickets: [],
  sessions: [],
  isLost: false,
  now: injectedAt + 20_000,
  ...of,
})

const during = (id: string, from: number, to: number, status: 'fixed' | 'not_fixed'): Session =>
  session({
    id,
    startedAt: injectedAt + from,
    endedAt: injectedAt + to,
    claim: { status, rootCause: '', actions: [] },
  })

/** Of a ticket's lane, in ms after the injection. */
const statesIn = (of: TrialFacts, name: string): string[] =>
  timelineOf(of)
    .lanes.find((lane) => lane.name === name)
    ?.spans.map(({ style, from }) => `${style.replace('ticket-', '')} ${from - injectedAt}`) ?? []

suite('the timeline of a trial', () => {
  const sessions = [during('s1', 2_000, 4_000, 'fixed'), during('s2', 6_000, 7_000, 'not_fixed')]

  test('a ticket that is being verified is not worked on by who comes for others', () => {
    const tickets = [
      ticket(1_000, 9_000, { id: 1, sessionId: 's1' }),
      ticket(3_000, 9_000, { id: 2, sessionId: null }),
      ticket(1_000, null, { id: 3, sessionId: null, state: 'escalated' }),
    ]
    const all = facts({ tickets, sessions })
    assert.deepEqual(statesIn(all, 'ticket 1'), ['open 1000', 'claimed 2000', 'verifying 4000'])
    assert.deepEqual(statesIn(all, 'ticket 2'), ['open 3000', 'claimed 6000', 'open 7000'])
    assert.equal(statesIn(all, 'ticket 3').at(-1), 'escalated 7000')
  })

  test('the claim is the one that said fixed, not that of who looked again and found nothing', () => {
    const claim = timelineOf(facts({ sessions })).moments.find(({ name }) => name === 'claim')
    assert.equal(claim?.at, injectedAt + 4_000)
  })

  test('while it runs, all times count from the same moment as afterwards', () => {
    const { trial } = facts({})
    const running = facts({
      trial: { ...trial, state: 'running', record: null, endedAt: null },
      phases: [{ phase: 'inject', startedAt: injectedAt, endedAt: injectedAt + 1_500 }],
    })
    assert.equal(timelineOf(running).zero, timelineOf(facts({})).zero)
  })
})
