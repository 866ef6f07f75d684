import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rngFrom } from '../../../core/rng.ts'
import { entryFrom, logRates, logReader } from './log.ts'

const line = (time: string, level: string, rest: string) =>
  `[2026/11/22 ${time} +08:00] [${level}] [raft.rs:1170] ${rest}`

describe('a line of the unified log format', () => {
  test('has time, level, source, message and fields', () => {
    assert.deepEqual(
      entryFrom(line('21:01:55.570', 'INFO', '["became leader at term 1"] [term=1] [region_id=22]')),
      {
        at: Date.parse('2026-11-22T13:01:55.570Z'),
        level: 'INFO',
        source: 'raft.rs:1170',
        message: 'became leader at term 1',
        fields: { term: '1', region_id: '22' },
        more: [],
      },
    )
  })

  test('may name the part of the program before the source, as the etcd in PD does', () => {
    const entry = entryFrom(
      '[2026/11/30 23:03:02.104 +00:00] [INFO] [raft] [zap_raft.go:77] ["ee4350b16096c07 is starting a new election at term 2"]',
    )
    assert.deepEqual(
      [entry?.source, entry?.message],
      ['zap_raft.go:77', 'ee4350b16096c07 is starting a new election at term 2'],
    )
    const rates = logRates()
    if (entry) rates.add([entry], 0)
    assert.equal(rates.now(1).leaderElections, 1)
    assert.equal(entryFrom(line('21:01:55.570', 'INFO', '[a] [b=c]'))?.source, 'raft.rs:1170')
  })

  test('of a slow log says so by how long it took', () => {
    const entry = entryFrom(line('21:01:55.570', 'WARN', '["[store 1] handle 2 pending peers"] [takes=1023]'))
    const rates = logRates()
    if (entry) rates.add([entry], 0)
    assert.equal(rates.now(1).slowOperations, 1)
  })

  test('may hold brackets, quotes, equals signs and line ends inside strings', () => {
    const entry = entryFrom(
      line('21:01:55.570', 'WARN', String.raw`["a [b] = \"c\"\nd"] ["key=1"="x]y=z"] [bare=a:b/c]`),
    )
    assert.equal(entry?.message, 'a [b] = "c"\nd')
    assert.deepEqual(entry?.fields, { 'key=1': 'x]y=z', bare: 'a:b/c' })
  })

  test('is read as far as it is one: what is never closed holds up nobody', () => {
    // Without an end to it this takes minutes.
    const rest = `["a"] [b=c] ${'['.repeat(500_000)}`
    assert.deepEqual(entryFrom(line('21:01:55.570', 'WARN', rest))?.fields, { b: 'c' })
  })

  test('is nothing else', () => {
    for (const garbage of [
      '',
      '   at main.rs:12',
      '[2026/11/22] [INFO] [x] [y]',
      '\0\xff',
      '[2026/99/99 00:00:00.000 +00:00] [INFO] [a] [b]',
      line('21:01:55.570', 'LOUD', '[x]'),
    ])
      assert.equal(entryFrom(garbage), null, garbage)
  })
})

describe('a log as it comes', () => {
  const text = [
    'half a line from before the rotation',
    line('21:01:55.570', 'INFO', '["starting a new election"] [term=1]'),
    line('21:01:55.580', 'FATAL', '["region 2 panicked"]'),
    '   0: backtrace::one',
    '   1: backtrace::two',
    '',
    line('21:01:55.590', 'WARN', '[slow-query] [total_time=1.2s]'),
    line('21:01:55.600', 'INFO', '["sending snapshot"] [region_id=2]'),
  ].join('\n')

  test('gives the same in pieces of any size', () => {
    const whole = logReader()
    const expected = [...whole.write(`${text}\n`), ...whole.flush()]
    assert.deepEqual(
      expected.map(({ level, more }) => [level, more.length]),
      [
        ['INFO', 0],
        ['FATAL', 3],
        ['WARN', 0],
        ['INFO', 0],
      ],
    )
    const rng = rngFrom(1)
    for (let round = 0; round < 50; round++) {
      const reader = logReader()
      const entries = []
      for (let at = 0; at < text.length; ) {
        const length = 1 + rng.int(60)
        entries.push(...reader.write(text.slice(at, at + length)))
        at += length
      }
      assert.deepEqual([...entries, ...reader.flush()], expected)
    }
  })

  test('a line that never ends, and a backtrace that does not, fill no memory', () => {
    const reader = logReader()
    let entries = 0
    for (let i = 0; i < 200; i++) entries += reader.write('x'.repeat(10_000)).length
    assert.equal(entries, 0)
    const next = line('21:01:55.570', 'ERROR', '["real"]')
    assert.deepEqual(reader.write(`\n${next}\n`), [])
    for (let i = 0; i < 1_000; i++) reader.write('  at frame\n')
    const [entry] = reader.flush()
    assert.equal(entry?.message, 'real')
    assert.ok((entry?.more.length ?? 0) <= 200)
  })

  test('is counted by what matters, over the last minute', () => {
    const reader = logReader()
    const rates = logRates()
    rates.add([...reader.write(`${text}\n`), ...reader.flush()], 1_000)
    assert.deepEqual(rates.now(1_500), {
      leaderElections: 1,
      snapshots: 1,
      slowOperations: 1,
      warnings: 1,
      errors: 1,
    })
    assert.deepEqual(rates.now(62_000), {
      leaderElections: 0,
      snapshots: 0,
      slowOperations: 0,
      warnings: 0,
      errors: 0,
    })
  })
})
