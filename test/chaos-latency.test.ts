import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { netns } from '../src/lab/netns/netns.ts'
import { latencyConformance } from './conformance/latency.ts'
import { processes, treeOf } from './standins/processes.ts'
import { until } from './standins/until.ts'

const { delay } = await netns.abilities()
const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8')
const owner = new URL('./standins/lab-owner.ts', import.meta.url).pathname

describe('a link made slow', { skip: delay.can ? false : delay.why }, () => {
  latencyConformance(netns, delay, async () => {
    const relays = treeOf(process.pid).filter(({ pid }) => commandOf(pid).startsWith('perl\0-e\0'))
    assert.equal(relays.length, 1)
    for (const { pid } of relays) process.kill(pid, 'SIGKILL')
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
