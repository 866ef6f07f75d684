import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Series, storeSeries } from './series.ts'
import { windowOf } from './window.ts'

const page = (startedAt: number, lines: string[]) =>
  [`process_start_time_seconds ${startedAt}`, ...lines, ''].join('\n')
const series = {
  rate: {
    kind: 'rate',
    family: 'puts',
    where: { label: 'type', like: 'raw_.*' },
    windowMs: 15_000,
    absent: 'zero',
  },
  p99: { kind: 'quantile', q: 0.99, family: 'took', windowMs: 15_000, absent: 'unknown' },
  space: {
    kind: 'value',
    family: 'space',
    where: { label: 'type', like: 'free' },
    windowMs: 15_000,
    absent: 'unknown',
  },
  grown: { kind: 'change', family: 'memory', windowMs: 300_000, absent: 'zero' },
  tasks: { kind: 'value', family: 'tasks', by: 'name', windowMs: 15_000, absent: 'zero' },
} satisfies Record<string, Series>

const lines = (puts: number, slow: number) => [
  `puts{type="raw_put"} ${puts}`,
  `puts{type="raw_get"} ${puts}`,
  `puts{type="kv_get"} 1000000`,
  `took_bucket{type="a",le="0.1"} 100`,
  `took_bucket{type="a",le="1"} ${100 + slow}`,
  `took_bucket{type="a",le="+Inf"} ${100 + slow}`,
  `took_bucket{type="b",le="0.1"} 0`,
  `took_bucket{type="b",le="1"} 0`,
  `took_bucket{type="b",le="+Inf"} 0`,
  'space{type="free"} 10',
  'space{type="all"} 90',
]

describe('recent counts of a process', () => {
  test('needs two samples', () => {
    const window = windowOf(series)
    assert.equal(window.add(0, page(1, lines(0, 0))), null)
    const recent = window.add(10_000, page(1, lines(50, 10)))
    assert.deepEqual(recent?.series, { rate: 10, p99: 0.991, space: 10, grown: 0, tasks: 0 })
  })

  test('no measurement is not slow; a missing series is zero or unknown, depending on its kind', () => {
    const window = windowOf(series)
    window.add(0, page(1, lines(0, 5)))
    assert.equal(window.add(1_000, page(1, lines(0, 5)))?.series.p99, 0)
    assert.equal(windowOf(series).add(0, page(1, [])), null)
    const bare = windowOf(series)
    bare.add(0, page(1, []))
    const missing = { rate: 0, p99: null, space: null, grown: 0, tasks: 0 }
    assert.deepEqual(bare.add(1_000, page(1, []))?.series, missing)
  })

  test('a series that is gone, a counter that falls and a value that is not a number are unknown, not zero', () => {
    const full = [...lines(50, 10), 'memory 100', 'tasks{name="a"} 5', 'tasks{name="b"} 2000']
    const spoiled: [string, string[]][] = [
      ['rate', full.filter((line) => !line.startsWith('puts'))],
      ['rate', full.filter((line) => !line.startsWith('puts{type="raw_get"'))],
      ['rate', full.map((line) => line.replace('raw_put"} 50', 'raw_put"} NaN'))],
      ['p99', full.filter((line) => !line.startsWith('took'))],
      ['p99', full.filter((line) => !line.includes('le="+Inf"'))],
      ['space', full.filter((line) => !line.startsWith('space'))],
      ['space', full.map((line) => line.replace('free"} 10', 'free"} +Inf'))],
      ['grown', full.filter((line) => !line.startsWith('memory'))],
      ['tasks', full.filter((line) => !line.includes('name="b"'))],
    ]
    for (const [name, less] of spoiled) {
      const window = windowOf(series)
      window.add(0, page(1, full))
      window.add(1_000, page(1, full))
      assert.equal(window.add(2_000, page(1, less))?.series[name as keyof typeof series], null, name)
      assert.notEqual(window.add(3_000, page(1, full))?.series[name as keyof typeof series], null, name)
    }
    const window = windowOf(series)
    window.add(0, page(1, full))
    const whole = page(1, full)
    for (const part of [
      whole.slice(0, -1),
      whole.slice(0, whole.length / 2),
      whole.replace(' 1\n', ' NaN\n'),
    ])
      assert.equal(window.add(1_000, part), null, 'an incomplete page is ignored')
  })

  test('of series with different labels the highest counts; too many of them are not kept', () => {
    const window = windowOf(series)
    const tasks = (n: number) => Array.from({ length: n }, (_, i) => `tasks{name="w${i}"} ${i}`)
    window.add(0, page(1, tasks(3)))
    const recent = window.add(1_000, page(1, tasks(4)))
    assert.deepEqual([recent?.series.tasks, recent?.groups.tasks], [3, { w0: 0, w1: 1, w2: 2, w3: 3 }])
    assert.equal(window.add(2_000, page(1, tasks(2_000)))?.series.tasks, null)
  })

  test('growth is measured over minutes, and may be negative', () => {
    const window = windowOf(series)
    for (let minute = 0; minute <= 10; minute++) {
      const recent = window.add(minute * 60_000, page(1, [`memory ${minute < 8 ? minute * 10 : 0}`]))
      if (minute === 7) assert.equal(recent?.series.grown, 50)
      if (minute === 10) assert.ok((recent?.series.grown ?? 0) < -40)
    }
  })

  test('a restart resets the window and is counted', () => {
    const window = windowOf(series)
    window.add(0, page(1, lines(5_000, 0)))
    assert.equal(window.add(1_000, page(2, lines(1, 0))), null)
    assert.equal(window.add(2_000, page(2, lines(2, 0)))?.series.rate, 2)
    assert.equal(window.starts(2_000), 2)
    assert.equal(window.starts(400_000), 1)
  })

  test('the page of another program is refused', () => {
    const window = windowOf(series)
    for (const garbage of ['', 'null', '<html>', 'process_start_time_seconds', '\0'])
      assert.equal(window.add(0, garbage), null)
    assert.equal(window.starts(0), null)
  })

  test('undelivered messages are counted by receiver, over a few seconds', () => {
    const window = windowOf(storeSeries)
    const failed = (n: number) => [
      `tikv_server_report_failure_msg_total{store_id="4",type="unreachable"} ${n}`,
      `tikv_server_report_failure_msg_total{store_id="4",type="snapshot"} 99`,
    ]
    for (let second = 0; second <= 20; second++) {
      const recent = window.add(second * 1_000, page(1, failed(Math.min(second, 10) * 3)))
      if (second === 9) assert.deepEqual(recent?.groups.undeliveredPerSecond, { 4: 3 })
      if (second === 20) assert.deepEqual(recent?.groups.undeliveredPerSecond, { 4: 0 })
    }
  })
})
