import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { addTicket } from '../../test/standins/desk.ts'
import { folder } from '../../test/standins/scripted.ts'
import { slowed } from '../../test/standins/until.ts'
import { existingOperatorDb, openOperatorDb } from './operator/open.ts'

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))

function operator(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    timeout: slowed(60_000),
  })
  return { status, stdout, stderr }
}

/** A database with something in it, closed. */
async function filled(path: string): Promise<string> {
  await using db = openOperatorDb(path)
  for (let i = 0; i < 200; i++) await addTicket(db, 'c1', `node-${i}`, 'x'.repeat(500))
  return path
}

describe('a database that cannot be used', () => {
  test('is refused where no folder can be made, at once', () => {
    for (const path of ['/proc/nope/x.db', '/proc/nope/deeper/x.db', '/dev/null/x.db']) {
      const args = [
        'monitor',
        'run',
        '--subject',
        'etcd',
        '--endpoints',
        'a=http://127.0.0.1:1',
        '--db',
        path,
      ]
      const { status, stderr } = operator(...args)
      assert.equal(status, 2, stderr)
      assert.ok(stderr.includes(`cannot open the database ${path}: `), stderr)
    }
  })

  test('is a folder, and is called one', async () => {
    using dir = folder()
    assert.throws(() => existingOperatorDb(dir.path), /is a folder, and not a database/)
  })

  test('was cut off or overwritten: its file is named, and what to do', async () => {
    using dir = folder()
    const whole = await filled(dir.file('whole.db'))
    const bytes = readFileSync(whole)
    const damages: Record<string, (path: string) => void> = {
      cut: (path) => truncateSync(path, Math.floor(bytes.length / 8192) * 4096),
      overwritten: (path) => writeFileSync(path, Buffer.from(bytes).fill(0x5a, 4096, bytes.length - 4096)),
    }
    for (const [name, damage] of Object.entries(damages)) {
      const path = dir.file(`${name}.db`)
      writeFileSync(path, bytes)
      damage(path)
      const { status, stderr } = operator('tickets', 'list', '--db', path)
      assert.equal(status, 2, stderr)
      assert.match(stderr, new RegExp(`${path} is damaged .*put a copy in its place`))
    }
  })

  test('on a full disk is read all the same', {
    skip: process.getuid?.() === 0 ? false : 'needs root to mount a disk',
  }, async () => {
    using dir = folder()
    const disk = dir.file('disk')
    mkdirSync(disk)
    const script = `mount -t tmpfs -o size=2m none "$1" && cp "$2" "$1/operator.db" && ! cat /dev/zero >"$1/filler" 2>/dev/null
      exec "$3" "$4" tickets list --db "$1/operator.db" --json`
    const whole = await filled(dir.file('whole.db'))
    const argv = ['--mount', 'sh', '-c', script, 'sh', disk, whole, process.execPath, main]
    const { status, stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.equal(JSON.parse(stdout).length, 100)
  })
})
