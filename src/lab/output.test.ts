import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundedOutput } from './output.ts'

const printed = (maxBytes: number, ...chunks: string[]): string => {
  const output = boundedOutput(maxBytes)
  for (const chunk of chunks) output.add(Buffer.from(chunk))
  return output.text()
}

test('what fits is kept as it is, in whatever pieces it came', () => {
  assert.equal(printed(10), '')
  assert.equal(printed(10, '01234', '56789'), '0123456789')
  assert.equal(printed(10, ...'0123456789'), '0123456789')
})

test('of what does not, beginning and end, and how much is missing', () => {
  const expected = '01234\n[6 bytes left out]\nbcdef'
  assert.equal(printed(10, '0123456789abcdef'), expected)
  assert.equal(printed(10, ...'0123456789abcdef'), expected)
  assert.equal(printed(10, '012', '3456789abcd', 'ef'), expected)
  assert.match(
    printed(10, ...Array.from({ length: 5_000 }, () => 'xxx')),
    /^x{5}\n\[14990 bytes left out\]\nx{5}$/,
  )
})

test('a character that was cut apart is no failure', () => {
  assert.match(printed(3, '€€€€'), /left out/)
})
