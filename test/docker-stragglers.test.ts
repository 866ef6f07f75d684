import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import type { Cluster } from '../src/lab/contract.ts'
import { docker } from '../src/lab/docker/docker.ts'
import { engine } from '../src/lab/docker/engine/engine.ts'
import { noDocker } from './standins/docker.ts'
import { smallTopology } from './standins/small-topology.ts'
import { until } from './standins/until.ts'

/** Says that it is there, and takes its time to end. */
const slowToEnd = `trap 'sleep 1; exit' TERM; echo up; while :; do sleep 0.05; done`
const dies = new URL('./standins/runs-and-dies.ts', import.meta.url).pathname

describe('what an engine would still do for somebody who has died', { skip: await noDocker() }, () => {
  let cluster: Cluster
  before(async () => {
    const small = smallTopology(1)
    const nodes = small.nodes.map((node) => ({ ...node, argv: ['bash', '-c', slowToEnd] }))
    cluster = await docker.up({ ...small, nodes }, { signal: new AbortController().signal })
  })
  after(() => cluster[Symbol.asyncDispose]())

  test('a program, and all that it started, ends with its caller', async () => {
    const found = async () => Number((await cluster.run('echo-1', ['pgrep', '-fc', '^sleep 4711'])).stdout)
    assert.equal(await found(), 0)
    const script = 'sleep 4711 & setsid sleep 4711 & wait'
    const caller = spawn(process.execPath, [dies, cluster.id, 'bash', '-c', script], { stdio: 'ignore' })
    await until('they run', async () => (await found()) === 2)
    caller.kill('SIGKILL')
    await once(caller, 'exit')
    await until('they have ended', async () => (await found()) === 0)
  })

  test('a node that was asked to end just before it is started runs afterwards', async () => {
    const ups = async () => (await cluster.logs('echo-1')).match(/^up$/gm)?.length ?? 0
    await until('it runs', async () => (await ups()) === 1)
    await engine().ask('POST', `/containers/${cluster.id}-echo-1/kill`, { query: { signal: 'SIGTERM' } })
    assert.equal(await cluster.state('echo-1'), 'running')
    await cluster.start('echo-1')
    await until('it runs again', async () => (await ups()) === 2)
    assert.equal(await cluster.state('echo-1'), 'running')
    await cluster.start('echo-1')
    assert.equal(await ups(), 2, 'one that only runs is left alone')
  })
})
