import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newsOnly, rotated } from './node-log.ts'

test('what comes again is not taken again, and nothing is left out', () => {
  const at = (nano: number, text: string) =>
    Buffer.from(`2026-11-22T21:01:55.${String(nano).padStart(9, '0')}Z ${text}`)
  const news = newsOnly()
  assert.equal(news.resume(), '0.000000000')
  const take = (...messages: Buffer[]) => String(Buffer.concat(messages.map(news.take)))
  // Two streams: they may overtake each other by a moment.
  assert.equal(take(at(5, 'a\n'), at(7, 'long '), at(6, 'b\n'), at(7, 'line\n')), 'a\nlong b\nline\n')
  const seconds = Date.parse('2026-11-22T21:01:55Z') / 1000
  assert.equal(news.resume(), `${seconds}.000000007`)
  assert.equal(take(at(6, 'b\n'), at(7, 'long '), at(7, 'line\n'), at(7, 'c\n'), at(9, 'd\n')), 'c\nd\n')
  // An engine that says it in another zone, and to the microsecond.
  news.resume()
  const elsewhere = Buffer.from('2026-11-22T23:01:55.00001+02:00 e\n')
  assert.equal(take(at(9, 'd\n'), elsewhere), 'e\n')
  assert.equal(news.resume(), `${seconds}.000010000`)
  assert.equal(take(Buffer.from('no time\n')), 'no time\n')
})

test('the files of a log stay bounded', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'))
  const file = join(folder, 'a.log')
  const write = rotated(file, 100)
  for (let i = 10; i < 50; i++) write(Buffer.from(`line ${i}\n`))
  assert.deepEqual(readdirSync(folder), ['a.log', 'a.log.1'])
  for (const name of readdirSync(folder)) assert.ok(statSync(join(folder, name)).size <= 100, name)
  assert.match(
    readFileSync(`${file}.1`, 'utf8') + readFileSync(file, 'utf8'),
    /^line 3\d\n(line \d\d\n)+line 49\n$/,
  )
  rmSync(folder, { recursive: true })
})
