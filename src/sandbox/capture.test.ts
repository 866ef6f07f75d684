import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { capture } from './capture.ts'

function printed(maxBytes: number, ...chunks: (string | Buffer)[]) {
  const stream = new PassThrough()
  const captured = capture(stream, maxBytes)
  for (const chunk of chunks) stream.emit('data', Buffer.from(chunk))
  return captured.printed()
}

test('what fits is whole, also a character that came in two chunks', () => {
  assert.deepEqual(printed(100, 'one\n', 'two\n'), { head: 'one\ntwo\n' })
  const euro = Buffer.from('€')
  assert.deepEqual(printed(6, '12', euro.subarray(0, 1), euro.subarray(1)), { head: '12€' })
  assert.deepEqual(printed(10), { head: '' })
})

test('a flood keeps its beginning and its true end, and says what is missing', () => {
  const line = 'y\n'
  const chunks = Array.from({ length: 200 }, () => line.repeat(500))
  const { head, rest } = printed(1_000, 'begin\n', ...chunks, 'THE_END exit=3\n')
  assert.match(head, /^begin\n(y\n)+$/)
  assert.match(rest?.tail ?? '', /^(y\n)+THE_END exit=3\n$/)
  const total = 6 + 200_000 + 15
  assert.equal(rest?.leftBytes, total - head.length - (rest?.tail.length ?? 0))
  const lines = 1 + 100_000 + 1
  const shown = (head + rest?.tail).split('\n').length - 1
  assert.equal(rest?.leftLines, lines - shown)
})

test('one byte more than fits', () => {
  const { head, rest } = printed(8, '12345678', '9')
  assert.deepEqual([head, rest], ['1234', { tail: '6789', leftBytes: 1, leftLines: 0 }])
})

test('cuts fall between characters, and on line ends where one is near', () => {
  const { head, rest } = printed(9, '€'.repeat(10))
  assert.deepEqual([head, rest?.tail], ['€', '€'])
  assert.equal(rest?.leftBytes, 24)
  const lines = printed(40, `${'a'.repeat(15)}\n${'b'.repeat(60)}\n${'c'.repeat(15)}\n`)
  assert.deepEqual([lines.head, lines.rest?.tail], [`${'a'.repeat(15)}\n`, `${'c'.repeat(15)}\n`])
})
