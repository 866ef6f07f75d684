import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addTicket } from '../../test/standins/desk.ts'
import { folder } from '../../test/standins/scripted.ts'
import { until } from '../../test/standins/until.ts'
import { changesSeenBy, watchDatabase } from './changes.ts'
import { openOperatorDb } from './operator/open.ts'

describe('changes of a database', () => {
  test('are told and seen when another connection writes, and not when it reads', async () => {
    using dir = folder()
    const path = dir.file('operator.db')
    await using ours = openOperatorDb(path)
    await using theirs = openOperatorDb(path)
    let told = 0
    using _watch = watchDatabase(path, () => told++)
    const isNew = changesSeenBy(ours)
    assert.deepEqual([await isNew(), await isNew()], [true, false])
    await theirs.selectFrom('tickets').selectAll().execute()
    assert.equal(await isNew(), false)
    await addTicket(theirs, 'c1', 'etcd-1')
    await until('it is told', () => told > 0)
    assert.deepEqual([await isNew(), await isNew()], [true, false])
  })

  test('our own are not news to us', async () => {
    using dir = folder()
    await using db = openOperatorDb(dir.file('operator.db'))
    const isNew = changesSeenBy(db)
    await isNew()
    await addTicket(db, 'c1', 'etcd-1')
    assert.equal(await isNew(), false)
  })

  test('of what has no file are told by nobody, and that is no error', () => {
    using dir = folder()
    watchDatabase(':memory:', () => undefined)[Symbol.dispose]()
    watchDatabase(dir.file('none.db'), () => undefined)[Symbol.dispose]()
  })
})
