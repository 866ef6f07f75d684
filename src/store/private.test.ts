import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder } from '../../test/standins/scripted.ts'
import { newTicket } from '../../test/standins/tickets.ts'
import { openEvalDb, readEvalDb } from './eval/trials.ts'
import { openOperatorDb, readOperatorDb } from './operator/open.ts'
import { openTicket } from './operator/tickets.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test('only the owner may read a database, the files of SQLite beside it and the folders made for it', async () => {
  using dir = folder()
  const before = process.umask(0)
  try {
    for (const open of [openOperatorDb, openEvalDb]) {
      const home = dir.file(open.name)
      const path = join(home, 'deep', 'some.db')
      await using db = open(path)
      if (open === openOperatorDb) await openTicket(db as never, newTicket(), 1)
      const names = readdirSync(join(home, 'deep'))
      assert.deepEqual(names.filter((name) => /-wal|-shm/.test(name)).length, 2, `${names}`)
      if (open === openOperatorDb) assert.ok(names.includes('some.db-heads'))
      for (const name of names) assert.equal(modeOf(join(home, 'deep', name)), '600', name)
      assert.deepEqual([modeOf(home), modeOf(join(home, 'deep'))], ['700', '700'])
    }
  } finally {
    process.umask(before)
  }
})

test('a file of an older program that others may read becomes private; an existing folder stays as it is', async () => {
  using dir = folder()
  mkdirSync(dir.file('home'))
  chmodSync(dir.file('home'), 0o755)
  const path = dir.file('home/eval.db')
  await openEvalDb(path).destroy()
  chmodSync(path, 0o664)
  await using _other = openEvalDb(path)
  for (const end of ['', '-wal', '-shm']) chmodSync(path + end, 0o664)
  await using _db = openEvalDb(path)
  for (const end of ['', '-wal', '-shm']) assert.equal(modeOf(path + end), '600')
  assert.equal(modeOf(dir.file('home')), '755')
})

test('another user gets an error that says why, and no file is created', {
  skip: process.getuid?.() !== 0,
}, async () => {
  using dir = folder()
  chmodSync(dir.path, 0o755)
  await openEvalDb(dir.file('eval.db')).destroy()
  await openOperatorDb(dir.file('closed/operator.db')).destroy()
  process.seteuid?.(65_432)
  try {
    assert.throws(() => readEvalDb(dir.file('eval.db')), {
      name: 'BadInput',
      message: /another user and is private/,
    })
    assert.throws(() => readOperatorDb(dir.file('closed/operator.db')), {
      name: 'BadInput',
      message: /private/,
    })
  } finally {
    process.seteuid?.(0)
  }
  assert.ok(!existsSync(dir.file('eval.db-wal')))
})
