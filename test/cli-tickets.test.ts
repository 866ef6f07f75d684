import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { Ticket } from '../src/core/work/ticket.ts'
import { appendEntry } from '../src/store/audit/audit.ts'
import { verifyAudit } from '../src/store/audit/verify.ts'
import { registerMonitor } from '../src/store/operator/monitors.ts'
import { type OperatorDb, openOperatorDb } from '../src/store/operator/open.ts'
import { claimTickets, endSession } from '../src/store/operator/sessions.ts'
import { openTicket, ticket } from '../src/store/operator/tickets.ts'
import { folder } from './standins/scripted.ts'
import { newTicket } from './standins/tickets.ts'

const main = new URL('../src/cli/main.ts', import.meta.url).pathname
const dir = folder()
const path = dir.file('operator.db')
let db: OperatorDb

interface Said {
  code: number
  stdout: string
  stderr: string
}
const operator = (...argv: string[]): Promise<Said> =>
  promisify(execFile)(process.execPath, [main, ...argv], {
    env: { ...process.env, OPERATOR_HOME: dir.path },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
  )
const json = async (...argv: string[]) => JSON.parse((await operator(...argv, '--json')).stdout)

// A window title, a cleared screen, a C1 sequence, text that runs backwards: what a hostile subject may print.
const hostile = '\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil'
const raw = /[^\P{Cc}\n]|\p{Bidi_Control}/u

before(async () => {
  db = openOperatorDb(path)
  for (const key of ['test/down/a', 'test/down/b', 'test/slow/a'])
    await openTicket(db, newTicket({ key, message: `it is ${key}` }), 1_000)
  await openTicket(
    db,
    newTicket({ cluster: 'c2', key: hostile, message: hostile, values: { [hostile]: hostile } }),
    2_000,
  )
})
after(async () => {
  await db.destroy()
  dir[Symbol.dispose]()
})

describe('operator tickets list', () => {
  test('for people and for programs', async () => {
    const { stdout } = await operator('tickets', 'list')
    assert.match(stdout, /^ID +STATE +SEVERITY +CLUSTER +KEY +AGE +SEEN +MESSAGE/)
    assert.match(stdout, /\n1 +open +warning +c1 +test\/down\/a .* 1x +it is test\/down\/a/)
    const all: Ticket[] = await json('tickets', 'list')
    assert.deepEqual(
      all.map(({ id }) => id),
      [1, 2, 3, 4],
    )
    assert.equal(all[0]?.openedAt as unknown, '1970-01-01T00:00:01.000Z')
  })

  test('by state, by cluster, the newest n', async () => {
    const ids = async (...argv: string[]) => (await json('tickets', 'list', ...argv)).map((t: Ticket) => t.id)
    assert.deepEqual(await ids('--limit', '2'), [3, 4])
    assert.deepEqual(await ids('--cluster', 'c2'), [4])
    assert.deepEqual(await ids('--state', 'resolved,escalated'), [])
    assert.match((await operator('tickets', 'list', '--state', 'resolved')).stdout, /no tickets/)
  })

  test('control characters of a subject do not reach the terminal', async () => {
    for (const argv of [['list'], ['show', '4']]) {
      const { stdout } = await operator('tickets', ...argv)
      assert.match(stdout, /\\x1b\]0;owned/)
      assert.doesNotMatch(stdout, raw)
    }
  })
})

describe('steering', () => {
  test('hold and unhold', async () => {
    assert.equal((await operator('tickets', 'hold', '1')).stdout, '#1 is open (held)\n')
    assert.equal((await ticket(db, 1))?.held, true)
    assert.equal((await json('tickets', 'unhold', '#1')).held, false)
  })

  test('resolve is a claim that the monitor confirms; reopen takes it back', async () => {
    assert.equal(
      (await operator('tickets', 'resolve', '2', '--cause', 'a cable')).stdout,
      '#2 is verifying\n',
    )
    const claimed = await ticket(db, 2)
    assert.deepEqual([claimed?.claimBy, claimed?.claim?.rootCause], ['person', 'a cable'])
    assert.equal((await json('tickets', 'reopen', '2', '--why', 'the wrong cable')).state, 'open')
    const { events } = await json('tickets', 'show', '2')
    const told = events.map(
      (e: { event: string; by: string; detail: string }) => `${e.event} by ${e.by}: ${e.detail}`,
    )
    assert.deepEqual(told, [
      'opened by monitor: it is test/down/b',
      'claimed fixed by person: a cable',
      'reopened by person: the wrong cable',
    ])
  })

  test('what its state forbids is said, with 1, and changes nothing', async () => {
    const before = await ticket(db, 3)
    const { code, stdout } = await operator('tickets', 'reopen', '3')
    assert.deepEqual([code, stdout], [1, '#3 is open: that cannot be done now\n'])
    assert.deepEqual(await ticket(db, 3), before)
  })
})

