import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import { type EvalHome, evalHome, pastCampaign } from '../../test/standins/stored-trials.ts'
import { viewerOf } from '../../test/standins/viewing.ts'
import { evalMigrations } from '../store/eval/schema.ts'
import { openDatabase } from '../store/sqlite.ts'

/** A folder in which nothing can be written but by root, with this file in it. */
async function closedFolder(fill: (path: string) => void | Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), 'closed-'))
  const path = join(folder, 'eval.db')
  await fill(path)
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o444)
  chmodSync(folder, 0o555)
  return {
    path,
    names: () => readdirSync(folder).sort(),
    [Symbol.dispose]: () => {
      chmodSync(folder, 0o755)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A viewer that runs as a user without rights. */
async function viewWithoutReaders(path: string) {
  const script = join(import.meta.dirname, '../../test/standins/as-nobody.ts')
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const [said] = await Promise.race([once(child.stdout, 'data'), ended.then(() => ['{}'])])
  const { url, campaigns } = JSON.parse(String(said)) as { url: string; campaigns: number }
  return {
    campaigns,
    page: async (path = '') => (await fetch(url + path)).text(),
    [Symbol.asyncDispose]: async () => {
      child.stdin.end()
      await ended
    },
  }
}

suite('a database that nobody may write beside', () => {
  const undo = new AsyncDisposableStack()
  let home: EvalHome
  before(async () => {
    home = undo.use(evalHome())
    await pastCampaign(home.db, [{}, {}], 'kept')
    // All of it is in the file itself.
    home.vacuum()
    using db = new DatabaseSync(home.path)
    db.exec('pragma wal_checkpoint(truncate)')
  })
  after(() => undo.disposeAsync())

  test('is shown as a snapshot; later writes to the file are mentioned', async () => {
    using place = await closedFolder((path) => copyFileSync(home.path, path))
    await using view = await viewWithoutReaders(place.path)
    assert.equal(view.campaigns, 1)
    const page = await view.page()
    assert.match(page, /kept/)
    assert.match(page, /A snapshot of \d{4}-.* cannot be written to/)
    assert.match(await view.page('t/1'), /A snapshot of/)
    assert.deepEqual(place.names(), ['eval.db'])
    chmodSync(join(place.path, '..'), 0o755)
    chmodSync(place.path, 0o644)
    {
      using writer = new DatabaseSync(place.path)
      writer.exec("update campaigns set name = 'other'")
    }
    assert.match(await view.page(), /was written to since/)
  })

  test('includes the last transactions in the log beside it', async () => {
    await pastCampaign(home.db, [{}], 'in the log')
    using place = await closedFolder((path) => {
      for (const end of ['', '-wal']) copyFileSync(home.path + end, path + end)
    })
    assert.ok(readFileSync(`${place.path}-wal`).length > 0)
    await using view = await viewWithoutReaders(place.path)
    const page = await view.page()
    assert.match(page, /in the log/)
    assert.match(page, /A snapshot of/)
    assert.deepEqual(place.names(), ['eval.db', 'eval.db-wal'])
  })

  test('of an older schema: a copy is upgraded, and the file is not changed', async () => {
    using place = await closedFolder(async (path) => {
      await openDatabase(path, evalMigrations.slice(0, 1)).destroy()
      using db = new DatabaseSync(path)
      db.exec("insert into campaigns (name, spec, seed, started_at) values ('of old', '{}', 1, 1000)")
      db.exec('pragma journal_mode = delete')
    })
    const before = readFileSync(place.path)
    await using view = await viewWithoutReaders(place.path)
    assert.match(await view.page(), /of old/)
    assert.deepEqual(readFileSync(place.path), before)
    assert.deepEqual(place.names(), ['eval.db'])
  })
})

test('a database that is taken away, or replaced, while it is shown: the pages say so', async () => {
  await using home = evalHome()
  await pastCampaign(home.db, [{}], 'still shown')
  await using viewer = await viewerOf({ evalDb: home.path })
  const page = async () => (await fetch(viewer.url)).text()
  assert.doesNotMatch(await page(), /class="warning notice"/)
  renameSync(home.path, `${home.path}.away`)
  assert.match(await page(), /eval\.db is gone\..*still shown/s)
  copyFileSync(`${home.path}.away`, home.path)
  assert.match(await page(), /is another file than when the viewer was started/)
  rmSync(home.path)
  renameSync(`${home.path}.away`, home.path)
  assert.doesNotMatch(await page(), /class="warning notice"/)
})
