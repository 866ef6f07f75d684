import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../core/clock.ts'
import { BadInput } from '../core/errors.ts'
import { openOperatorDb } from '../store/operator/open.ts'
import { receivedAlerts } from '../store/operator/received.ts'
import { type ReceiverOptions, startReceiver } from './receiver.ts'

const began = '2026-01-02T03:04:05.678Z'
const alertOf = (labels: Record<string, string>, more: object = {}) => ({
  status: 'firing',
  labels: { alertname: 'A', ...labels },
  annotations: { summary: 's' },
  startsAt: began,
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://p/graph',
  fingerprint: 'f',
  ...more,
})
const notification = (alerts: object[], more: object = {}) => ({
  version: '4',
  groupKey: '{}:{}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'operator',
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'http://am',
  alerts,
  ...more,
})

/** A receiver over a database in a file. */
async function receiver(options: Partial<ReceiverOptions> = {}) {
  await using undo = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'receiver-'))
  undo.defer(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'operator.db')
  const db = undo.use(openOperatorDb(path))
  const troubles: string[] = []
  const server = undo.use(
    await startReceiver({
      db,
      cluster: 'c',
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      onTrouble: (message) => void troubles.push(message),
      ...options,
    }),
  )
  const send = async (body: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const reply = await fetch(server.url, { method: 'POST', body: text, headers })
    return { status: reply.status, text: await reply.text() }
  }
  const all = undo.move()
  return {
    path,
    troubles,
    url: server.url,
    send,
    /** Labels and state of what is stored, without the instant of receipt. */
    async stored() {
      const alerts = await receivedAlerts(db, 'c')
      return alerts.map(({ labels, status }) => `${JSON.stringify(labels)} ${status}`).sort()
    },
    received: () => receivedAlerts(db, 'c'),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

describe('a notification', () => {
  test('is stored whole before it is answered', async () => {
    await using to = await receiver()
    assert.deepEqual(
      await to.send(notification([alertOf({ instance: 'a:1' }), alertOf({ instance: 'b:1' })])),
      {
        status: 200,
        text: 'stored\n',
      },
    )
    const [first, ...more] = await to.received()
    assert.equal(more.length, 1)
    const { receivedAt, ...rest } = first ?? assert.fail()
    assert.ok(Math.abs(receivedAt - systemClock.now()) < 60_000)
    assert.deepEqual(rest, {
      name: 'A',
      labels: { instance: 'a:1' },
      annotations: { summary: 's' },
      status: 'firing',
      startsAt: Date.parse(began),
      generatorUrl: 'http://p/graph',
    })
    assert.deepEqual(to.troubles, [])
  })

  test('of labels with names of every object', async () => {
    await using to = await receiver()
    const body = JSON.stringify(
      notification([alertOf({ X: 'x', constructor: 'y' }), alertOf({ constructor: 'y' })]),
    )
    assert.equal((await to.send(body.replace('"X"', '"__proto__"'))).status, 200)
    assert.deepEqual(await to.stored(), [
      '{"__proto__":"x","constructor":"y"} firing',
      '{"constructor":"y"} firing',
    ])
  })

  test('without a name, without annotations, with text that is no UTF-16', async () => {
    await using to = await receiver()
    const odd = {
      status: 'firing',
      labels: { x: '\ud800' },
      annotations: null,
      startsAt: began,
      generatorURL: null,
    }
    assert.equal((await to.send(notification([odd]))).status, 200)
    const [one] = await to.received()
    assert.deepEqual([one?.name, one?.annotations, one?.generatorUrl], ['alert', {}, ''])
  })

  test('that leaves alerts out is stored, and said', async () => {
    await using to = await receiver()
    assert.equal((await to.send(notification([alertOf({})], { truncatedAlerts: 7 }))).status, 200)
    assert.match(to.troubles.join(), /left out 7 alerts: set max_alerts to 0, or give --alertmanager/)
    assert.equal((await to.stored()).length, 1)
  })

  test('of 2,000 alerts is one', async () => {
    await using to = await receiver()
    const many = Array.from({ length: 2_000 }, (_, i) => alertOf({ i: String(i) }))
    assert.equal((await to.send(notification(many))).status, 200)
    assert.equal((await to.stored()).length, 2_000)
  })
})

const later = '2026-01-02T04:00:00Z'
const firing = alertOf({})
const resolved = alertOf({}, { status: 'resolved', endsAt: later })
const again = alertOf({}, { startsAt: later })
/** What comes, from one Alertmanager or two, in any order. */
const orders: [string, object[], 'firing' | 'resolved'][] = [
  ['repeated', [firing, firing, firing], 'firing'],
  ['in order', [firing, resolved], 'resolved'],
  ['the end first', [resolved, firing], 'resolved'],
  ['the end twice', [firing, resolved, resolved], 'resolved'],
  ['a second sender is late', [firing, resolved, firing], 'resolved'],
  ['it begins again', [firing, resolved, again], 'firing'],
  ['it began again, and the first end is late', [firing, again, resolved], 'firing'],
  ['only the end', [resolved], 'resolved'],
  ['both in one notification', [firing, resolved], 'resolved'],
]
describe('an alert is one, whoever tells of it, and in whatever order', () => {
  for (const [what, alerts, expected] of orders)
    test(what, async () => {
      await using to = await receiver()
      const sent = what.includes('in one') ? [alerts] : alerts.map((alert) => [alert])
      for (const some of sent) assert.equal((await to.send(notification(some))).status, 200)
      assert.deepEqual(await to.stored(), [`{} ${expected}`])
    })
})

const refused: [string, unknown, RegExp][] = [
  ['no JSON', 'alerts!', /^not JSON: /],
  ['nothing', '', /^not JSON: /],
  ['half of one', JSON.stringify(notification([firing])).slice(0, 200), /^not JSON: /],
  ['a list', [], /not a notification of Alertmanager \(version 4\)/],
  ['another version', notification([firing], { version: '3' }), /version/],
  ['no alerts', { version: '4' }, /alerts/],
  ['an alert without labels', notification([{ ...firing, labels: undefined }]), /alerts\[0\]\.labels/],
  ['labels that are no texts', notification([{ ...firing, labels: { a: 1 } }]), /alerts\[0\]\.labels/],
  ['a time that is none', notification([{ ...firing, startsAt: 'now' }]), /alerts\[0\]\.startsAt/],
  ['a status that is none', notification([firing, { ...firing, status: 'odd' }]), /alerts\[1\]\.status/],
]
describe('what is no notification is 400, with the reason, and nothing of it is stored', () => {
  for (const [what, body, expected] of refused)
    test(what, async () => {
      await using to = await receiver()
      const { status, text } = await to.send(body)
      assert.equal(status, 400)
      assert.match(text, expected)
      assert.match(to.troubles.join(), /^a notification was not taken: /)
      assert.deepEqual(await to.stored(), [])
    })

  test('one that is too large is 413, and another method 405', async () => {
    await using to = await receiver()
    const large = `{"a":"${'x'.repeat(65 << 20)}"}`
    assert.equal((await to.send(large)).status, 413)
    assert.equal((await fetch(to.url)).status, 405)
    assert.equal((await fetch(`${to.url}-/ready`)).status, 200)
  })
})

test('a locked database is 503, and the notification is stored once it is sent again', async () => {
  await using to = await receiver()
  const standin = join(import.meta.dirname, '../../test/standins/locker.ts')
  const locker = spawn(process.execPath, [standin, to.path], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(locker.stdout, 'data')
  const { status, text } = await to.send(notification([firing]))
  assert.equal(status, 503)
  assert.match(text, /^not stored now: .*database is locked/)
  locker.stdin.end()
  await once(locker, 'close')
  assert.deepEqual(await to.stored(), [])
  assert.equal((await to.send(notification([firing]))).status, 200)
  assert.deepEqual(await to.stored(), ['{} firing'])
})

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
describe('who may send', () => {
  const both = { bearerToken: 'secret', credentials: { user: 'am', password: 'pass:word' } }
  const senders: [string, string | null, number][] = [
    ['the token', 'Bearer secret', 200],
    ['the password', basic('am:pass:word'), 200],
    ['nothing', null, 401],
    ['another token', 'Bearer Secret', 401],
    ['a longer token', 'Bearer secret1', 401],
    ['the token alone', 'secret', 401],
    ['another password', basic('am:pass'), 401],
  ]
  for (const [what, authorization, expected] of senders)
    test(`${what}: ${expected}`, async () => {
      await using to = await receiver(both)
      const { status, text } = await to.send(
        notification([firing]),
        authorization === null ? {} : { authorization },
      )
      assert.equal(status, expected)
      assert.doesNotMatch(text + to.troubles.join(), /secret|pass/)
      assert.equal((await to.stored()).length, expected === 200 ? 1 : 0)
    })

  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.0.0.1.example.org'])
    test(`${host} is refused without either`, async () => {
      await assert.rejects(
        receiver({ host }),
        (error) =>
          error instanceof BadInput && /--receiver-token-file or --receiver-user-file/.test(error.message),
      )
    })

  test('an address that is taken is said', async () => {
    await using first = await receiver()
    await assert.rejects(
      receiver({ port: Number(new URL(first.url).port) }),
      (error) => error instanceof BadInput && /cannot listen: .*in use/.test(error.message),
    )
  })
})
