import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { netns } from '../src/lab/netns/netns.ts'
import { latencyConformance } from './conformance/latency.ts'
import { echoArena, sharedCluster } from './standins/arena.ts'
import { processes, treeOf } from './standins/processes.ts'
import { until } from './standins/until.ts'

const { delay } = await netns.abilities()
const owner = new URL('./standins/lab-owner.ts', import.meta.url).pathname

describe('a link made slow', { skip: delay.can ? false : delay.why }, () => {
  latencyConformance(netns, delay)

  const byQueue = delay.can && delay.by === 'queue'
  test('a relay that died lets everything through, and its rule goes', { skip: !byQueue }, async () => {
    await using shared = sharedCluster(netns, echoArena)
    const cluster = await shared.get()
    const before = new Set(treeOf(process.pid).map(({ pid }) => pid))
    await cluster.delay('echo-2', { minMs: 9_000, maxMs: 9_000 })
    const relays = treeOf(process.pid).filter(({ pid }) => !before.has(pid))
    assert.equal(relays.length, 1)
    for (const { pid } of relays) process.kill(pid, 'SIGKILL')
    await shared.untilWhole(cluster)
    assert.equal(await cluster.isDelayed('echo-2'), true)
    await cluster.undelay('echo-2')
    assert.equal(await cluster.isDelayed('echo-2'), false)
  })

  test('ends with its cluster, whose owner may be killed', async () => {
    const child = spawn(process.execPath, [owner, 'netns'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const id = String((await once(child.stdout, 'data'))[0]).trim()
    const cluster = await netns.attach(id)
    const known = new Set([...processes(), ...treeOf(child.pid ?? 0)].map(({ pid }) => pid))
    const ours = () => new Set(treeOf(process.pid).map(({ pid }) => pid))
    await cluster.delay('echo-1', { minMs: 50, maxMs: 50 })
    const relays = [...ours()].filter((pid) => !known.has(pid))
    assert.ok(relays.length <= 1, `${relays.length} processes`)
    const alive = () => processes().filter(({ pid }) => relays.includes(pid))
    assert.equal(alive().length, relays.length)
    child.kill('SIGKILL')
    await until('the relay is gone', () => alive().length === 0, 3_000)
  })
})
