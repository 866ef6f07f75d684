import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headAndTail } from './output.ts'

test('a short text stays as it is', () => {
  assert.equal(headAndTail('a\nb', 3), 'a\nb')
  assert.equal(headAndTail('', 0), '')
})

test('head and tail of a long one, cut at line ends, with what is left out', () => {
  const text = Array.from({ length: 1000 }, (_, at) => `line ${at}`).join('\n')
  const short = headAndTail(text, 1000)
  assert.match(short, /^line 0\n/)
  assert.match(short, /\nline 999$/)
  assert.ok(short.length < 1100)
  const [, bytes, lines] = /\n\[\.\.\. (\d+) bytes, (\d+) lines left out \.\.\.\]\n/.exec(short) ?? []
  const kept = short.replace(/\[\.\.\. .*\]\n/, '')
  assert.equal(Number(bytes), text.length - kept.length)
  assert.equal(Number(lines), 1000 - kept.split('\n').length)
  for (const line of kept.split('\n')) assert.match(line, /^line \d+$/)
})

test('one endless line, too, and no character is cut in two', () => {
  for (let chars = 40; chars < 48; chars++) {
    const short = headAndTail(`x${'😀'.repeat(1000)}`, chars)
    assert.ok(short.isWellFormed())
    assert.match(short, /bytes, 0 lines left out/)
  }
})

test('what was dropped before is counted with what is left out now, and the true end stays', () => {
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join('')
  const gapped = {
    head: lines(0, 500),
    tail: lines(9_500, 10_000),
    leftBytes: lines(500, 9_500).length,
    leftLines: 9_000,
  }
  const short = headAndTail(gapped, 1000)
  assert.match(short, /^line 0\n/)
  assert.match(short, /\nline 9999\n$/)
  const [mark = '', bytes, left] = /\[\.\.\. (\d+) bytes, (\d+) lines left out \.\.\.\]\n/.exec(short) ?? []
  const kept = short.replace(mark, '')
  assert.equal(Number(bytes), lines(0, 10_000).length - kept.length)
  assert.equal(Number(left), 10_000 - (kept.split('\n').length - 1))
  const whole = headAndTail({ head: 'a\n', tail: 'z\n', leftBytes: 7, leftLines: 2 }, 1000)
  assert.equal(whole, 'a\n[... 7 bytes, 2 lines left out ...]\nz\n')
})
