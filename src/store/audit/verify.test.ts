import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { folder } from '../../../test/standins/scripted.ts'
import { newTicket } from '../../../test/standins/tickets.ts'
import { systemClock } from '../../core/clock.ts'
import { moveWithClock } from '../operator/clocks.ts'
import { operatorMigrations } from '../operator/migrations.ts'
import { monitorBeat, monitorEnded, registerMonitor } from '../operator/monitors.ts'
import { existingOperatorDb, type OperatorDb, openOperatorDb } from '../operator/open.ts'
import { addCommand, addUsage, claimTickets, endSession, heartbeat } from '../operator/sessions.ts'
import { openTicket, resolveTicket, setHeld, ticketSeen } from '../operator/tickets.ts'
import { track } from '../operator/violations.ts'
import { applyAll, openDatabase } from '../sqlite.ts'
import { appendEntry, summarizeEntry } from './audit.ts'
import { headsFile } from './kept-heads.ts'
import { verifyAudit } from './verify.ts'

/** A little of everything: a ticket that is resolved and one that is not, a session that ended and one that runs. */
async function lived(db: OperatorDb): Promise<void> {
  await registerMonitor(db, {
    id: 'm1',
    cluster: 'c1',
    subject: 'test',
    pid: 1,
    intervalMs: 1_000,
    startedAt: 0,
    beatAt: 0,
    observedAt: null,
    endedAt: null,
  })
  await monitorBeat(db, 'm1', 5, true)
  await db.transaction().execute((tx) => moveWithClock(tx, systemClock))
  await track(db, 'c1', 'test/down/a', { phase: 'firing', violatedAt: 0, clearAt: null, lastSeenAt: 1 })
  for (const [i, cluster] of ['c1', 'c2'].entries()) {
    const ticket = await openTicket(db, newTicket({ cluster, message: 'm'.repeat(200) }), 10 * i)
    const sessionId = `s${i + 1}`
    const who = { sessionId, agent: 'llm', model: 'a:b', owner: 'me', clusters: [cluster], leaseMs: 1e9 }
    assert.ok(await claimTickets(db, who, 10 * i + 1))
    await heartbeat(db, sessionId, 2e9, 10 * i + 2)
    const seq = await appendEntry(db, {
      sessionId,
      at: 3,
      kind: 'tool_call',
      body: `ls ${i}`,
      meta: { call: 1 },
    })
    await summarizeEntry(db, seq, 'first', 'first sentence')
    await summarizeEntry(db, seq, 'looked', 'a:small')
    await addCommand(db, sessionId)
    await addUsage(db, sessionId, { tokensIn: 5, tokensOut: 7, tokensCached: 0, costUsd: 0.125 })
    await ticketSeen(db, ticket.id, { message: 'still', values: { n: i }, recurred: false }, 10 * i + 4)
    if (i === 0) {
      const claim = { status: 'fixed' as const, rootCause: 'it was stopped', actions: ['started it'] }
      await endSession(db, sessionId, { kind: 'claimed', claim, verifyMs: 1_000, reason: 'r' }, 20)
      await resolveTicket(db, ticket.id, 30)
    }
  }
  await setHeld(db, 2, true, 40)
  const later = { ...systemClock, now: () => systemClock.now() + 3_600_000 }
  await db.transaction().execute((tx) => moveWithClock(tx, later))
  await monitorEnded(db, 'm1', 50)
}

/**
 * What a change by hand leaves unseen, and why: docs/audit.md says the same. The monitor's working memory and heartbeats are
 * rewritten at every observation; a ticket's description and a lease are so only until the ticket and the session end.
 */
const uncovered = [
  ...['cluster', 'key', 'phase', 'violated_at', 'clear_at', 'last_seen_at'].map(
    (column) => `violations.${column}`,
  ),
  'clocks.boot',
  'clocks.offset_ms',
  'monitors.beat_at',
  'monitors.observed_at',
]
const uncoveredWhileOpen = [
  'tickets.message of 2',
  'tickets.metrics of 2',
  'tickets.last_seen_at of 2',
  'sessions.lease_until of s2',
]

