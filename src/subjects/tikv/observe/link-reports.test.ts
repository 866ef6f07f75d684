import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { roundTripsOf, undeliveredOf, wellTracker } from './link-reports.ts'

const answered = 'answered' as const
const one = (id: string, reports: Record<string, number> | null, more = {}) => ({
  id,
  reach: answered,
  reports,
  ...more,
})

describe('what is said of the ways between nodes', () => {
  test('names the one with most of the bad ones; the others are well only if all have told', () => {
    const all = [one('1', { 3: 2 }), one('2', { 3: 1 }), one('3', {})]
    assert.deepEqual(undeliveredOf(all, [true, true, true]), [0, 0, 3])
    const silent = [one('1', { 3: 2 }), one('2', null), one('3', {})]
    assert.deepEqual(undeliveredOf(silent, [true, true, true]), [2, null, 2], 'both ends of a single way')
    assert.deepEqual(undeliveredOf([one('1', null), one('2', {}), one('3', {})], [true, true, true]), [
      null,
      null,
      null,
    ])
  })

  test('of one that was away a moment ago proves nothing, and what a dead one leaves behind is no doubt', () => {
    const reports = [one('1', { 2: 9 }), one('2', {}), one('3', {})]
    assert.deepEqual(undeliveredOf(reports, [true, false, true]), [null, null, 0])
    const dead = [one('1', { 2: 9 }), one('2', null, { reach: 'refused' }), one('3', { 2: 9 })]
    assert.deepEqual(undeliveredOf(dead, [true, false, true]), [0, null, 0])
    const lost = [one('1', { 2: 9 }), one('2', null, { reach: 'timeout', lost: true }), one('3', { 2: 9 })]
    assert.deepEqual(undeliveredOf(lost, [true, false, true]), [0, null, 0])
    const unheard = [one('1', {}), one('2', null, { reach: 'timeout' }), one('3', {})]
    assert.deepEqual(undeliveredOf(unheard, [true, false, true]), [null, null, null])
  })

  test('may name the peer in hexadecimal digits, as etcd does', () => {
    const all = [one('255', { fff: 2 }), one('11', { fff: 3, ff: 0.1 }), one('4095', {})]
    assert.deepEqual(roundTripsOf(all, [true, true, true]), [0, 0, 3])
    assert.deepEqual(roundTripsOf([one('255', {})], [true]), [0], 'one alone has no peers')
  })

  test('is believed of those that have been well for long enough', () => {
    const well = wellTracker(10_000)
    assert.deepEqual(well(0, [true, true]), [false, false])
    assert.deepEqual(well(10_000, [true, false]), [true, false])
    assert.deepEqual(well(20_000, [true, true]), [true, false])
  })
})
