import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { folder } from '../../../test/standins/scripted.ts'
import { newTicket } from '../../../test/standins/tickets.ts'
import { rngFrom } from '../../core/rng.ts'
import { wellFormed } from '../../core/text.ts'
import { type OperatorDb, openOperatorDb } from '../operator/open.ts'
import { claimTickets } from '../operator/sessions.ts'
import { openTicket } from '../operator/tickets.ts'
import { appendEntry, entriesAfter, sessionEntries, summarizeEntry } from './audit.ts'
import { verifyAudit } from './verify.ts'

const appender = fileURLToPath(new URL('../../../test/standins/appender.ts', import.meta.url))

async function withSession(db: OperatorDb, sessionId = 's1', cluster = 'c1') {
  await openTicket(db, newTicket({ cluster }), 1)
  const who = { sessionId, agent: 'x', model: null, owner: 'me', clusters: [cluster], leaseMs: 1e9 }
  assert.ok(await claimTickets(db, who, 1))
}

/** Five rows: the third is long enough to be compressed. */
async function five(db: OperatorDb): Promise<void> {
  await withSession(db)
  for (const i of [1, 2, 3, 4, 5]) {
    const body = i === 3 ? 'ß'.repeat(100_000) : `entry ${i}`
    await appendEntry(db, { sessionId: 's1', at: 10 * i, kind: 'tool_result', body, meta: { call: i } })
  }
}

describe('the audit', () => {
  test('keeps what was written, in order, with its summaries', async () => {
    await using db = openOperatorDb(':memory:')
    await five(db)
    await summarizeEntry(db, 2, 'looked', 'a small model')
    const [first, second, third] = await sessionEntries(db, 's1')
    assert.deepEqual(first, {
      seq: 1,
      sessionId: 's1',
      at: 10,
      kind: 'tool_result',
      body: 'entry 1',
      meta: { call: 1 },
      summary: null,
    })
    assert.equal(second?.summary, 'looked')
    assert.equal(third?.body, 'ß'.repeat(100_000))
    assert.deepEqual(
      (await entriesAfter(db, 3)).map(({ seq }) => seq),
      [4, 5],
    )
  })

  test('whatever text an agent writes is kept as it was hashed', async () => {
    await using db = openOperatorDb(':memory:')
    await withSession(db)
    const rng = rngFrom(7)
    const odd = [
      '\0',
      '\ufeff',
      '\ufffe',
      '\ud800',
      '\udbff',
      '\udc00',
      '\u{1f600}',
      '\r',
      "'",
      '\\ud800',
      '\u2028',
    ]
    const piece = () => (rng.int(2) ? rng.pick(odd) : String.fromCharCode(rng.int(0x10000)))
    const garbage = () => Array.from({ length: rng.int(12) }, piece).join('')
    for (let i = 0; i < 300; i++) {
      const body = i % 50 === 7 ? garbage().padEnd(70_000, piece()) : garbage()
      const meta = { call: i, reasoning: garbage(), [garbage()]: -0 }
      const seq = await appendEntry(db, { sessionId: 's1', at: i, kind: 'tool_call', body, meta })
      const [kept] = await entriesAfter(db, seq - 1)
      assert.equal(kept?.body, wellFormed(body))
      assert.equal(kept?.meta.reasoning, wellFormed(meta.reasoning))
    }
    assert.equal((await verifyAudit(db)).ok, true)
  })

  test('stores long texts compressed', async () => {
    await using db = openOperatorDb(':memory:')
    await five(db)
    const row = await db.selectFrom('entries').select('body').where('seq', '=', 3).executeTakeFirstOrThrow()
    assert.ok(row.body instanceof Uint8Array && row.body.length < 1_000)
  })

  test('refuses UPDATE and DELETE, whoever asks', async () => {
    using dir = folder()
    await using db = openOperatorDb(dir.file('operator.db'))
    await five(db)
    const other = new DatabaseSync(dir.file('operator.db'))
    for (const sql of [
      "update entries set body = ''",
      'delete from entries where seq = 5',
      'delete from entries',
    ])
      assert.throws(() => other.exec(sql), /entries are append-only/)
    const replace =
      "insert or replace into entries select seq, session_id, at, kind, 'x', meta, prev_hash, hash from entries"
    assert.throws(() => other.exec(replace), /entries are append-only/)
    other.close()
    assert.equal((await verifyAudit(db)).ok, true)
  })

  test('an empty one is whole', async () => {
    await using db = openOperatorDb(':memory:')
    const none = '0'.repeat(64)
    const { ok: _, ...rest } = await verifyAudit(db)
    assert.deepEqual(rest, { entries: 0, head: none, changes: 0, ledgerHead: none, outside: false })
  })
})