describe('verification', () => {
  const dir = folder()
  const original = dir.file('original.db')
  after(() => dir[Symbol.dispose]())
  before(async () => {
    await using db = openOperatorDb(original)
    await lived(db)
    const verdict = await verifyAudit(db)
    assert.ok(verdict.ok && verdict.outside, JSON.stringify(verdict))
  })

  let copies = 0
  /** A copy with its heads, to be changed by hand: without triggers, constraints and whatever else stands in the way. */
  function copy(): { path: string; db: DatabaseSync; triggers: string[] } {
    const path = dir.file(`copy-${copies++}.db`)
    for (const end of ['', '-heads']) copyFileSync(original + end, path + end)
    const db = new DatabaseSync(path, { enableForeignKeyConstraints: false, defensive: false })
    const triggers = db.prepare("select name, sql from sqlite_schema where type = 'trigger'").all()
    for (const { name } of triggers) db.exec(`drop trigger ${name}`)
    return { path, db, triggers: triggers.map((trigger) => String(trigger.sql)) }
  }

  async function changed(statement: string) {
    const { path, db, triggers } = copy()
    db.exec(statement)
    for (const trigger of triggers) db.exec(trigger)
    db.close()
    await using audit = existingOperatorDb(path)
    return await verifyAudit(audit)
  }

  test('finds a change of any column of any row, but for those that the documentation names', async () => {
    const { path, db } = copy()
    db.exec(`attach '${original}' as original`)
    await using audit = existingOperatorDb(path)
    const [unseen, seen] = [new Set<string>(), [] as string[]]
    const restore = (table: string) =>
      db.exec(`delete from ${table}; insert into ${table} select * from original.${table};
        update sqlite_sequence set seq = (select seq from original.sqlite_sequence s where s.name = sqlite_sequence.name)`)
    const tables = db
      .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
      .all()
    for (const table of tables.map(({ name }) => String(name))) {
      const keys = db
        .prepare(`pragma table_info(${table})`)
        .all()
        .filter(({ pk }) => pk !== 0)
      const key = keys.map(({ name }) => `"${name}"`).join(" || '/' || ")
      for (const { its_key: itsKey, ...columns } of db
        .prepare(`select *, ${key} as its_key from ${table}`)
        .all())
        for (const [column, value] of Object.entries(columns)) {
          const update = db.prepare(`update ${table} set "${column}" = ? where ${key} = ?`)
          assert.equal(update.run(differing(table, column, value), itsKey as string).changes, 1)
          const verdict = await verifyAudit(audit)
          const name = `${table}.${column}`
          // The triggers are missing, which is found last: when nothing else was.
          if ('table' in verdict && verdict.table === 'sqlite_schema')
            unseen.add(uncovered.includes(name) ? name : `${name} of ${itsKey}`)
          else seen.push(name)
          restore(table)
        }
    }
    db.close()
    assert.deepEqual([...unseen].sort(), [...uncovered, ...uncoveredWhileOpen].sort())
    assert.ok(seen.length > 150, `${seen.length} changes`)
  })

  const found: [string, string, RegExp][] = [
    ['a ticket deleted', 'delete from tickets where id = 1', /tickets \[1\].*missing/],
    ['a session deleted', "delete from sessions where id = 's1'", /sessions \["s1"\].*missing/],
    ['an event deleted', 'delete from ticket_events where id = 2', /ticket_events \[2\].*missing/],
    [
      'the last event',
      'delete from ticket_events where id = (select max(id) from ticket_events)',
      /ticket_events/,
    ],
    ['a link deleted', 'delete from session_tickets', /session_tickets \["s1",1\].*missing/],
    ['a summary deleted', 'delete from summaries where seq = 1', /summaries \[1\].*missing/],
    ['a monitor deleted', 'delete from monitors', /monitors \["m1"\].*missing/],
    [
      'a ticket put in',
      `insert into tickets select 9, cluster, subject, 'k', invariant, node, severity, state, message, metrics, batch,
        occurrences, flapping, held, attempts, max_attempts, variant, violated_at, opened_at, last_seen_at, retry_at,
        session_id, claimed_at, claim, claim_by, verify_until, resolved_at, resolved_by from tickets where id = 2`,
      /tickets \[9\].*not a row that was written/,
    ],
    [
      'an event put in',
      "insert into ticket_events (ticket_id, at, event, by) values (1, 1, 'held', 'person')",
      /ticket_events.*not a row that was written/,
    ],
    ['two tickets exchanged', exchanged('tickets', 1, 2), /tickets/],
    ['two events exchanged', exchanged('ticket_events', 1, 2), /ticket_events/],
    [
      'a line of the ledger',
      "update ledger set image = replace(image, 'llm', 'lmm') where seq = 4",
      /ledger 4/,
    ],
    ['a line of the ledger deleted', 'delete from ledger where seq = 4', /ledger 4.*missing/],
    ['a line too many', "insert into ledger values (99, 'sessions', '[1]', '{}', 'x', 'y')", /ledger/],
    [
      'the tail of entries, with what numbers them',
      cut('entries', 1),
      /entry 2: the rows up to 2 are missing/,
    ],
    ['all entries, with what numbers them', cut('entries', 0), /entry 1: the rows up to 2 are missing/],
    ['the tail of the ledger', cut('ledger', 9), /ledger 10: the rows up to/],
    [
      'a long text by its own hash',
      'update tickets set message = \'{"sha256":"x"}\' where id = 1',
      /tickets \[1\].*message/,
    ],
    [
      'a trigger put in',
      'create trigger t after insert on entries begin delete from summaries; end',
      /trigger.*not ours/,
    ],
    [
      'an index that hides a row',
      `pragma writable_schema = on; update sqlite_schema set rootpage =
        (select rootpage from sqlite_schema where name = 'sessions_of_ticket') where name = 'entries_of_session'`,
      /damaged/,
    ],
    ['a view put in', 'create view v as select 1', /view.*not ours/],
  ]
  for (const [what, statement, expected] of found)
    test(`finds ${what}`, async () => {
      const verdict = await changed(statement)
      assert.ok(!verdict.ok, 'nothing was noticed')
      const where = 'seq' in verdict ? `entry ${verdict.seq}` : `${verdict.table} ${verdict.row}`
      assert.match(`${where}: ${verdict.why}`, expected)
    })

  test('finds a trigger dropped', async () => {
    const { path, db } = copy()
    db.close()
    await using audit = existingOperatorDb(path)
    const verdict = await verifyAudit(audit)
    assert.match(
      JSON.stringify(verdict),
      /"sqlite_schema","row":"entries_keep","why":"this trigger was changed"/,
    )
  })

  test('finds a chain that was written anew, hashes and all, by what is kept outside', async () => {
    const path = dir.file('anew.db')
    {
      await using db = openOperatorDb(path)
      await openTicket(db, newTicket({ cluster: 'c0' }), 0)
      assert.ok((await verifyAudit(db)).ok)
    }
    copyFileSync(headsFile(original), headsFile(path))
    await using db = existingOperatorDb(path)
    assert.match(JSON.stringify(await verifyAudit(db)), /kept outside|are missing/)
  })

  test('a head that an earlier verification printed must still be there', async () => {
    await using db = existingOperatorDb(original)
    const verdict = await verifyAudit(db)
    assert.ok(verdict.ok)
    assert.ok((await verifyAudit(db, [verdict.head, verdict.ledgerHead])).ok)
    assert.equal((await verifyAudit(db, ['f'.repeat(64)])).ok, false)
  })
})

