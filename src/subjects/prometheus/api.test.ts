import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { iso, systemClock } from '../../core/clock.ts'
import { clientOf } from '../shared/client/client.ts'
import { query, rulesFrom } from './api.ts'

/** A server that answers everything in one way. */
async function serverOf(answer: (response: ServerResponse, body: string) => void) {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    answer(response, body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    client,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
const patience = () => AbortSignal.timeout(20_000)
const json =
  (data: unknown, status = 200) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof data === 'string' ? data : JSON.stringify(data))
  }
const success = (data: unknown) => json({ status: 'success', data })
async function asked(answer: (response: ServerResponse, body: string) => void) {
  await using server = await serverOf(answer)
  return await query(server.client, 'up', patience())
}
async function rulesOf(answer: (response: ServerResponse) => void) {
  await using server = await serverOf(answer)
  return await rulesFrom(server.client, patience())
}

describe('the result of an expression', () => {
  test('has labels and numbers as Prometheus writes them', async () => {
    const values = ['1', '-0.5', '1e+21', 'NaN', '+Inf', '-Inf']
    const result = values.map((value, i) => ({ metric: { i: String(i) }, value: [1.5, value] }))
    const answer = await asked(success({ resultType: 'vector', result }))
    assert.ok(answer.kind === 'ok')
    assert.deepEqual(
      answer.data.map(({ value }) => value),
      [1, -0.5, 1e21, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    )
    assert.deepEqual(answer.data[1]?.labels, { i: '1' })
  })

  test('is one without labels where it is a scalar, and nothing is nothing', async () => {
    assert.deepEqual(await asked(success({ resultType: 'scalar', result: [1, '3'] })), {
      kind: 'ok',
      data: [{ labels: {}, value: 3 }],
    })
    assert.deepEqual(await asked(success({ resultType: 'vector', result: [] })), { kind: 'ok', data: [] })
  })

  test('may have any label', async () => {
    const answer = await asked(
      json(
        '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__proto__":"x","constructor":"y"},"value":[1,"1"]}]}}',
      ),
    )
    assert.ok(answer.kind === 'ok', JSON.stringify(answer))
    assert.deepEqual(Object.entries(answer.data[0]?.labels ?? {}), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })

  test('was asked for as a form, however long and strange the expression is', async () => {
    const expr = `{a="${'&=+%é\\n'.repeat(10_000)}"}`
    let got = ''
    await using server = await serverOf((response, body) => {
      got = body
      success({ resultType: 'vector', result: [] })(response)
    })
    await query(server.client, expr, patience())
    assert.equal(new URLSearchParams(got).get('query'), expr)
  })
})

const failures: [string, (response: ServerResponse) => void, RegExp][] = [
  [
    'an error',
    json({ status: 'error', errorType: 'bad_data', error: 'parse error: x' }, 400),
    /^bad_data: parse error: x$/,
  ],
  [
    'an error that came with 200',
    json({ status: 'error', errorType: 'timeout', error: 'x' }),
    /^timeout: x$/,
  ],
  ['no JSON', json('<html>502 Bad Gateway</html>', 502), /502|Gateway/],
  ['a page with 200', json('<html>Please sign in</html>'), /no JSON|page|sign/i],
  ['half of it', json('{"status":"success","data":{"resultType":"vec'), /no JSON/],
  ['an empty body', json(''), /./],
  ['503', json('Service Unavailable', 503), /503|unavailable/i],
  ['401', json('Unauthorized', 401), /401|password|token|credential/i],
  [
    'success with another status',
    json({ status: 'success', data: { resultType: 'vector', result: [] } }, 500),
    /500/,
  ],
  ['no data', json({ status: 'success' }), /not whole/],
  ['null', json('null'), /not whole/],
  ['another shape', success([1, 2]), /not whole/],
  [
    'labels that are no texts',
    success({ resultType: 'vector', result: [{ metric: { a: 1 }, value: [1, '1'] }] }),
    /not whole/,
  ],
  ['a value that is missing', success({ resultType: 'vector', result: [{ metric: {} }] }), /not whole/],
  ['a matrix', success({ resultType: 'matrix', result: [] }), /the expression is a matrix/],
  ['a string', success({ resultType: 'string', result: [1, 'a'] }), /the expression is a string/],
  [
    'a cut answer',
    (response) => {
      response.writeHead(200, { 'content-length': 1_000 })
      response.write('{"status":"success","data":')
      setImmediate(() => response.destroy())
    },
    /./,
  ],
  [
    'a bomb',
    (response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync(Buffer.alloc(40 << 20, ' ')))
    },
    /./,
  ],
  ['nothing', (response) => void response.destroy(), /./],
]
describe('what is no answer is a reason', { concurrency: true }, () => {
  for (const [what, answer, expected] of failures)
    test(what, async () => {
      const [ours, rules] = await Promise.all([asked(answer), rulesOf(answer)])
      assert.ok(ours.kind === 'failed', JSON.stringify(ours))
      assert.match(ours.why, expected)
      assert.equal(rules.kind, 'failed')
    })

  test('silence', async () => {
    await using server = await serverOf(() => undefined)
    const answer = await query(server.client, 'up', AbortSignal.timeout(100))
    assert.deepEqual(answer, { kind: 'failed', why: 'not answered in time' })
  })
})

const rule = (more: object = {}) => ({
  type: 'alerting',
  name: 'A',
  query: 'up == 0',
  duration: 60,
  labels: { severity: 'page' },
  annotations: {},
  health: 'ok',
  lastEvaluation: iso(systemClock.now()),
  alerts: [],
  ...more,
})
const group = (...rules: object[]) => success({ groups: [{ name: 'g', file: 'r.yml', interval: 15, rules }] })

describe('the rules of Prometheus', () => {
  test('are read with their alerts', async () => {
    const alerts = [
      {
        labels: { alertname: 'A', i: '1' },
        annotations: { summary: 's' },
        state: 'firing',
        value: '1e+00',
        activeAt: '',
      },
      { labels: { alertname: 'A', i: '2' }, annotations: {}, state: 'pending', value: 'NaN' },
      { labels: { alertname: 'A', i: '3' }, annotations: {}, state: 'inactive', value: '0' },
    ]
    const answer = await rulesOf(group({ type: 'recording', name: 'r' }, rule({ alerts, keepFiringFor: 9 })))
    assert.ok(answer.kind === 'ok', JSON.stringify(answer))
    const [first, ...more] = answer.data
    assert.equal(more.length, 0)
    assert.deepEqual(first?.rule, {
      name: 'A',
      expr: 'up == 0',
      forMs: 90_000,
      keepFiringMs: 0,
      labels: { severity: 'page' },
      annotations: {},
      place: 'r.yml: g',
    })
    assert.deepEqual(first?.state, {
      kind: 'evaluated',
      alerts: [
        { labels: { i: '1' }, annotations: { summary: 's' }, phase: 'firing', value: 1 },
        { labels: { i: '2' }, annotations: {}, phase: 'pending', value: Number.NaN },
      ],
    })
  })

  const longAgo = (ms: number) => iso(systemClock.now() - ms)
  const states: [string, object, RegExp | null][] = [
    ['evaluated just now', {}, null],
    ['evaluated three intervals ago', { lastEvaluation: longAgo(45_000) }, null],
    ['alerts that are null', { alerts: null }, null],
    ['stands still', { lastEvaluation: longAgo(120_000) }, /its group 'g' stands still/],
    [
      'not evaluated yet',
      { health: 'unknown', lastEvaluation: '0001-01-01T00:00:00Z' },
      /not evaluated it yet/,
    ],
    ['ok, and never evaluated', { lastEvaluation: '0001-01-01T00:00:00Z' }, /not evaluated it yet/],
    ['no time of evaluation', { lastEvaluation: undefined }, /not evaluated it yet/],
    ['a time that is none', { lastEvaluation: 'soon' }, /not evaluated it yet/],
    [
      'cannot be evaluated',
      { health: 'err', lastError: 'many-to-many' },
      /^Prometheus cannot evaluate it: many-to-many$/,
    ],
    ['a health that is not known', { health: 'odd' }, /./],
  ]
  for (const [what, more, reason] of states)
    test(`${what}: ${reason === null ? 'evaluated' : 'unknown'}`, async () => {
      const answer = await rulesOf(group(rule(more)))
      assert.ok(answer.kind === 'ok', JSON.stringify(answer))
      const state = answer.data[0]?.state
      if (reason === null) return assert.equal(state?.kind, 'evaluated')
      assert.ok(state?.kind === 'unknown')
      assert.match(state.reason, reason)
    })

  test('are none if one of them is not understood: none is left out in silence', async () => {
    assert.equal((await rulesOf(group(rule(), { type: 'alerting', name: 'B' }))).kind, 'failed')
    assert.equal((await rulesOf(group(rule(), { type: 'new kind' }))).kind, 'failed')
  })
})
