import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { processorMs } from '../../../test/standins/processor.ts'
import { redactor } from './redact.ts'

const secret = 'sk-of-no-account-7Fq2Zx9LmP0wTeRuYi3hJkVb'
const redact = redactor([secret])
const piped = (command: string, input = secret) =>
  execFileSync('bash', ['-c', command], { input, encoding: 'utf8' })

/** What a command prints of the secret, and how to get it back from that. */
const dresses: [string, string, (text: string) => string][] = [
  [
    'base64, wrapped',
    piped('(printf "key: "; cat; printf " and more text after it") | base64 -w 20'),
    fromBase64,
  ],
  ['base64 with spaces', piped("base64 -w 0 | sed 's/..../& /g'"), fromBase64],
  ['xxd', piped('xxd'), fromHex],
  ['xxd at an offset', piped('(printf abc; cat) | xxd -c 8'), fromHex],
  ['xxd -p', piped('xxd -p -c 11'), fromHex],
  ['hexdump -C', piped('hexdump -C'), fromHex],
  ['od', piped('od -An -tx1'), fromHex],
  ['od with offsets', piped('od -tx1'), fromHex],
  ['od -c', piped('od -c'), (text) => text.replace(/^\d{7}/gm, '').replace(/\s/g, '')],
  ['od -x', piped('od -x'), (text) => text],
  ['spaced', [...secret].join(' '), (text) => text.replaceAll(' ', '')],
  ['one character a line', piped('fold -w 1'), (text) => text.replaceAll('\n', '')],
  ['reversed', `${piped('rev')}\n`, (text) => [...text].reverse().join('')],
  ['hex in capitals, spaced', piped("xxd -p -u -c 99 | sed 's/../& /g'"), fromHex],
  ['\\u escapes', [...secret].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join(''), (text) => text],
  ['some \\u escapes, as JSON', secret.replaceAll('-', '\\u002d'), (text) => text.replaceAll('\\u002d', '-')],
  ['\\x escapes', [...secret].map((c) => `\\x${c.charCodeAt(0).toString(16)}`).join(''), (text) => text],
  [
    'octal escapes',
    [...secret].map((c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`).join(''),
    (text) => text,
  ],
  [
    'percent escapes',
    [...secret].map((c) => `%${c.charCodeAt(0).toString(16)}`).join(''),
    decodeURIComponent,
  ],
  [
    'parts in quotes',
    `echo ${secret.slice(0, 9)}"${secret.slice(9, 15)}"${secret.slice(15)}`,
    (text) => text.replaceAll('"', ''),
  ],
  ['a sum of strings', `"${secret.slice(0, 20)}" +\n  "${secret.slice(20)}"`, (text) => text],
  ['coloured', `${secret.slice(0, 9)}\u001b[1;31m${secret.slice(9)}`, (text) => text],
  ['capitals', secret.toUpperCase(), (text) => text],
  ['HTML', [...secret].map((c) => `&#${c.charCodeAt(0)};`).join(''), (text) => text],
]

describe('a known secret goes also', () => {
  for (const [dress, text, undress] of dresses)
    test(`as ${dress}`, () => {
      const masked = redact(`before\n${text}\nafter`)
      assert.match(masked, /^before\n[\s\S]*\[redacted\][\s\S]*\nafter$/)
      // The pieces that are left are too short to be of use.
      for (const clear of [masked, undress(masked)])
        for (let at = 3; at + 14 < secret.length; at++)
          assert.ok(!clear.includes(secret.slice(at, at + 14)), masked)
      assert.ok(
        masked.length < text.length + 40 && masked.split('[redacted]').join('').length < text.length / 2 + 60,
        masked,
      )
    })
})

test('dumps and encodings of anything else stay as they are', () => {
  const other = 'nothing of that kind, only some words that somebody dumped'
  for (const command of ['base64 -w 20', 'xxd', 'hexdump -C', 'od -c', 'od -x', 'od -tx1', 'rev', 'xxd -p'])
    assert.equal(redact(piped(command, other)), piped(command, other))
})

test('four hostile megabytes take no longer than a bound', () => {
  const units = [
    '73 6b ',
    '00000000: ',
    '\\u0073',
    '%',
    '\\\\\\\\',
    ' ',
    '\n',
    's k ',
    '&#',
    '=\n',
    'c2st',
    'ks',
    '"+\n',
    secret.slice(0, -1),
  ]
  for (const unit of units) {
    const text = unit.repeat((4 * 1024 * 1024) / 8 / unit.length)
    const ms = processorMs(() => redact(text))
    assert.ok(ms < 1_500, `${JSON.stringify(unit)} took ${Math.round(ms)} ms for an eighth of it`)
  }
})

function fromBase64(text: string): string {
  return Buffer.from(text.replace(/\s|\[redacted\]/g, ''), 'base64').toString('latin1')
}

function fromHex(text: string): string {
  const hex = text.replace(/^[0-9a-f]{7,8}:?|\s{2}\S.*$|\|.*$/gm, '').replace(/[^0-9a-fA-F]/g, '')
  return Buffer.from(hex, 'hex').toString('latin1')
}