describe('the heads outside', () => {
  test('may be behind, cut off in a line, and are not needed', async () => {
    using dir = folder()
    const path = dir.file('operator.db')
    const heads = headsFile(path)
    await using db = openOperatorDb(path)
    await lived(db)
    const lines = readFileSync(heads, 'utf8')
    assert.ok(lines.split('\n').length > 5)
    writeFileSync(heads, lines.slice(0, lines.length / 2))
    const behind = await verifyAudit(db)
    assert.ok(behind.ok && behind.outside)
    rmSync(heads)
    const without = await verifyAudit(db)
    assert.ok(without.ok && !without.outside)
    await appendEntry(db, { sessionId: 's2', at: 1, kind: 'reasoning', body: 'x' })
    assert.ok(existsSync(heads))
  })

  test('show that a tail was cut off also when the chain has grown again since', async () => {
    using dir = folder()
    const path = dir.file('operator.db')
    await using db = openOperatorDb(path)
    await lived(db)
    for (const body of ['a', 'b', 'c'])
      await appendEntry(db, { sessionId: 's2', at: 1, kind: 'reasoning', body })
    using other = new DatabaseSync(path, { defensive: false })
    other.exec(`drop trigger entries_stay; ${cut('entries', 3)}`)
    for (const body of ['d', 'e']) {
      assert.match(JSON.stringify(await verifyAudit(db)), /kept outside|are missing/)
      await appendEntry(db, { sessionId: 's2', at: 2, kind: 'reasoning', body })
    }
    assert.match(JSON.stringify(await verifyAudit(db)), /"seq":4,.*kept outside/)
  })

  test('stay short', async () => {
    using dir = folder()
    const path = dir.file('operator.db')
    await using db = openOperatorDb(path)
    await lived(db)
    writeFileSync(headsFile(path), readFileSync(headsFile(path), 'utf8').repeat(1_000))
    await appendEntry(db, { sessionId: 's2', at: 1, kind: 'reasoning', body: 'x' })
    assert.equal(readFileSync(headsFile(path), 'utf8').trim().split('\n').length, 2)
    assert.ok((await verifyAudit(db)).ok)
  })
})

