import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../src/core/clock.ts'
import { rngFrom } from '../src/core/rng.ts'
import { docker } from '../src/lab/docker/docker.ts'
import { leftOf, noDocker } from './standins/docker.ts'
import { processes } from './standins/processes.ts'
import { smallTopology } from './standins/small-topology.ts'
import { until } from './standins/until.ts'

const ownerFile = fileURLToPath(new URL('./standins/lab-owner.ts', import.meta.url))
const startOwner = (id: string): ChildProcess =>
  spawn(process.execPath, [ownerFile, 'docker', id], { stdio: ['ignore', 'pipe', 'inherit'] })

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

// Where keepers of this file have their folders, and nobody else.
process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'owners-'))
after(() => rmSync(tmpdir(), { recursive: true, force: true }))
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('engine-'))
const isGone = (id: string) =>
  until(
    `nothing of ${id} is left`,
    async () => (await leftOf(id)).length === 0 && folders().length === 0,
    60_000,
  )

describe('docker lab: the death of an owner', { skip: await noDocker() }, () => {
  test('kill -9 once it is up ends everything', async () => {
    const owner = startOwner('up-1')
    await once(owner.stdout as NonNullable<ChildProcess['stdout']>, 'data')
    assert.ok((await leftOf('up-1')).length >= 8)
    assert.ok((await docker.list()).some(({ id, ownerPid }) => id === 'up-1' && ownerPid === owner.pid))
    const { delay } = await docker.abilities()
    if (delay.can) await (await docker.attach('up-1')).delay('echo-1', { minMs: 50, maxMs: 50 })
    await killed(owner)
    await isGone('up-1')
  })

  test('so does kill -9 at any moment of the set-up', async () => {
    const rng = rngFrom(4)
    for (const id of ['early', 'middle', 'late']) {
      const owner = startOwner(id)
      await once(owner, 'spawn')
      // From its first steps to when it is up.
      await Promise.race([systemClock.sleep(400 + rng.int(2_000)), once(owner, 'exit')])
      await killed(owner)
      await isGone(id)
    }
  })

  test('when its keeper dies with it, the next cluster’s owner clears up', async () => {
    const owner = startOwner('orphan')
    await once(owner.stdout as NonNullable<ChildProcess['stdout']>, 'data')
    assert.ok((await leftOf('orphan')).length >= 8)
    const keeper = processes().find(({ parent }) => parent === owner.pid)
    process.kill(keeper?.pid ?? 0, 'SIGKILL')
    await killed(owner)
    await using next = await docker.up(smallTopology(1), { signal: new AbortController().signal })
    assert.deepEqual(await leftOf('orphan'), [])
    assert.equal(folders().length, 1)
    assert.ok((await leftOf(next.id)).length > 0)
  })
})
