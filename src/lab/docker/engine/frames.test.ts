import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unframed } from './frames.ts'

const frame = (type: number, text: string) => {
  const head = Buffer.alloc(8)
  head[0] = type
  head.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([head, Buffer.from(text)])
}

test('frames are put together again however they are cut up', () => {
  const all = Buffer.concat([frame(1, 'out'), frame(2, ''), frame(2, 'é'), frame(1, 'x'.repeat(70_000))])
  for (const size of [1, 3, 8, 9, 1_000, all.length]) {
    const heard = { stdout: '', stderr: '' }
    const read = unframed((stream, chunk) => {
      heard[stream] += chunk.toString()
    })
    for (let at = 0; at < all.length; at += size) read(all.subarray(at, at + size))
    assert.deepEqual(heard, { stdout: `out${'x'.repeat(70_000)}`, stderr: 'é' }, `${size} bytes at a time`)
  }
})
