import assert from 'node:assert/strict'
import { appendFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder } from '../../test/standins/scripted.ts'
import { announce, keepJournal } from './journal.ts'

const entry = (at: number, command = 'operator lab exec etcd-1 -- true') => ({ at, command })

test('what is announced is told, in order, and only its keeper may read it', async () => {
  using place = folder()
  await using journal = await keepJournal(join(place.path, 'beside'))
  const cluster = { id: 'c', journal: journal.path }
  assert.deepEqual(await journal.entries(9), [])
  for (const at of [1, 2]) announce(cluster, entry(at))
  // One that was killed while it wrote.
  appendFileSync(journal.path, '{"at":3,"comm')
  assert.deepEqual(await journal.entries(9), [entry(1), entry(2)])
  assert.equal(statSync(journal.path).mode & 0o777, 0o600)
})

test('where nobody keeps one, nothing has to be said', () => {
  announce({ id: 'c' }, entry(1))
})

test('one that was taken away is missed, and nothing can be done without it', async () => {
  using place = folder()
  await using journal = await keepJournal(join(place.path, 'beside'))
  const cluster = { id: 'c', journal: journal.path }
  announce(cluster, entry(1))
  rmSync(journal.path)
  assert.throws(
    () => announce(cluster, entry(2)),
    /changes of cluster c are recorded, and its journal cannot be written/,
  )
  assert.deepEqual(await journal.entries(9), [entry(1), entry(9, 'the journal was taken away')])
})

test('a name that is taken is not written over', async () => {
  using place = folder()
  await using _first = await keepJournal(join(place.path, 'beside'))
  await assert.rejects(keepJournal(join(place.path, 'beside')), /EEXIST/)
})
