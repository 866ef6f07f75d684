import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { systemClock } from '../../../core/clock.ts'
import { logFollower } from './log-file.ts'

const never = new AbortController().signal
const entry = (level: string, message: string) =>
  `[2026/11/22 21:01:55.570 +00:00] [${level}] [a.rs:1] ["${message}"]\n`
const error = entry('ERROR', 'no')
const info = entry('INFO', 'fine')

describe('a log on disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'))
  after(() => rmSync(folder, { recursive: true }))
  const errorsOf = async (follow: ReturnType<typeof logFollower>) => (await follow(never))?.errors

  test('is followed from its end on, over rotation by name and by truncation', async () => {
    const path = join(folder, 'a.log')
    writeFileSync(path, error + error)
    const follow = logFollower(path, systemClock)
    assert.equal(await errorsOf(follow), 0)
    appendFileSync(path, error + error.slice(0, 30))
    assert.equal(await errorsOf(follow), 0, 'what follows might still belong to it')
    appendFileSync(path, error.slice(30) + info)
    assert.equal(await errorsOf(follow), 2)
    renameSync(path, `${path}.1`)
    assert.equal(await follow(never), null)
    writeFileSync(path, error + info)
    assert.equal(await errorsOf(follow), 3)
    truncateSync(path, 0)
    appendFileSync(path, error)
    assert.equal(await errorsOf(follow), 3)
    appendFileSync(path, info)
    assert.equal(await errorsOf(follow), 4)
  })

  test('of which a flood came is read at its end', async () => {
    const path = join(folder, 'flood.log')
    writeFileSync(path, '')
    const follow = logFollower(path, systemClock)
    await follow(never)
    writeFileSync(path, `${'\0garbage\n'.repeat(200_000)}${error}${info}`)
    assert.equal(await errorsOf(follow), 1)
  })

  test('that is a link, a pipe or not there is not read, and holds nobody up', async () => {
    writeFileSync(join(folder, 'secret'), error)
    symlinkSync(join(folder, 'secret'), join(folder, 'link'))
    execFileSync('/usr/bin/mkfifo', [join(folder, 'pipe')])
    for (const name of ['link', 'pipe', 'none', '.'])
      assert.equal(await logFollower(join(folder, name), systemClock)(never), null, name)
  })
})
