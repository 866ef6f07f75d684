import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationMs } from './duration.ts'

// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file
const durations: [string, number | null][] = [
  ['0', 0],
  ['0s', 0],
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1d', 86_400_000],
  ['2w', 1_209_600_000],
  ['1y', 31_536_000_000],
  ['1y2w3d4h5m6s7ms', 31_536_000_000 + 1_209_600_000 + 259_200_000 + 14_400_000 + 300_000 + 6_000 + 7],
  ['90m', 5_400_000],
  ['1m500ms', 60_500],
  ['', null],
  ['5', null],
  ['5 m', null],
  ['-5m', null],
  ['1.5h', null],
  ['30m1h', null],
  ['5m5m', null],
  ['5M', null],
  ['5min', null],
  ['m', null],
  [' 5m', null],
  ['5m\n', null],
]

for (const [text, ms] of durations)
  test(`${JSON.stringify(text)} is ${ms === null ? 'no duration' : `${ms} ms`}`, () => {
    assert.equal(durationMs(text), ms)
  })