test('a database that is older than the ledger is vouched for from here on', async () => {
  using dir = folder()
  const path = dir.file('operator.db')
  {
    using db = new DatabaseSync(path)
    applyAll(db, operatorMigrations.slice(0, 3))
    db.exec('pragma user_version = 3')
  }
  const younger = dir.file('younger.db')
  {
    await using db = openDatabase(younger, operatorMigrations)
    await lived(db as OperatorDb)
  }
  {
    using db = new DatabaseSync(path)
    db.exec(`attach '${younger}' as other`)
    for (const table of [
      'monitors',
      'tickets',
      'ticket_events',
      'sessions',
      'session_tickets',
      'entries',
      'summaries',
    ])
      db.exec(`insert into ${table} select * from other.${table}`)
  }
  await using db = existingOperatorDb(path)
  const verdict = await verifyAudit(db)
  assert.ok(verdict.ok, JSON.stringify(verdict))
  assert.ok(verdict.changes >= 10)
  await setHeld(db, 2, false, 60)
  assert.ok((await verifyAudit(db)).ok)
  using other = new DatabaseSync(path)
  other.exec("update sessions set agent = 'human' where id = 's1'")
  assert.deepEqual(await verifyAudit(db), {
    ok: false,
    table: 'sessions',
    row: '["s1"]',
    why: 'its agent is not what was written',
  })
})

function exchanged(table: string, a: number, b: number): string {
  const move = (from: number, to: number) => `update ${table} set id = ${to} where id = ${from};`
  return move(a, 99) + move(b, a) + move(99, b)
}

function cut(table: string, after: number): string {
  return `delete from ${table} where seq > ${after}; update sqlite_sequence set seq = ${after} where name = '${table}';`
}

/** Another value that the table takes. */
function differing(table: string, column: string, value: unknown): string | number {
  if (column === 'state')
    return table === 'tickets' ? (value === 'resolved' ? 'escalated' : 'open') : 'interrupted'
  if (column === 'phase') return 'clearing'
  if (typeof value === 'number') return value + 40
  if (/metrics|variant|meta|image|claim$/.test(column)) return '{"name":"another"}'
  return value === null && /_at$|until/.test(column) ? 1 : `${value}x`
}