describe('bad input', { concurrency: 4 }, () => {
  const cases: [string[], RegExp][] = [
    [['tickets', 'show', '99'], /no ticket '99'; operator tickets list shows/],
    [['tickets', 'hold', 'two'], /no ticket 'two'; operator tickets list shows/],
    [['tickets', 'resolve', '0x1'], /no ticket '0x1'/],
    [['tickets', 'reopen', ''], /no ticket ''/],
    [['tickets', 'list', '--state', 'opne'], /allowed: open, claimed, verifying, resolved, escalated/],
    [['tickets', 'list', '--limit', '-1'], /allowed: a whole number from 1/],
    [['tickets', 'resolve', '1', '--verify-window', 'soon'], /allowed: a duration such as 500ms/],
    [['tickets', 'holt', '1'], /hold/],
    [['tickets', 'show'], /missing required argument 'id'/],
    [
      ['tickets', 'list', '--db', dir.file('typo.db')],
      /no database .*typo\.db yet; `operator monitor run` makes it/,
    ],
    [['monitor', 'list', '--db', dir.file('typo.db')], /no database .*typo\.db yet/],
    [['audit', 'verify', '--db', dir.file('typo.db')], /no database .*typo\.db yet/],
    [['tickets', 'list', '--db', dir.file('text')], /text is not a database/],
    [['audit', 'show', 'zzz'], /no session 'zzz'; operator audit list shows them/],
  ]
  before(() => writeFileSync(dir.file('text'), 'nothing of the kind\n'.repeat(500)))
  for (const [argv, message] of cases)
    test(argv.join(' ').replaceAll(dir.path, ''), async () => {
      const { code, stdout, stderr } = await operator(...argv)
      assert.equal(code, 2, stdout + stderr)
      assert.match(stderr, message)
      assert.equal(stdout, '')
      assert.ok(!existsSync(dir.file('typo.db')))
    })
})

describe('operator audit', () => {
  before(async () => {
    const who = { agent: 'runbook', model: null, owner: 'me', clusters: ['c1'], leaseMs: 1e9 }
    await claimTickets(db, { ...who, sessionId: 'aaaa-1' }, 5_000)
    const entry = (at: number, kind: 'reasoning' | 'tool_call' | 'tool_result', body: string, meta = {}) =>
      appendEntry(db, { sessionId: 'aaaa-1', at, kind, body, meta })
    await entry(5_100, 'reasoning', 'Is it up?')
    await entry(5_200, 'tool_call', 'uptime', { call: 1, reasoning: 'look' })
    await entry(5_300, 'tool_result', `up\n${'more\n'.repeat(50)}${hostile}`, {
      call: 1,
      exitCode: 0,
      durationMs: 12,
    })
    await endSession(db, 'aaaa-1', { kind: 'interrupted', reason: hostile }, 6_000)
    await claimTickets(db, { ...who, sessionId: 'aaaa-2' }, 7_000)
  })

  test('list and show; an unambiguous beginning of an id is enough', async () => {
    const list = await operator('audit', 'list')
    assert.match(list.stdout, /aaaa-1 .* c1 +runbook +interrupted/)
    assert.doesNotMatch(list.stdout, raw)
    assert.match((await operator('audit', 'show', 'aaaa')).stderr, /'aaaa' begins the ids of 2 sessions/)
    const shown = await operator('audit', 'show', 'aaaa-1')
    assert.match(shown.stdout, /\+0\.2s {3}look\n +\$ uptime/)
    assert.match(shown.stdout, /more lines \(--full\)/)
    const full = await operator('audit', 'show', 'aaaa-1', '--full')
    assert.match(full.stdout, /\\x1b\]0;owned/)
    assert.doesNotMatch(full.stdout, raw)
    const { entries, state } = await json('audit', 'show', 'aaaa-1')
    assert.deepEqual([entries.length, state, entries[1].meta.reasoning], [3, 'interrupted', 'look'])
  })

  test('verify: 0 and the head when it is whole, 1 and the row when it is not', async () => {
    const verdict = await verifyAudit(db)
    assert.ok(verdict.ok)
    const whole = await operator('audit', 'verify')
    assert.deepEqual(
      [whole.code, whole.stdout],
      [0, `the audit is whole: 3 entries, the last with hash ${verdict.head}\n`],
    )
    const [heads, away] = [`${path}-heads`, `${path}-heads.away`]
    renameSync(heads, away)
    const blind = await operator('audit', 'verify')
    assert.deepEqual(
      [blind.code, /heads: it is missing.* --copy/.test(blind.stdout)],
      [1, true],
      blind.stdout,
    )
    const { ok, table, row } = await json('audit', 'verify')
    assert.deepEqual([ok, table, row], [false, 'heads', heads])
    assert.equal((await operator('audit', 'verify', '--copy')).code, 0)
    assert.equal((await operator('audit', 'verify', '--known', verdict.head)).code, 0)
    renameSync(away, heads)
    const other = new DatabaseSync(path)
    other.exec("drop trigger entries_keep; update entries set body = 'reboot' where seq = 2")
    other.close()
    const { code, stdout } = await operator('audit', 'verify')
    assert.deepEqual(
      [code, stdout],
      [1, 'the audit was changed at entry 2: its content is not what was written\n'],
    )
    assert.deepEqual(await json('audit', 'verify'), {
      ok: false,
      seq: 2,
      why: 'its content is not what was written',
    })
  })
})

test('operator monitor list: running, silent, ended', async () => {
  assert.match((await operator('monitor', 'list')).stdout, /no monitors/)
  const monitor = {
    cluster: hostile,
    subject: 'etcd',
    pid: 1,
    intervalMs: 1_000,
    startedAt: 0,
    observedAt: null,
  }
  const now = new Date('2099-01-01').getTime()
  await registerMonitor(db, { ...monitor, id: 'a', beatAt: now, endedAt: null })
  await registerMonitor(db, { ...monitor, id: 'b', beatAt: 0, endedAt: null })
  await registerMonitor(db, { ...monitor, id: 'c', beatAt: 0, endedAt: 1 })
  const { stdout } = await operator('monitor', 'list')
  assert.deepEqual(stdout.match(/running|silent|ended/g)?.sort(), ['ended', 'running', 'silent'])
  assert.doesNotMatch(stdout, raw)
})
