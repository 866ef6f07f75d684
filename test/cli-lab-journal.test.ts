import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { keepJournal } from '../src/lab/journal.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { folder } from './standins/scripted.ts'
import { smallTopology } from './standins/small-topology.ts'
import { slowed } from './standins/until.ts'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

async function lab(args: string[], input = ''): Promise<{ code: number; err: string }> {
  // As a program that hides whose child it is.
  const { OPERATOR_SESSION: _, ...env } = process.env
  const child = spawn(process.execPath, [main, 'lab', ...args], {
    stdio: 'pipe',
    timeout: slowed(30_000),
    env,
  })
  let err = ''
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, err }
}

test('verbs say first what they do to a cluster whose owner keeps a journal, and do nothing without it', async () => {
  using place = folder()
  await using journal = await keepJournal(place.file('beside'))
  await using cluster = await netns.up(smallTopology(1), {
    signal: new AbortController().signal,
    journal: journal.path,
  })
  const isThere = async (file: string) => (await cluster.run('echo-1', ['test', '-e', file])).exitCode === 0
  const told = async () => (await journal.entries(0)).map(({ command }) => command)

  assert.equal((await lab(['exec', '--lab', cluster.id, 'echo-1', '--', 'touch', '/tmp/one'])).code, 0)
  assert.equal((await lab(['shell', '--lab', cluster.id], 'touch /tmp/two\n')).code, 0)
  assert.deepEqual(await Promise.all([isThere('/tmp/one'), isThere('/tmp/two')]), [true, true])
  assert.deepEqual(await told(), ['operator lab exec echo-1 -- touch /tmp/one', 'operator lab shell'])

  rmSync(journal.path)
  const refused = await lab(['exec', '--lab', cluster.id, 'echo-1', '--', 'touch', '/tmp/three'])
  assert.equal(refused.code, 1)
  assert.match(refused.err, /are recorded, and its journal cannot be written/)
  assert.equal(await isThere('/tmp/three'), false)
  assert.equal((await told()).at(-1), 'the journal was taken away')
})
