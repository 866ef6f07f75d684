import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Workload, WorkloadSample } from '../src/core/watch/subject.ts'
import { connect } from '../src/subjects/etcd/observe/observe.ts'
import { workload } from '../src/subjects/etcd/workload.ts'
import { clientOf } from '../src/subjects/shared/client/client.ts'
import { type LocalEtcd, startEtcd } from './standins/etcd.ts'
import { slowed, until } from './standins/until.ts'

const never = new AbortController().signal
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** Behind the oracle's back, as root of the store. */
async function call(
  cluster: LocalEtcd,
  path: string,
  body: unknown,
): Promise<{ kvs?: { key: string; value: string; version: string }[] }> {
  using client = clientOf(cluster.endpoints['etcd-1']?.url ?? '')
  const reply = await client.ask({ method: 'POST', path, body, signal: AbortSignal.timeout(slowed(3_000)) })
  assert.equal(reply.kind === 'answered' && reply.status, 200, JSON.stringify(reply))
  return JSON.parse(reply.kind === 'answered' ? reply.body : '{}')
}

const everything = { key: base64('\0'), range_end: base64('\0') }

/** The key that sorts first. */
async function found(cluster: LocalEtcd, sort_target: string, sort_order: string) {
  const answer = await call(cluster, '/v3/kv/range', { ...everything, limit: '1', sort_target, sort_order })
  const [first] = answer.kvs ?? []
  assert.ok(first, 'something was written')
  return first
}

async function untilServing(cluster: LocalEtcd) {
  await using connection = connect(cluster.endpoints)
  await until(
    'every member serves',
    async () => Object.values((await connection.observe(never)).nodes).every(({ healthy }) => healthy),
    20_000,
  )
}

/** Runs until every client has had its turn several times. */
async function loaded(cluster: LocalEtcd, seed: number) {
  const load = workload(cluster.endpoints, { clients: 2, opsPerSecond: 50, seed })
  const samples: WorkloadSample[] = []
  load.onSample((sample) => samples.push(sample))
  await until('two seconds of load', () => samples.length >= 2, 15_000)
  return { load, samples }
}

describe('etcd workload', () => {
  let cluster: LocalEtcd
  before(async () => {
    cluster = await startEtcd()
  })
  beforeEach(async () => {
    await untilServing(cluster)
    await call(cluster, '/v3/kv/deleterange', everything)
  })
  after(() => cluster[Symbol.asyncDispose]())

  async function verdictAfter(seed: number, action: (load: Workload) => Promise<unknown>) {
    const { load } = await loaded(cluster, seed)
    await action(load)
    return load.stop(never)
  }

  test('an honest cluster loses nothing, and its samples add up', async () => {
    const { load, samples } = await loaded(cluster, 1)
    const verdict = await load.stop(never)
    assert.deepEqual(verdict.lostWrites, [])
    assert.deepEqual(verdict.phantomReads, [])
    assert.equal(verdict.unreadable, 0)
    assert.ok(verdict.acknowledged > 50, `${verdict.acknowledged} acknowledged`)
    assert.ok(samples.every(({ ops, p50Ms, p99Ms }) => ops > 50 && (p50Ms ?? 0) <= (p99Ms ?? 0)))
    assert.ok(samples.reduce((sum, { ops }) => sum + ops, 0) <= verdict.ops)
    assert.equal(verdict.failed, 0)
    assert.deepEqual(await load.stop(never), verdict, 'asking again changes nothing')
  })

  test('a key that is deleted behind its back is a lost write', async () => {
    const { lostWrites, phantomReads } = await verdictAfter(2, async (load) => {
      await load[Symbol.asyncDispose]()
      await call(cluster, '/v3/kv/deleterange', { key: (await found(cluster, 'VERSION', 'ASCEND')).key })
    })
    assert.equal(lostWrites.length, 1)
    assert.deepEqual(phantomReads, [])
    assert.match(lostWrites[0] ?? '', /was acknowledged, nothing was found/)
  })

  test('a value that nobody wrote is a phantom', async () => {
    const { lostWrites, phantomReads } = await verdictAfter(3, async (load) => {
      await load[Symbol.asyncDispose]()
      const { key } = await found(cluster, 'MOD', 'DESCEND')
      await call(cluster, '/v3/kv/put', { key, value: base64('{"session":"0","item":1}') })
    })
    assert.equal(phantomReads.length, 1)
    assert.deepEqual(lostWrites, [])
  })

  test('an older acknowledged value is a lost write', async () => {
    const { lostWrites } = await verdictAfter(4, async (load) => {
      await load[Symbol.asyncDispose]()
      const { key, value: newest } = await found(cluster, 'VERSION', 'DESCEND')
      const value = Buffer.from(newest, 'base64').toString()
      const older = value.replace(/"item":\d+/, '"item":1')
      await call(cluster, '/v3/kv/put', { key, value: base64(older) })
    })
    assert.equal(lostWrites.length, 1)
  })

  test('a member that dies and one that hangs lose nothing, and the load goes on', async () => {
    const { load, samples } = await loaded(cluster, 5)
    await cluster.kill('etcd-1')
    await until('failures are counted', () => (samples.at(-1)?.failed ?? 0) > 0, 30_000)
    cluster.start('etcd-1')
    await untilServing(cluster)
    cluster.pause('etcd-2')
    const from = samples.length
    await until(
      'failures are counted again',
      () => samples.slice(from).some(({ failed }) => failed > 0),
      30_000,
    )
    cluster.resume('etcd-2')
    await until('the load is well again', () => samples.at(-1)?.failed === 0, 20_000)
    const verdict = await load.stop(never)
    assert.deepEqual([verdict.lostWrites, verdict.phantomReads, verdict.unreadable], [[], [], 0])
    assert.ok(verdict.failed > 0)
  })
})

test('a cluster that was wiped has lost every acknowledged write', async () => {
  await using cluster = await startEtcd(1)
  await untilServing(cluster)
  const load = await written(cluster)
  await call(cluster, '/v3/kv/deleterange', everything)
  assert.equal((await load.stop(never)).lostWrites.length, 8)
})

test('a cluster that is gone proves nothing', async () => {
  await using cluster = await startEtcd(1)
  await untilServing(cluster)
  const load = await written(cluster)
  await cluster.kill('etcd-1')
  const { lostWrites, unreadable } = await load.stop(never)
  assert.deepEqual({ lostWrites, unreadable }, { lostWrites: [], unreadable: 8 })
})

/** A load that ended after all of its eight keys were written. */
async function written(cluster: LocalEtcd): Promise<Workload> {
  const load = workload(cluster.endpoints, { clients: 1, opsPerSecond: 50, seed: 6 }, { readBackMs: 1000 })
  // A client does one thing at a time: when the newest write is a second one, every first one was acknowledged.
  const newest = { ...everything, sort_target: 'MOD', sort_order: 'DESCEND' }
  const isWritten = async () => {
    const { kvs = [] } = await call(cluster, '/v3/kv/range', newest)
    return kvs.length === 8 && kvs[0]?.version !== '1'
  }
  await until('every key is written', isWritten, 15_000)
  await load[Symbol.asyncDispose]()
  return load
}
