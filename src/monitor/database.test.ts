import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { folder, watch } from '../../test/standins/scripted.ts'

const standin = (name: string) => fileURLToPath(new URL(`../../test/standins/${name}`, import.meta.url))

test('a locked database is said, and what was seen meanwhile is stored when it is free', async () => {
  using dir = folder()
  await using m = watch([{ name: 'down' }], { path: dir.file('operator.db') })
  await m.observe({})
  const locker = spawn(process.execPath, [standin('locker.ts'), dir.file('operator.db')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(locker.stdout, 'data')
  await m.observe({ 'down/a': 'bad' })
  const message = `${dir.file('operator.db')}: database is locked`
  assert.deepEqual(m.events, [{ kind: 'trouble', message }])
  locker.stdin.end()
  await once(locker, 'close')
  await m.observe({})
  assert.deepEqual(await m.history(), ['1 opened by monitor', '1 resolved by self'])
})

test('so is a full disk, and nothing is lost', async () => {
  using dir = folder()
  const own = process.getuid?.() === 0 ? '-m' : '-Urm'
  const { stdout } = await promisify(execFile)('unshare', [
    own,
    process.execPath,
    standin('full-disk.ts'),
    dir.path,
  ])
  const { cycles, opened, resolved, troubles, refused, audit } = JSON.parse(stdout)
  const full = `${dir.file('operator.db')}: database or disk is full`
  assert.deepEqual(troubles, [full])
  assert.equal(refused, full)
  assert.deepEqual([opened, resolved], [cycles, cycles])
  assert.deepEqual([audit.ok, audit.entries], [true, 2])
})

test('a failure that is no matter of waiting does not hold up later looks', async () => {
  using dir = folder()
  await using m = watch([{ name: 'down' }], { path: dir.file('operator.db') })
  await m.observe({})
  await m.db.schema.alterTable('tickets').renameTo('elsewhere').execute()
  await m.observe({ 'down/a': 'bad' })
  assert.match(JSON.stringify(m.events), /no such table: tickets/)
  await m.db.schema.alterTable('elsewhere').renameTo('tickets').execute()
  await m.observe({})
  assert.deepEqual(await m.history(), [])
})
