import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wellFormed, wellFormedJson } from './text.ts'

test('only what UTF-8 has no bytes for is replaced', () => {
  const cases: [string, string][] = [
    ['echo \ud800x', 'echo \ufffdx'],
    ['\udc00\ud800', '\ufffd\ufffd'],
    ['\u{1f600}', '\u{1f600}'],
    ['a\0b \ufeff \ufffe \r\n e\u0301', 'a\0b \ufeff \ufffe \r\n e\u0301'],
  ]
  for (const [text, kept] of cases) {
    assert.equal(wellFormed(text), kept)
    assert.equal(Buffer.from(kept).toString(), kept)
  }
})

test('JSON is well-formed in its values and its keys, also once it is parsed', () => {
  const bad = { 'k\ud800': ['\udfff', { deep: '\\ud800 \ud800' }], __proto__x: 1, n: null, at: -0 }
  const parsed = JSON.parse(wellFormedJson(bad))
  assert.deepEqual(parsed, {
    'k\ufffd': ['\ufffd', { deep: '\\ud800 \ufffd' }],
    __proto__x: 1,
    n: null,
    at: 0,
  })
  const hostile = JSON.parse('{"__proto__": {"a\ud800": "\ud800"}}')
  assert.equal(wellFormedJson(hostile), '{"__proto__":{"a\ufffd":"\ufffd"}}')
})
