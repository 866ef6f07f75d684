import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { folder } from '../../test/standins/scripted.ts'
import { BadInput } from '../core/errors.ts'
import { existingEvalDb, openEvalDb, readEvalDb } from './eval/trials.ts'
import { existingOperatorDb, openOperatorDb, readOperatorDb } from './operator/open.ts'
import { listTickets } from './operator/tickets.ts'
import { openDatabase } from './sqlite.ts'
import { openToRead } from './to-read.ts'

interface Things {
  things: { id: number }
}
const one = 'create table things (id integer primary key) strict'
const two = 'alter table things add column size integer'

/** An operator's database, closed. */
async function made(path: string): Promise<void> {
  await using db = openOperatorDb(path)
  assert.deepEqual(await listTickets(db), [])
}

describe('opening a database', () => {
  test('makes it and the folders on the way; later versions are added to what is there', async () => {
    using dir = folder()
    const path = dir.file('a/b/things.db')
    for (const migrations of [[one], [one, two], [one, two]]) {
      await using db = openDatabase<Things>(path, migrations)
      await db.insertInto('things').defaultValues().execute()
    }
    await using db = openDatabase<Things>(path, [one, two])
    const rows = await db.selectFrom('things').selectAll().execute()
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [1, 2, 3].map((id) => ({ id, size: null })),
    )
  })

  test('a migration that fails leaves the version that was there', async () => {
    using dir = folder()
    await openDatabase(dir.file('x.db'), [one]).destroy()
    assert.throws(
      () => openDatabase(dir.file('x.db'), [one, 'create table more (id integer); nonsense']),
      /syntax/,
    )
    await using db = openDatabase(dir.file('x.db'), [one, two])
    const tables = await sql<{ name: string }>`select name from sqlite_schema`.execute(db)
    assert.deepEqual(
      tables.rows.map(({ name }) => name),
      ['things'],
    )
  })

  test('a newer schema is refused, and not a byte is changed', async () => {
    using dir = folder()
    const path = dir.file('operator.db')
    await made(path)
    const newer = new DatabaseSync(path)
    newer.exec('pragma user_version = 99')
    newer.close()
    const before = readFileSync(path)
    assert.throws(() => openOperatorDb(path), {
      name: 'BadInput',
      message: /operator\.db: its schema is version 99, this program knows up to \d+; use a newer operator/,
    })
    assert.deepEqual(readFileSync(path), before)
    assert.deepEqual(readdirSync(dir.path), ['operator.db'])
  })

  test('what is something else is refused, and not a byte is changed', async () => {
    using dir = folder()
    writeFileSync(dir.file('text'), 'not a database, but long enough to look like one\n'.repeat(100))
    await openEvalDb(dir.file('eval.db')).destroy()
    const other = new DatabaseSync(dir.file('other.db'))
    other.exec('create table bookmarks (url text)')
    other.close()
    const cases = {
      text: /is not a database/,
      'eval.db': /another kind of database/,
      'other.db': /another kind of database/,
    }
    for (const [name, message] of Object.entries(cases)) {
      const before = readFileSync(dir.file(name))
      assert.throws(() => openOperatorDb(dir.file(name)), { name: 'BadInput', message })
      assert.deepEqual(readFileSync(dir.file(name)), before, name)
    }
    assert.throws(() => openOperatorDb(dir.path), { name: 'BadInput', message: /cannot open the database/ })
  })

  test('whoever only looks makes none', () => {
    using dir = folder()
    assert.throws(() => existingOperatorDb(dir.file('operator.db')), BadInput)
    assert.ok(!existsSync(dir.file('operator.db')))
  })

  test('an empty file is refused by whoever works on what is there, and stays empty', () => {
    using dir = folder()
    writeFileSync(dir.file('empty'), '')
    for (const open of [existingOperatorDb, readOperatorDb, existingEvalDb, readEvalDb])
      assert.throws(() => open(dir.file('empty')), {
        name: 'BadInput',
        message: /empty is empty, and not a data/,
      })
    assert.deepEqual(readdirSync(dir.path), ['empty'])
    assert.equal(readFileSync(dir.file('empty')).length, 0)
  })

  test('text and other databases are refused by whoever only reads, and not a byte is changed', () => {
    using dir = folder()
    writeFileSync(dir.file('text'), 'not a database, but long enough to look like one\n'.repeat(100))
    const other = new DatabaseSync(dir.file('other'))
    other.exec('create table bookmarks (url text)')
    other.close()
    for (const name of ['text', 'other']) {
      const before = readFileSync(dir.file(name))
      for (const open of [existingOperatorDb, readOperatorDb, existingEvalDb, readEvalDb])
        assert.throws(() => open(dir.file(name)), {
          name: 'BadInput',
          message: /not a database|another kind of database/,
        })
      assert.deepEqual(readFileSync(dir.file(name)), before, name)
    }
    assert.deepEqual(readdirSync(dir.path).sort(), ['other', 'text'])
  })

  test('an older schema stays as it is while somebody else has the file open, for readers and writers', async () => {
    using dir = folder()
    const path = dir.file('x.db')
    const versionIn = () => {
      using db = new DatabaseSync(path, { readOnly: true })
      return db.prepare('pragma user_version').get()?.user_version
    }
    {
      await using older = openDatabase<Things>(path, [one])
      await older.insertInto('things').values({ id: 7 }).execute()
      for (const open of [openDatabase, openToRead])
        assert.throws(() => open(path, [one, two]), {
          name: 'BadInput',
          message: /x\.db: its schema is version 1, this program's is 2, and another process has it open/,
        })
      assert.equal(versionIn(), 1)
      await older.insertInto('things').values({ id: 8 }).execute()
    }
    await using db = openToRead<Things>(path, [one, two]).db
    assert.deepEqual(
      (await db.selectFrom('things').selectAll().execute()).map((row) => ({ ...row })),
      [7, 8].map((id) => ({ id, size: null })),
    )
    assert.equal(versionIn(), 2)
    await assert.rejects(db.insertInto('things').values({ id: 9 }).execute(), /readonly/)
  })

  test('twelve processes at the same moment: one makes it, all can use it', async () => {
    using dir = folder()
    const file = fileURLToPath(new URL('../../test/standins/opener.ts', import.meta.url))
    const openers = Array.from({ length: 12 }, () => {
      const child = spawn(process.execPath, [file, dir.file('operator.db')], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      return { child, ready: once(child.stdout, 'data') }
    })
    await Promise.all(openers.map(({ ready }) => ready))
    const ends = openers.map(({ child }) => once(child, 'close'))
    for (const { child } of openers) child.stdin.end('go\n')
    assert.deepEqual(
      (await Promise.all(ends)).map(([code]) => code),
      Array(12).fill(0),
    )
  })
})

test('a transaction that fails leaves nothing, and says why it failed', async () => {
  await using db = openDatabase<Things>(':memory:', [one])
  const failing = db.transaction().execute(async (tx) => {
    await tx.insertInto('things').values({ id: 1 }).execute()
    await tx.insertInto('things').values({ id: 1 }).execute()
  })
  await assert.rejects(failing, /UNIQUE constraint failed/)
  assert.deepEqual(await db.selectFrom('things').selectAll().execute(), [])
})

test('an idle monitor’s writes do not make the log grow without end', async () => {
  using dir = folder()
  await using db = openDatabase<Things>(dir.file('x.db'), [one])
  await db.insertInto('things').values({ id: 1 }).execute()
  for (let i = 1; i < 5_000; i++) await db.updateTable('things').set({ id: i }).execute()
  assert.ok(readFileSync(dir.file('x.db-wal')).length < 6 * 2 ** 20)
})
