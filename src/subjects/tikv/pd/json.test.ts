import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, jsonOf } from './json.ts'

test('numbers beyond 2^53 keep all their digits, as text; others are numbers', () => {
  assert.deepEqual(
    jsonOf(
      '{"member_id": 13803658152347727308, "last_heartbeat": 1795382724490000001, "id": 4, "x": 1.5e300}',
    ),
    {
      member_id: '13803658152347727308',
      last_heartbeat: '1795382724490000001',
      id: 4,
      x: 1.5e300,
    },
  )
  assert.deepEqual(jsonOf('["13803658152347727308"]'), ['13803658152347727308'])
  for (const garbage of ['', 'redirect finds no leader\n', '{"a":', '<html>'])
    assert.equal(jsonOf(garbage), null)
})

test('sizes are text with a unit', () => {
  assert.equal(bytesOf('1.8TiB'), Math.round(1.8 * 1024 ** 4))
  assert.equal(bytesOf('0B'), 0)
  assert.equal(bytesOf('1024MiB'), 2 ** 30)
  assert.equal(bytesOf('1.5GB'), 1.5e9)
  for (const garbage of ['', '12', 'GiB', '1.8 apples', '-1GiB'])
    assert.equal(bytesOf(garbage), null, garbage)
})
