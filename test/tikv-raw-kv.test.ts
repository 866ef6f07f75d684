import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { rawKeyValue } from '../src/subjects/tikv/raw-kv.ts'
import { getMembers, getRegion, getStore, rawGet, rawPut } from '../src/subjects/tikv/wire/messages.ts'
import { liar, lies } from '../src/testing/liar.ts'
import { freePorts } from './standins/etcd.ts'
import { faults, faulty } from './standins/tikv/faulty.ts'
import { grpcServer, on, portOf, Refusal } from './standins/tikv/serve.ts'

const never = new AbortController().signal
const [first, second] = [
  { id: '11', storeId: '1' },
  { id: '12', storeId: '2' },
]

/** A PD that knows one region, led by the first store as far as it knows, and where the stores are. */
async function pdOf(addresses: Record<string, string>) {
  const [port = 0] = await freePorts(1)
  const address = `127.0.0.1:${port}`
  const header = { clusterId: '18446744073709551615', error: null }
  const leader = { name: 'pd-1', memberId: '1', peerUrls: [], clientUrls: [`http://${address}`] }
  const grpc = grpcServer([
    on(getMembers, () => ({ header, members: [leader], leader })),
    on(getRegion, (request) => {
      if (request.header?.clusterId !== header.clusterId)
        throw new Refusal(status.FAILED_PRECONDITION, 'mismatch cluster id')
      const [startKey, endKey] = [Buffer.from('a'), Buffer.from('z')]
      const region = { id: '2', startKey, endKey, regionEpoch: { confVer: '5', version: '9007199254740993' } }
      return { header, region: { ...region, peers: [first, second] }, leader: first }
    }),
    on(getStore, ({ storeId }) => ({
      header,
      store: { id: storeId, address: addresses[storeId] ?? '' },
    })),
  ])
  const server = portOf(address, { grpc })
  await server.open()
  return { endpoints: { 'pd-1': { url: `http://${address}` } }, [Symbol.asyncDispose]: () => server.close() }
}

interface RegionError {
  message: string
  notLeader: { regionId: string; leader: typeof first | null } | null
}
type Put = (count: number) => { regionError?: RegionError; error?: string }

/** A store; `put` says what it answers to the first write, the second and so on. */
async function storeThat(put: Put) {
  const [port = 0] = await freePorts(1)
  const address = `127.0.0.1:${port}`
  let seen = 0
  const contexts: unknown[] = []
  const grpc = grpcServer([
    on(rawPut, ({ context }) => {
      contexts.push(context)
      return put(seen++)
    }),
    on(rawGet, () => ({ ...put(seen++), notFound: true })),
  ])
  const server = portOf(address, { grpc })
  await server.open()
  return { address, contexts, seen: () => seen, [Symbol.asyncDispose]: () => server.close() }
}

const region = (message: string, notLeader: RegionError['notLeader'] = null) => ({
  regionError: { message, notLeader },
})

async function putTo(addresses: Record<string, string>) {
  await using pd = await pdOf(addresses)
  using kv = rawKeyValue(pd.endpoints)
  return await kv.put('key', 'value', never)
}

describe('a write is', { concurrency: 2 }, () => {
  // The first one waits for the library to be loaded.
  before(async () => {
    await using store = await storeThat(() => ({}))
    await putTo({ 1: store.address })
  })

  test('acknowledged, once, with the epoch and the peer that PD told', async () => {
    await using store = await storeThat(() => ({}))
    assert.deepEqual([await putTo({ 1: store.address }), store.seen()], ['acknowledged', 1])
    const epoch = { confVer: '5', version: '9007199254740993' }
    assert.deepEqual(store.contexts, [{ regionId: '2', regionEpoch: epoch, peer: first }])
  })

  test('acknowledged by the store that another one says is the leader', async () => {
    const elsewhere = { regionId: '2', leader: second }
    await using old = await storeThat(() => region('not leader', elsewhere))
    await using leader = await storeThat(() => ({}))
    assert.equal(await putTo({ 1: old.address, 2: leader.address }), 'acknowledged')
    assert.deepEqual([old.seen(), leader.seen()], [1, 1])
  })

  test('acknowledged by a store that leads again', async () => {
    await using store = await storeThat((n) =>
      n === 0 ? region('not leader', { regionId: '2', leader: null }) : {},
    )
    assert.deepEqual([await putTo({ 1: store.address }), store.seen()], ['acknowledged', 2])
  })

  const unproven: Record<string, Put> = {
    'an error of a region that may be of its end': () => region('stale command'),
    'an error of its own': () => ({ error: 'engine is on fire' }),
    'a status': () => {
      throw new Refusal(status.UNAVAILABLE, 'not ready')
    },
  }
  for (const [what, put] of Object.entries(unproven)) {
    test(`of unknown fate after ${what}, and not sent again`, async () => {
      await using store = await storeThat(put)
      assert.deepEqual([await putTo({ 1: store.address }), store.seen()], ['perhaps', 1])
    })
  }

  for (const [what, fault] of Object.entries(faults)) {
    test(`of unknown fate when the store ${what}, and not sent again`, async () => {
      await using store = await faulty(fault)
      assert.deepEqual([await putTo({ 1: store.address }), store.read()], ['perhaps', 1])
    })
  }

  test('certainly none when the store is not there, or accepts and never greets', async () => {
    const [port = 0] = await freePorts(1)
    await using silent = await liar(lies['never answers'])
    for (const address of [`127.0.0.1:${port}`, `127.0.0.1:${silent.port}`, 'nobody.invalid:1'])
      assert.equal(await putTo({ 1: address }), 'no', address)
  })

  test('certainly none when PD is not there, or knows no store', async () => {
    const [port = 0] = await freePorts(1)
    using kv = rawKeyValue({ 'pd-1': { url: `http://127.0.0.1:${port}` } })
    assert.deepEqual([await kv.put('key', 'value', never), await putTo({})], ['no', 'no'])
  })
})

test('a read that fails in any way is no value', async () => {
  for (const fault of ['is UNAVAILABLE', 'resets the connection', 'sends no protobuf']) {
    await using store = await faulty(faults[fault] ?? (() => undefined))
    await using pd = await pdOf({ 1: store.address })
    using kv = rawKeyValue(pd.endpoints)
    assert.deepEqual(await kv.get('key', never), { kind: 'failed' }, fault)
  }
  await using store = await storeThat(() => ({}))
  await using pd = await pdOf({ 1: store.address })
  using kv = rawKeyValue(pd.endpoints)
  assert.deepEqual(await kv.get('key', never), { kind: 'value', value: null })
})
