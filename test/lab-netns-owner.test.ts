import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../src/core/clock.ts'
import { rngFrom } from '../src/core/rng.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { foreignNamespaces, type Process, remains, treeOf } from './standins/processes.ts'
import { until } from './standins/until.ts'

const ownerFile = fileURLToPath(new URL('./standins/lab-owner.ts', import.meta.url))
const startOwner = (prefix: string[] = []): ChildProcess => {
  const [program = '', ...args] = [...prefix, process.execPath, ownerFile, 'netns']
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}
const idFrom = async (owner: ChildProcess): Promise<string> =>
  String((await once(owner.stdout as NonNullable<ChildProcess['stdout']>, 'data'))[0]).trim()

async function killAndCheckMachine(owner: ChildProcess): Promise<void> {
  const tree: Process[] = treeOf(owner.pid ?? 0)
  const namespaces = foreignNamespaces(tree)
  owner.kill('SIGKILL')
  if (owner.exitCode === null && owner.signalCode === null) await once(owner, 'exit')
  const left = () => remains(tree, namespaces)
  await until(`nothing of owner ${owner.pid} remains`, () => left().length === 0, 20_000)
}

describe('netns lab: the death of an owner', () => {
  test('kill -9 once it is up ends everything within a second', async () => {
    const owner = startOwner()
    const id = await idFrom(owner)
    assert.ok((await netns.list()).some((info) => info.id === id && info.ownerPid === owner.pid))
    assert.ok(treeOf(owner.pid ?? 0).length > 4)
    await killAndCheckMachine(owner)
    assert.ok(!(await netns.list()).some((info) => info.id === id))
  })

  test('so does kill -9 at any moment of the set-up', async () => {
    const rng = rngFrom(1)
    const lanes = Array.from({ length: 2 }, async () => {
      for (let i = 0; i < 12; i++) {
        const owner = startOwner()
        await once(owner, 'spawn')
        // From before the first process of the world to after the last; the lab is up after about 250 ms.
        await Promise.race([systemClock.sleep(60 + rng.int(300)), once(owner, 'exit')])
        await killAndCheckMachine(owner)
      }
    })
    await Promise.all(lanes)
  })

  test('a process inside that holds on to everything it can does not outlive it', async () => {
    const owner = startOwner()
    const cluster = await netns.attach(await idFrom(owner))
    const hold =
      'exec 5<>/proc/1/fd/0; trap "" TERM HUP INT PIPE; setsid sleep 987 & while :; do sleep 1; done'
    const [program = '', ...args] = cluster.enter([
      'setpriv',
      '--pdeathsig',
      'clear',
      'setsid',
      'bash',
      '-c',
      hold,
    ])
    const holder = spawn(program, args, { stdio: 'ignore' })
    await until(
      'it runs',
      async () => (await cluster.run('echo-1', ['pgrep', '-f', 'sleep 987'])).stdout !== '',
    )
    await killAndCheckMachine(owner)
    holder.kill('SIGKILL')
  })

  test('an ordinary user has a lab too, and root’s worlds are not seen by others', async (t) => {
    if (process.getuid?.() !== 0) return t.diagnostic('we are an ordinary user: every other test shows it')
    const other = ['setpriv', '--reuid=65432', '--regid=65432', '--clear-groups', '--']
    const readable = spawnSync(other[0] ?? '', [...other.slice(1), process.execPath, '--check', ownerFile])
    if (readable.status !== 0) return t.diagnostic('another user cannot read this checkout: not tried')
    accessSync(ownerFile, constants.R_OK)
    const owner = startOwner(other)
    const id = await idFrom(owner)
    assert.ok(!(await netns.list()).some((info) => info.id === id))
    await killAndCheckMachine(owner)
  })
})
