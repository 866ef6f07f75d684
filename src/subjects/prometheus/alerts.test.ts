import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AlertId, alertKey } from '../../core/watch/alert.ts'
import type { WatchSettings } from '../../core/watch/subject.ts'
import { alerts } from './alerts.ts'
import type { ActiveAlert, Labels, ObservedRule, PrometheusObservation } from './observation.ts'
import { readExpression } from './rules/promql.ts'
import type { Rule } from './rules/rule.ts'

const ruleOf = (expr: string, more: Partial<Rule> = {}): Rule => ({
  name: 'A',
  expr,
  forMs: 60_000,
  keepFiringMs: 5_000,
  labels: {},
  annotations: {},
  place: 'rules.yml: g',
  ...more,
})
const active = (labels: Labels, more: Partial<ActiveAlert> = {}): ActiveAlert => ({
  labels,
  phase: 'holds',
  value: 1,
  annotations: {},
  ...more,
})
const evaluated = (rule: Rule, ...found: ActiveAlert[]): ObservedRule => ({
  rule,
  expression: readExpression(rule.expr),
  state: { kind: 'evaluated', alerts: found },
})
const failed = (rule: Rule, reason: string): ObservedRule => ({
  ...evaluated(rule),
  state: { kind: 'unknown', reason },
})

const here = { instance: 'a:1', job: 'api' }
const seen = (
  rules: PrometheusObservation['rules'],
  more: Partial<PrometheusObservation> = {},
): PrometheusObservation => ({
  at: 0,
  nodes: {},
  rules,
  graphAt: 'http://p:9090',
  metrics: new Set(['up', 'm']),
  sources: new Map(),
  targets: [{ labels: { ...here, __name__: 'up' }, isUp: true }],
  ...more,
})
const shown = (observation: PrometheusObservation, open: AlertId[] = [], settings: WatchSettings = {}) =>
  alerts(observation, open, settings).map(({ name, labels, verdict }) => [name, labels, verdict.kind])
/** The verdict on the one alert that is followed. */
function said(observation: PrometheusObservation, labels: Labels): string {
  const key = alertKey('', { name: 'A', labels })
  const check = alerts(observation, [{ name: 'A', labels }], {}).find((one) => alertKey('', one) === key)
  assert.ok(check)
  const { verdict } = check
  return 'reason' in verdict ? `${verdict.kind}: ${verdict.reason}` : verdict.kind
}

describe('an alert that is active', () => {
  test('is a violation, with all that an agent may need', () => {
    const annotations = { summary: 'a is down', description: 'for long', runbook_url: 'http://r' }
    const rule = ruleOf('up == 0', { labels: { severity: 'page' } })
    const labels = { ...here, severity: 'page' }
    const [check] = alerts(seen([evaluated(rule, active(labels, { annotations, value: 0 }))]), [], {})
    const { verdict, ...rest } = check ?? assert.fail()
    assert.deepEqual(rest, {
      name: 'A',
      labels,
      node: 'a:1',
      severity: 'critical',
      graceMs: 60_000,
      keepFiringMs: 5_000,
    })
    assert.deepEqual(verdict, {
      kind: 'violated',
      message: 'a is down\nfor long',
      values: {
        value: 0,
        ...labels,
        rule: 'rules.yml: g',
        expression: 'up == 0',
        'annotation summary': 'a is down',
        'annotation description': 'for long',
        'annotation runbook_url': 'http://r',
        graph: 'http://p:9090/graph?g0.expr=up%20%3D%3D%200&g0.tab=1',
      },
    })
  })

  test('waits no longer where Prometheus says that it fires, and does while it is pending', () => {
    const rule = ruleOf('up == 0')
    const two = [active({ i: '1' }, { phase: 'firing' }), active({ i: '2' }, { phase: 'pending' })]
    const graces = alerts(seen([evaluated(rule, ...two)]), [], {}).map(({ graceMs }) => graceMs)
    assert.deepEqual(graces, [0, 60_000])
  })

  test('has the node of the label that is asked for, and without one it is the cluster', () => {
    const observation = seen([evaluated(ruleOf('up == 0'), active({ ...here, pod: 'p-1' }))])
    const nodeBy = (nodeLabel: string) => alerts(observation, [], { nodeLabel })[0]?.node
    assert.deepEqual([nodeBy('instance'), nodeBy('pod'), nodeBy('host')], ['a:1', 'p-1', 'cluster'])
  })

  test('is no ticket where it always fires, and none that --match leaves out', () => {
    assert.deepEqual(shown(seen([evaluated(ruleOf('vector(1)'), active({}))])), [['A', {}, 'not_applicable']])
    const observation = seen([evaluated(ruleOf('up == 0'), active(here), active({ job: 'web' }))])
    assert.deepEqual(shown(observation, [], { match: 'job="web",alertname="A"' }), [
      ['A', { job: 'web' }, 'violated'],
    ])
  })

  test('of two rules of one name with the same labels is one, and the violated one', () => {
    const twice = [evaluated(ruleOf('m > 1')), evaluated(ruleOf('m > 2'), active({}))]
    assert.deepEqual(shown(seen(twice)), [['A', {}, 'violated']])
    assert.deepEqual(shown(seen(twice.toReversed())), [['A', {}, 'violated']])
  })

  test('with strange labels stays what it is', () => {
    const labels = JSON.parse('{"__proto__": "x", "constructor": "y", "instance": ""}')
    const [check] = alerts(seen([evaluated(ruleOf('m > 1'), active(labels))]), [], {})
    assert.equal(alertKey('s', check ?? assert.fail()), alertKey('s', { name: 'A', labels }))
    assert.equal(check?.node, 'cluster')
  })
})

