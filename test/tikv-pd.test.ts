import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from '../src/subjects/tikv/observe/observe.ts'
import { type Page, type Scripted, scripted } from './standins/scripted-http.ts'
import { everyStore, goodPd } from './standins/tikv/scripted-pd.ts'

const never = new AbortController().signal
const page = (body: string | undefined): Page | undefined => (body === undefined ? undefined : { body })
const good = (path: string) => page(goodPd[path])
const withPage = (path: string, answer: Page) => (asked: string) => (asked === path ? answer : good(asked))
const leaderless = (path: string): Page | undefined =>
  path === '/pd/api/v1/status' || path === '/metrics'
    ? good(path)
    : { status: 503, body: 'redirect finds no leader\n' }

async function observe(...pds: Scripted[]) {
  await using connection = connect(Object.fromEntries(pds.map(({ url }, i) => [`pd-${i + 1}`, { url }])))
  return await connection.observe(never)
}

describe('what PD says', () => {
  test('64-bit ids keep their digits, an omitted state is Up, sizes are text', async () => {
    await using pd = await scripted(good)
    const { cluster, nodes } = await observe(pd)
    assert.deepEqual(
      cluster.members?.map(({ name, id }) => `${name} ${id}`),
      ['pd-1 4720092715161199927', 'pd-2 15316378834655774191'],
    )
    assert.equal(cluster.leader, 'pd-2')
    assert.equal(nodes['pd-1']?.role, 'follower')
    const [removed, first, second] = cluster.stores ?? []
    assert.equal(removed?.state, 'Tombstone')
    assert.deepEqual(
      [first?.state, first?.capacityBytes, first?.availableBytes, first?.leaders],
      ['Up', Math.round(1.8 * 2 ** 40), Math.round(986.7 * 2 ** 30), 2],
    )
    assert.deepEqual(
      [second?.id, second?.state, second?.slowScore, second?.busy],
      ['9007199254740993', 'Disconnected', 80, true],
    )
    assert.deepEqual(cluster.scheduling, {
      running: ['balance-leader-scheduler', 'balance-region-scheduler'],
      paused: [],
      halted: false,
      zeroLimits: [],
    })
    assert.equal(cluster.operators, 1)
    assert.equal(cluster.regions, 3)
  })

  test('no list of regions is asked for, and what the leader answers is asked through one PD, once at a time', async () => {
    const pages = (path: string) => (path === everyStore ? ('hang' as const) : good(path))
    await using first = await scripted(pages)
    await using second = await scripted(pages)
    await using connection = connect({ 'pd-1': first, 'pd-2': second })
    for (let i = 0; i < 3; i++) assert.equal((await connection.observe(never)).cluster.stores, null)
    const asked = [...first.asked, ...second.asked]
    assert.equal(asked.filter((path) => path === everyStore).length, 1)
    assert.ok(!asked.some((path) => path.includes('/regions/check')))
    assert.equal(second.asked.filter((path) => path.includes('/stats/region')).length, 3, 'the leader itself')
  })

  test('503 is a PD without a leader; nothing else is known then', async () => {
    await using pd = await scripted(leaderless)
    const { cluster, nodes } = await observe(pd)
    const node = nodes['pd-1']
    assert.deepEqual(
      [node?.healthy, node?.reach, node?.kind === 'pd' && node.led],
      [false, 'answered', false],
    )
    assert.deepEqual(
      [cluster.stores, cluster.regions, cluster.members, cluster.scheduling],
      [null, null, null, null],
    )
    assert.equal(cluster.told, null)
  })

  test('each part comes from whoever has it: one hangs, one is gone, one has no leader, one is well', async () => {
    await using hanging = await scripted(() => 'hang')
    await using without = await scripted(leaderless)
    await using well = await scripted(good)
    const gone = await scripted(good)
    await gone[Symbol.asyncDispose]()
    const { cluster, nodes } = await observe(hanging, gone, without, well)
    assert.equal(cluster.stores?.length, 3)
    assert.equal(cluster.regions, 3)
    assert.deepEqual(
      Object.values(nodes).map(({ healthy }) => healthy),
      [false, false, false, true],
    )
  })

  test('garbage in one part is that part unknown, not the others', async () => {
    for (const body of ['', 'null', '[]', '{"stores":[{"store":{}}]}', '<html>', '{"count":"many"}']) {
      await using pd = await scripted(withPage(everyStore, { body }))
      const { cluster } = await observe(pd)
      assert.equal(cluster.stores, null, body)
      assert.equal(cluster.regions, 3)
    }
  })

  test('the number of requests does not depend on the number of stores', async () => {
    const count = async (stores: number) => {
      const one = '{"store":{"id":1,"address":"a:20160","state_name":"Up"},"status":{"capacity":"1GiB"}}'
      const body = `{"count":${stores},"stores":[${Array(stores).fill(one).join(',')}]}`
      await using pd = await scripted(withPage(everyStore, { body }))
      assert.equal((await observe(pd)).cluster.stores?.length, stores)
      return pd.asked.length
    }
    assert.equal(await count(1_000), await count(1))
  })
})

describe('what Prometheus says', () => {
  const answer = (value: string) =>
    JSON.stringify({
      status: 'success',
      data: {
        resultType: 'vector',
        result: ['tikv-1', 'tikv-2'].map((host) => ({
          metric: { instance: `${host}:20180`, store_id: host === 'tikv-1' ? '1' : '9007199254740993' },
          value: [1795382724.5, value],
        })),
      },
    })

  test('one query for each metric, for all stores; no number is unknown, and a series that appears with its first event is zero', async () => {
    await using pd = await scripted(good)
    await using prometheus = await scripted((path) => {
      if (path === '/-/healthy') return { body: 'Prometheus Server is Healthy.' }
      if (/tikv_raftstore_log_lag|critical_error/.test(path))
        return { body: '{"status":"success","data":{"resultType":"vector","result":[]}}' }
      if (path.includes('histogram_quantile')) return { body: answer('NaN') }
      return { body: answer('7.5') }
    })
    await using store = await scripted((path) => (path === '/status' ? { body: '' } : undefined))
    const endpoints = { 'pd-1': pd, 'tikv-1': store, 'tikv-2': store, prometheus }
    await using connection = connect(endpoints)
    await connection.observe(never)
    const before = prometheus.asked.length
    const { nodes } = await connection.observe(never)
    const queries = prometheus.asked.filter((path) => path.includes('query='))
    assert.equal(new Set(queries).size, queries.length, 'each once')
    assert.ok(queries.every((query) => query.includes(' by (') || query.includes('store_id')))
    assert.equal(
      prometheus.asked.length - before,
      1,
      'within five seconds nothing new is asked, but whether it is well',
    )
    const node = nodes['tikv-1']
    assert.ok(node?.kind === 'tikv' && node.recent)
    const { requestsPerSecond, requestP99Seconds, criticalErrors, logLagP99 } = node.recent
    assert.deepEqual([requestsPerSecond, requestP99Seconds, criticalErrors, logLagP99], [7.5, null, 0, 0])
    assert.equal(nodes.prometheus?.healthy, true)
    assert.ok(!store.asked.includes('/metrics'))
  })
})
