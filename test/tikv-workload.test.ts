import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { rngFrom } from '../src/core/rng.ts'
import type { WorkloadSample } from '../src/core/watch/subject.ts'
import { connect } from '../src/subjects/tikv/observe/observe.ts'
import { rawKeyValue } from '../src/subjects/tikv/raw-kv.ts'
import { workload } from '../src/subjects/tikv/workload.ts'
import { type LocalTikv, startTikv } from './standins/tikv/local.ts'
import { until } from './standins/until.ts'

const never = new AbortController().signal
const load = { clients: 2, opsPerSecond: 30, seed: 3 }
/** Of the first client of each store, as its seed makes them. */
const run = (rngFrom(load.seed).int(2 ** 32) >>> 0).toString(16)
const tables = ['carts', 'orders', 'users']
const ownKeys = tables.map((table, store) => `${table}/${run}/${store}a0`)
const stores = ['tikv-1', 'tikv-2', 'tikv-3']

describe('tikv workload', () => {
  let cluster: LocalTikv
  const whole = () =>
    until(
      'every node serves and every region is led',
      async () => {
        await using connection = connect(cluster.endpoints)
        const { nodes } = await connection.observe(never)
        await systemClock.sleep(100)
        if (!Object.values(nodes).every(({ healthy }) => healthy)) return false
        // PD goes on showing the last leaders that it heard of: whether there are any, only a write can tell.
        using kv = rawKeyValue(cluster.endpoints)
        const written = await Promise.all(tables.map((table) => kv.put(`${table}/probe`, 'x', never)))
        return written.every((put) => put === 'acknowledged')
      },
      30_000,
    )
  before(async () => {
    cluster = await startTikv()
    await whole()
  })
  after(() => cluster[Symbol.asyncDispose]())

  /** Until somebody has succeeded again after `act`, which happens a second into the load. */
  async function loadedWhile(act: () => Promise<void>) {
    const running = workload(cluster.endpoints, load)
    const samples: WorkloadSample[] = []
    running.onSample((sample) => samples.push(sample))
    const succeeds = (sample: WorkloadSample | undefined) => (sample ? sample.ops > sample.failed : false)
    await until('it succeeds', () => succeeds(samples.at(-1)), 30_000)
    await act()
    const from = samples.length
    await until(
      'nobody fails any more',
      () => samples.slice(from).some((one) => succeeds(one) && one.failed === 0),
      30_000,
    )
    return running
  }

  test('nothing acknowledged is lost when stores are killed and come back, and when a PD is', async () => {
    const running = await loadedWhile(async () => {
      await cluster.kill('tikv-2')
      await cluster.kill('pd-1')
      cluster.start('tikv-2')
      cluster.start('pd-1')
    })
    const verdict = await running.stop(never)
    assert.ok(verdict.acknowledged > 10, JSON.stringify(verdict))
    assert.deepEqual([verdict.lostWrites, verdict.phantomReads, verdict.unreadable], [[], [], 0])
    await whole()
  })

  test('nor when all of them lose power at once', async () => {
    const running = await loadedWhile(async () => {
      await Promise.all(cluster.names.map((name) => cluster.kill(name)))
      for (const name of cluster.names) cluster.start(name)
    })
    const verdict = await running.stop(never)
    assert.deepEqual([verdict.lostWrites, verdict.phantomReads, verdict.unreadable], [[], [], 0])
    await whole()
  })

  test('what somebody else writes over it is seen', async () => {
    const running = workload(cluster.endpoints, load)
    const samples: WorkloadSample[] = []
    running.onSample((sample) => samples.push(sample))
    await until('two seconds of load', () => samples.length >= 2, 20_000)
    using kv = rawKeyValue(cluster.endpoints)
    for (const key of ownKeys) assert.equal(await kv.put(key, 'mine', never), 'acknowledged')
    const verdict = await running.stop(never)
    assert.ok(verdict.phantomReads.length + verdict.lostWrites.length > 0, JSON.stringify(verdict))
  })

  test('without a majority nothing is acknowledged, and a read says so', async () => {
    for (const name of stores.slice(1)) cluster.pause(name)
    using kv = rawKeyValue(cluster.endpoints)
    assert.notEqual(await kv.put('orders/alone', 'x', never), 'acknowledged')
    assert.deepEqual(await kv.get('orders/alone', never), { kind: 'failed' })
    for (const name of stores.slice(1)) cluster.resume(name)
    await whole()
  })
})
