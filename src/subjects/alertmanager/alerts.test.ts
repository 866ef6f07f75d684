import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReceivedAlert } from '../../core/watch/received-alert.ts'
import type { WatchSettings } from '../../core/watch/subject.ts'
import { alerts } from './alerts.ts'
import type { Held } from './api.ts'
import type { AlertmanagerObservation } from './observe.ts'

const hourMs = 3_600_000
const at = 100 * hourMs
const labels = { instance: 'a:1', severity: 'page' }
const alertOf = (more: Partial<ReceivedAlert> = {}): ReceivedAlert => ({
  name: 'A',
  labels,
  annotations: { summary: 's' },
  status: 'firing',
  startsAt: at - hourMs,
  generatorUrl: '',
  receivedAt: at - 1_000,
  ...more,
})
const holding = (held: (ReceivedAlert & { silencedBy?: string[] })[], startedAt = 0): Held => ({
  startedAt,
  alerts: held.map((alert) => ({ silencedBy: [], ...alert })),
})
const seen = (
  received: AlertmanagerObservation['received'],
  held: AlertmanagerObservation['held'] = null,
): AlertmanagerObservation => ({ at, nodes: {}, received, held })
const open = [{ name: 'A', labels }]

function said(observation: AlertmanagerObservation, followed = open, settings: WatchSettings = {}): string[] {
  return alerts(observation, followed, settings).map(({ verdict }) =>
    'reason' in verdict ? `${verdict.kind}: ${verdict.reason}` : verdict.kind,
  )
}

const silenced = 'not_applicable: a person has silenced it in Alertmanager'
const verdicts: [string, AlertmanagerObservation, string[]][] = [
  ['a notification says that it fires', seen([alertOf()]), ['violated']],
  ['a notification says that it is over', seen([alertOf({ status: 'resolved' })]), ['ok']],
  [
    'it was told within the time of repeating',
    seen([alertOf({ receivedAt: at - 4 * hourMs })]),
    ['violated'],
  ],
  [
    'it was not repeated',
    seen([alertOf({ receivedAt: at - 5 * hourMs })]),
    ['unknown: no notification for 300 min: it may be over, or notifications do not arrive'],
  ],
  ['nothing tells of it', seen([]), ['unknown: nothing tells of it any more']],
  ['what was received cannot be read', seen({ unknown: 'locked' }), ['unknown: locked']],
  ['an Alertmanager holds it', seen([], [holding([alertOf()])]), ['violated']],
  [
    'an Alertmanager holds it, and it was never repeated',
    seen([alertOf({ receivedAt: 0 })], [holding([alertOf()])]),
    ['violated'],
  ],
  ['an Alertmanager does not hold it', seen([alertOf()], [holding([])]), ['ok']],
  [
    'the Alertmanager that does not hold it has just started',
    seen([alertOf()], [holding([], at - 60_000)]),
    ['unknown: Alertmanager has just started, and may not have been told yet'],
  ],
  [
    'one of two has just started, the other does not hold it',
    seen([alertOf()], [holding([], at - 60_000), holding([])]),
    ['ok'],
  ],
  ['one of two holds it', seen([alertOf()], [holding([]), holding([alertOf()])]), ['violated']],
  ['no Alertmanager answers', seen([alertOf()], []), ['unknown: no Alertmanager tells what it holds']],
  [
    'none answers, and a notification says that it is over',
    seen([alertOf({ status: 'resolved' })], []),
    ['ok'],
  ],
  ['it is silenced', seen([alertOf()], [holding([{ ...alertOf(), silencedBy: ['s1'] }])]), [silenced]],
  [
    'a notification says that it is over, and it is held',
    seen([alertOf({ status: 'resolved' })], [holding([alertOf()])]),
    ['violated'],
  ],
]
for (const [what, observation, expected] of verdicts)
  test(`${what}: ${expected.join().split(':')[0]}`, () => {
    assert.deepEqual(said(observation), expected)
  })

test('what is told and not followed yet is followed; what is over and was never followed is not', () => {
  assert.deepEqual(said(seen([alertOf()]), []), ['violated'])
  assert.deepEqual(said(seen([], [holding([alertOf()])]), []), ['violated'])
  assert.deepEqual(said(seen([alertOf({ status: 'resolved' })]), []), [])
})

test('--match leaves out, --alertmanager-repeat says what is late', () => {
  assert.deepEqual(said(seen([alertOf()]), [], { match: 'severity="info"' }), [])
  const late = seen([alertOf({ receivedAt: at - hourMs })])
  assert.deepEqual(said(late, open, { repeatMs: hourMs }), ['violated'])
  assert.match(said(late, open, { repeatMs: hourMs / 2 }).join(), /^unknown: no notification for 60 min/)
})

test('the check has the severity, the node and the link of the alert', () => {
  const [check] = alerts(seen([alertOf({ generatorUrl: 'http://p/graph' })]), [], {})
  const { verdict, ...rest } = check ?? assert.fail()
  assert.deepEqual(rest, {
    name: 'A',
    labels,
    node: 'a:1',
    severity: 'critical',
    graceMs: 0,
    keepFiringMs: 0,
  })
  assert.deepEqual(verdict, {
    kind: 'violated',
    message: 's',
    values: { ...labels, 'annotation summary': 's', graph: 'http://p/graph' },
  })
})
