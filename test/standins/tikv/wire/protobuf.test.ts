import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bool, bytes, many, message, one, text, texts, uint64 } from './protobuf.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const from = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('protobuf', () => {
  test('writes and reads the examples of its own documentation', () => {
    const test1 = message({ a: uint64(1) })
    assert.equal(hex(test1.encode({ a: 150n })), '089601')
    assert.deepEqual(test1.decode(from('08 96 01')), { a: 150n })
    const test2 = message({ b: text(2) })
    assert.equal(hex(test2.encode({ b: 'testing' })), '120774657374696e67')
    assert.deepEqual(test2.decode(from('12 07 74 65 73 74 69 6e 67')), { b: 'testing' })
    const test3 = message({ c: one(3, test1) })
    assert.equal(hex(test3.encode({ c: { a: 150n } })), '1a03089601')
    assert.deepEqual(test3.decode(from('1a 03 08 96 01')), { c: { a: 150n } })
  })

  test('keeps all 64 bits, lists in their order, and defaults for what is not there', () => {
    const inner = message({ id: uint64(1) })
    const all = message({
      ...{
        id: uint64(1),
        yes: bool(2),
        raw: bytes(3),
        names: texts(4),
        more: many(5, inner),
        none: one(6, inner),
      },
    })
    const value = {
      id: 2n ** 64n - 1n,
      yes: true,
      raw: Buffer.from([0, 255]),
      names: ['a', '', 'b'],
      more: [{ id: 9_007_199_254_740_993n }, { id: 0n }],
      none: null,
    }
    const back = all.decode(all.encode(value))
    assert.deepEqual({ ...back, raw: Buffer.from(back.raw) }, value)
    const empty = { id: 0n, yes: false, raw: new Uint8Array(), names: [], more: [], none: null }
    assert.deepEqual(all.decode(Buffer.alloc(0)), empty)
  })

  test('skips what it does not know, of every wire type', () => {
    const known = message({ a: uint64(1) })
    assert.deepEqual(known.decode(from('7801 79 0102030405060708 7a 02 ffff 7d 01020304 08 05')), { a: 5n })
    assert.deepEqual(known.decode(from('08 01 08 02')), { a: 2n }, 'the last one holds')
  })

  test('refuses what is cut off or of another type', () => {
    const known = message({ a: uint64(1), b: text(2) })
    for (const bad of [
      '08',
      '0880',
      '12 05 61',
      '12 01',
      '0b',
      '08 ff ff ff ff ff ff ff ff ff ff ff 01',
      '0a 01 61',
      '10 01',
    ])
      assert.throws(() => known.decode(from(bad)), RangeError, bad)
  })
})
