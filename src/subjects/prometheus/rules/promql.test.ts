import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Expression, readExpression } from './promql.ts'

const plain = { isOpen: false, isConstant: false, asksForAbsence: false }
const expressions: [string, Partial<Expression> | null][] = [
  ['up == 0', { metrics: ['up'] }],
  ['rate(http_requests_total{code=~"5.."}[5m]) > 1', { metrics: ['http_requests_total'] }],
  ['a:b:c / on (job) group_left d offset 5m > 0.5', { metrics: ['a:b:c', 'd'] }],
  ['histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))', { metrics: ['x_bucket'] }],
  ['max_over_time(deriv(a[5m])[1h:1m])', { metrics: ['a'] }],
  ['a and b unless c or d', { metrics: ['a', 'b', 'c', 'd'] }],
  ['{__name__="a", job="b"} > 0', { metrics: ['a'] }],
  ["{__name__='a'}", { metrics: ['a'] }],
  ['{__name__=~"a.*"}', { metrics: [], isOpen: true }],
  ['{job="b"}', { metrics: [], isOpen: true }],
  ['{__name__!="a"}', { metrics: [], isOpen: true }],
  ['a{x="__name__=\\"b\\""}', { metrics: ['a'] }],
  ['vector(1)', { metrics: [], isConstant: true }],
  ['1 > 0', { metrics: [], isConstant: true }],
  ['time() - 5 > 3', { metrics: [], isConstant: true }],
  ['absent(up{job="a"})', { metrics: [], asksForAbsence: true }],
  ['absent_over_time(a[5m]) and b', { metrics: ['b'], asksForAbsence: true }],
  ['absent (a)', { metrics: [], asksForAbsence: true }],
  ['ABSENT', { metrics: ['ABSENT'] }],
  ['sum(absent(sum(a))) + count(a)', { metrics: ['a'], asksForAbsence: true }],
  ['a @ end() > 1', { metrics: ['a'] }],
  ['sum without (x) (a) # a comment', { metrics: ['a'] }],
  ['a >', null],
  ['sum(', null],
  ['', null],
  ['no metric at all', null],
  ['a{b=c}', null],
]
for (const [text, expected] of expressions)
  test(`${text}: ${expected === null ? 'no PromQL' : JSON.stringify(expected)}`, () => {
    assert.deepEqual(readExpression(text), expected === null ? null : { ...plain, ...expected })
  })
