import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode, encode } from './codec.ts'
import { getMembers, getRegion, getStore, healthCheck, rawGet, rawPut } from './messages.ts'
import { bool, bytes, many, message, one, string, strings, uint64 } from './schema.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const from = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('protobuf', () => {
  const test1 = message('test.Test1', { a: uint64(1) })

  test('writes and reads the examples of its own documentation', () => {
    assert.equal(hex(encode(test1, { a: '150' })), '089601')
    assert.deepEqual(decode(test1, from('08 96 01')), { a: '150' })
    const test2 = message('test.Test2', { b: string(2) })
    assert.equal(hex(encode(test2, { b: 'testing' })), '120774657374696e67')
    const test3 = message('test.Test3', { c: one(3, test1) })
    assert.equal(hex(encode(test3, { c: { a: '150' } })), '1a03089601')
    assert.deepEqual(decode(test3, from('1a 03 08 96 01')), { c: { a: '150' } })
  })

  test('keeps all 64 bits, lists in their order, and defaults for what is not there', () => {
    const all = message('test.All', {
      id: uint64(1),
      yes: bool(2),
      raw: bytes(3),
      names: strings(4),
      more: many(5, test1),
      none: one(6, test1),
    })
    const value = {
      id: String(2n ** 64n - 1n),
      yes: true,
      raw: Buffer.from([0, 255]),
      names: ['a', '', 'ü'],
      more: [{ a: '9007199254740993' }, { a: '0' }],
      none: null,
    }
    assert.deepEqual(decode(all, encode(all, value)), value)
    const empty = { id: '0', yes: false, raw: Buffer.alloc(0), names: [], more: [], none: null }
    assert.deepEqual(decode(all, Buffer.alloc(0)), empty)
  })

  test('skips what it does not know, and refuses what is cut off', () => {
    assert.deepEqual(decode(test1, from('78 01 79 0102030405060708 7a 02 ffff 7d 01020304 08 05')), {
      a: '5',
    })
    for (const bad of ['08', '0880', '12 05 61', '08 ff ff ff ff ff ff ff ff ff ff ff 01'])
      assert.throws(() => decode(test1, from(bad)), Error, bad)
  })
})

/** As another implementation of protobuf writes them, from the published files. */
describe('on the wire are', () => {
  const peer = { id: '11', storeId: '1' }
  const regionEpoch = { confVer: '5', version: '9007199254740993' }
  const clusterId = '18446744073709551615'
  const header = { clusterId, error: null }
  const empty = { regionError: null, error: '' }
  const noValue = { value: Buffer.alloc(0), notFound: false }

  test('requests', () => {
    const context = { regionId: '2', regionEpoch, peer }
    const put = { context, key: Buffer.from('k'), value: Buffer.from('v') }
    const wanted = '0a150802120b08051081808080808080101a04080b1001 12016b 1a0176'
    assert.equal(hex(encode(rawPut.request, put)), hex(from(wanted)))
    assert.equal(hex(encode(rawGet.request, { context, key: put.key })), hex(from(wanted.slice(0, -6))))
    const region = encode(getRegion.request, { header: { clusterId }, regionKey: Buffer.from('k') })
    assert.equal(hex(region), '0a0b08ffffffffffffffffff0112016b')
    const store = encode(getStore.request, { header: { clusterId }, storeId: '1' })
    assert.equal(hex(store), '0a0b08ffffffffffffffffff011001')
    assert.equal(hex(encode(getMembers.request, {})), '')
    assert.equal(hex(encode(healthCheck.request, {})), '')
  })

  test('answers of a store', () => {
    const notLeader = { regionId: '2', leader: peer }
    const wrong = { ...empty, regionError: { message: 'm', notLeader } }
    assert.deepEqual(decode(rawPut.answer, from('0a0d 0a016d 1208 0802 1204080b1001')), wrong)
    const get = (text: string) => decode(rawGet.answer, from(text))
    assert.deepEqual(get('1a0176'), { ...empty, ...noValue, value: Buffer.from('v') })
    assert.deepEqual(get('2001'), { ...empty, ...noValue, notFound: true })
    assert.deepEqual(get('120165'), { ...empty, ...noValue, error: 'e' })
    assert.deepEqual(decode(healthCheck.answer, from('0801')), { status: 1 })
  })

  test('answers of a PD, with more in them than we use', () => {
    const head = '0a0b08ffffffffffffffffff01'
    const [startKey, endKey] = [Buffer.from('a'), Buffer.from('z')]
    const region = { id: '2', startKey, endKey, regionEpoch, peers: [peer] }
    const told = `${head} 121b 0802 120161 1a017a 220b08051081808080808080 10 2a04080b1001 1a04080b1001 3204080b1001`
    assert.deepEqual(decode(getRegion.answer, from(told)), { header, region, leader: peer })
    const member = { name: 'pd-1', memberId: '7', peerUrls: ['p'], clientUrls: ['c', 'd'] }
    const one = '19 0a0470642d31 1007 1a0170 220163 220164 3a0676382e352e30'
    const members = decode(getMembers.answer, from(`${head} 12${one} 1a${one} 22${one}`))
    assert.deepEqual(members, { header, members: [member], leader: member })
    const store = from('0a1208ffffffffffffffffff01 12050803120178 120c 0801 1203733a31 1801 2a0138')
    assert.deepEqual(decode(getStore.answer, store), {
      header: { clusterId, error: { type: 3, message: 'x' } },
      store: { id: '1', address: 's:1' },
    })
  })
})
