import assert from 'node:assert/strict'
import { test } from 'node:test'
import { troubleBetween } from './links.ts'

const between = (reports: Record<string, Record<string, number>>, well = ['1', '2', '3']) =>
  Object.fromEntries(
    troubleBetween(new Map(Object.entries(reports)), new Set(well), { limit: 0.4, join: (a, b) => a + b }),
  )

test('nothing is cut', () => {
  assert.deepEqual(between({ 1: { 2: 0.3 }, 2: {}, 3: { 1: 0 } }), { 1: 0, 2: 0, 3: 0 })
})

test('one that is cut off from all is named, not those that it cannot reach', () => {
  assert.deepEqual(between({ 1: { 3: 2 }, 2: {}, 3: { 1: 1, 2: 1 } }), { 1: 0, 2: 0, 3: 4 })
})

test('of one link that is cut, both ends are', () => {
  assert.deepEqual(between({ 1: { 2: 2 } }), { 1: 2, 2: 2, 3: 0 })
})

test('one that was away a moment ago is not judged, nor is anybody by it', () => {
  assert.deepEqual(between({ 1: { 3: 9 }, 3: { 2: 9 } }, ['1', '2']), { 1: 0, 2: 0 })
})