describe('verification names the first row that is not what was written', () => {
  const cases: [string, string, number, RegExp][] = [
    ['one letter of a body', "update entries set body = 'entry 2.' where seq = 2", 2, /content/],
    ['the kind', "update entries set kind = 'reasoning' where seq = 4", 4, /content/],
    ['the meta', `update entries set meta = '{"call":7}' where seq = 1`, 1, /content/],
    ['the time', 'update entries set at = at + 1 where seq = 5', 5, /content/],
    ['a time that no clock shows', 'update entries set at = 9223372036854775807 where seq = 5', 5, /read/],
    ['the session', "update entries set session_id = 's2' where seq = 3", 3, /content/],
    ['one byte of a compressed body', byteOf(3), 3, /content/],
    ['a compressed body put in as text', "update entries set body = 'short' where seq = 3", 3, /content/],
    ['a hash', "update entries set hash = 'f' || substr(hash, 2) || 'f' where seq = 2", 2, /content/],
    ['the link', 'update entries set prev_hash = hash where seq = 4', 4, /follow/],
    ['a row in the middle', 'delete from entries where seq = 3', 3, /missing/],
    ['the first row', 'delete from entries where seq = 1', 1, /missing/],
    ['the last rows', 'delete from entries where seq > 3', 4, /the rows up to 5 are missing/],
    ['all rows', 'delete from entries', 1, /the rows up to 5 are missing/],
    ['two rows exchanged', swapped(2, 3), 2, /follow|content/],
    ['a row renumbered', 'update entries set seq = 6 where seq = 5', 5, /missing/],
  ]
  for (const [what, sql, seq, why] of cases)
    test(what, async () => {
      using dir = folder()
      await using db = openOperatorDb(dir.file('operator.db'))
      await five(db)
      assert.equal((await verifyAudit(db)).ok, true)
      const other = new DatabaseSync(dir.file('operator.db'), { enableForeignKeyConstraints: false })
      other.exec('drop trigger entries_keep; drop trigger entries_stay')
      other.exec(sql)
      other.close()
      const verdict = await verifyAudit(db)
      assert.ok('seq' in verdict, JSON.stringify(verdict))
      assert.equal(verdict.seq, seq)
      assert.match(verdict.why, why)
    })
})

function byteOf(seq: number): string {
  const middle = "substr(body, 1, 20) || x'00' || substr(body, 22)"
  return `update entries set body = cast(${middle} as blob) where seq = ${seq}`
}

function swapped(a: number, b: number): string {
  const move = (from: number, to: number) => `update entries set seq = ${to} where seq = ${from};`
  return move(a, 99) + move(b, a) + move(99, b)
}

describe('many processes', () => {
  test('append at once to one chain, and it can be verified while they do', async () => {
    using dir = folder()
    const path = dir.file('operator.db')
    await using db = openOperatorDb(path)
    await withSession(db, 's1', 'c1')
    const children = Array.from({ length: 6 }, (_, i) =>
      spawn(process.execPath, [appender, path, 's1', '60', `p${i}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    )
    const ends = Promise.all(children.map((child) => once(child, 'close')))
    let running = true
    const ended = ends.then(() => {
      running = false
    })
    for (let walks = 0; running; walks++) {
      const verdict = await verifyAudit(db)
      assert.ok(verdict.ok, JSON.stringify({ walks, verdict }))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await ended
    assert.deepEqual(
      (await ends).map(([code]) => code),
      Array(6).fill(0),
    )
    const verdict = await verifyAudit(db)
    assert.deepEqual([verdict.ok, 'entries' in verdict && verdict.entries], [true, 360])
    const mine = (await sessionEntries(db, 's1')).filter(({ body }) => body.startsWith('p3 '))
    assert.deepEqual(
      mine.map(({ body }) => Number(body.split(' ')[1])),
      Array.from({ length: 60 }, (_, i) => i),
    )
  })

  test('killed in the midst of writing: the database is whole and goes on', async () => {
    using dir = folder()
    const path = dir.file('operator.db')
    await using db = openOperatorDb(path)
    await withSession(db)
    for (let round = 0; round < 3; round++) {
      const before = await verifyAudit(db)
      const child = spawn(process.execPath, [appender, path, 's1', '0', 'p'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'close')
      const after = await verifyAudit(db)
      assert.ok(before.ok && after.ok && after.entries > before.entries, JSON.stringify([before, after]))
      await appendEntry(db, { sessionId: 's1', at: 1, kind: 'error', body: 'still here' })
    }
    const check = new DatabaseSync(path)
    assert.deepEqual({ ...check.prepare('pragma integrity_check').get() }, { integrity_check: 'ok' })
    check.close()
  })
})