const gone = 'unknown: the series that it was about are gone: nothing tells whether it is well'
const key = (labels: Labels) => alertKey('', { name: 'A', labels })
const ends: [string, PrometheusObservation, Labels, string][] = [
  ['its target is up', seen([evaluated(ruleOf('m > 1'))]), here, 'ok'],
  [
    'its target is down',
    seen([evaluated(ruleOf('m > 1'))], { targets: [{ labels: here, isUp: false }] }),
    here,
    'unknown: its target is down, and its series with it (instance=a:1, job=api)',
  ],
  [
    'its target is gone',
    seen([evaluated(ruleOf('m > 1'))], { targets: [] }),
    here,
    'unknown: its target is gone (instance=a:1, job=api): nothing tells whether it is well',
  ],
  [
    'one of the replicas of its target is up',
    seen([evaluated(ruleOf('m > 1'))], {
      targets: [
        { labels: { ...here, r: '1' }, isUp: false },
        { labels: { ...here, r: '2' }, isUp: true },
      ],
    }),
    here,
    'ok',
  ],
  [
    'targets are not told',
    seen([evaluated(ruleOf('m > 1'))], { targets: null }),
    here,
    'unknown: Prometheus did not tell which of its targets are up',
  ],
  [
    'its series are gone, which names no target',
    seen([evaluated(ruleOf('sum by (c) (m) > 1'))]),
    { c: '1' },
    gone,
  ],
  [
    'its series are there, which names no target',
    seen([evaluated(ruleOf('sum by (c) (m) > 1'))], { sources: new Map([[key({ c: '1' }), true]]) }),
    { c: '1' },
    'ok',
  ],
  [
    'its series are not there',
    seen([evaluated(ruleOf('sum by (c) (m) > 1'))], { sources: new Map([[key({ c: '1' }), false]]) }),
    { c: '1' },
    gone,
  ],
  [
    'it looked for what is absent',
    seen([evaluated(ruleOf('absent(up{job="x"})'))], { targets: [] }),
    { job: 'x' },
    'ok',
  ],
  [
    'its labels are made by the expression',
    seen([evaluated(ruleOf('label_replace(m, "x", "$1", "y", "(.*)") > 1'))]),
    { x: '1' },
    'ok',
  ],
  [
    'its job is a label of the rule',
    seen([evaluated(ruleOf('sum(m) > 1', { labels: { job: 'mine' } }))], {
      sources: new Map([[key({ job: 'mine' }), true]]),
    }),
    { job: 'mine' },
    'ok',
  ],
  [
    'its rule was removed',
    seen([evaluated(ruleOf('m > 1', { name: 'B' }))]),
    here,
    'unknown: no rule of this name is evaluated any more',
  ],
  [
    'its rule cannot be evaluated',
    seen([failed(ruleOf('m > 1'), 'execution: timeout')]),
    here,
    'unknown: execution: timeout',
  ],
  [
    'one of two rules of its name cannot be evaluated',
    seen([evaluated(ruleOf('m > 1')), failed(ruleOf('m > 2'), 'stands still')]),
    here,
    'unknown: stands still',
  ],
  [
    'the rules are not told',
    seen({ unknown: 'no answer within 2 s' }),
    here,
    'unknown: no answer within 2 s',
  ],
]
describe('an alert that is followed, and is no longer active', () => {
  for (const [what, observation, labels, expected] of ends)
    test(`${what}: ${expected.split(':')[0]}`, () => {
      assert.equal(said(observation, labels), expected)
    })

  test('is what it is even if --match has changed meanwhile', () => {
    const observation = seen([evaluated(ruleOf('m > 1'))])
    assert.deepEqual(shown(observation, [{ name: 'A', labels: here }], { match: 'job="web"' }), [
      ['A', here, 'ok'],
    ])
  })
})

const quiet: [string, PrometheusObservation, string][] = [
  ['a metric of it exists', seen([evaluated(ruleOf('m > 1 or no_such > 1'))]), 'ok'],
  [
    'none of its metrics exists',
    seen([evaluated(ruleOf('a > 1 or b > 1'))]),
    'not_applicable: a dead rule: none of its metrics exists (a, b)',
  ],
  [
    'which metrics exist is not told',
    seen([evaluated(ruleOf('m > 1'))], { metrics: null }),
    'unknown: Prometheus did not tell which metrics there are',
  ],
  ['it asks for absence', seen([evaluated(ruleOf('absent(no_such)'))]), 'ok'],
  ['it asks for a pattern of names', seen([evaluated(ruleOf('{__name__=~"no_.*"} > 1'))]), 'ok'],
  ['it selects nothing', seen([evaluated(ruleOf('time() < 0'))]), 'ok'],
  ['it cannot be read here, but Prometheus can', seen([evaluated(ruleOf('some new syntax'))]), 'ok'],
  ['it cannot be evaluated', seen([failed(ruleOf('m > 1'), 'bad_data: x')]), 'unknown: bad_data: x'],
]
describe('a rule that finds nothing', () => {
  for (const [what, observation, expected] of quiet)
    test(`${what}: ${expected.split(':')[0]}`, () => {
      const [check] = alerts(observation, [], {})
      const { verdict } = check ?? assert.fail()
      assert.equal('reason' in verdict ? `${verdict.kind}: ${verdict.reason}` : verdict.kind, expected)
    })

  test('is one check, which has the labels that all of its alerts would have', () => {
    const rule = ruleOf('m > 1', { labels: { severity: 'page', of: '{{ $labels.x }}' } })
    assert.deepEqual(shown(seen([evaluated(rule)])), [['A', { severity: 'page' }, 'ok']])
    assert.deepEqual(shown(seen([evaluated(rule)]), [], { match: 'severity="info"' }), [])
  })
})
