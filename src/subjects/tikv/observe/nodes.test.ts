import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeOf } from './nodes.ts'

test('what members and stores advertise is found where their endpoints lead', () => {
  const endpoints = {
    'pd-1': { url: 'http://127.0.0.1:40001' },
    'tikv-1': { url: 'http://127.0.0.1:40002', ports: { 20160: '127.0.0.1:40003' } },
    'tikv-2': { url: 'http://10.0.0.15:20180' },
  }
  assert.equal(placeOf('pd-1:2379', endpoints), '127.0.0.1:40001')
  assert.equal(placeOf('tikv-1:20160', endpoints), '127.0.0.1:40003')
  assert.equal(placeOf('tikv-2:20160', endpoints), '10.0.0.15:20160')
})

test('from outside of their network, nobody inside names a place where we go', () => {
  const mapped = { 'tikv-1': { url: 'http://127.0.0.1:40002', ports: { 20160: '127.0.0.1:40003' } } }
  assert.equal(placeOf('127.0.0.1:5432', mapped), '')
  assert.equal(placeOf('tikv-1:22', mapped), '')
  assert.equal(placeOf('__proto__:22', mapped), '')
  // Of those that nobody named, only they themselves know the way.
  const inside = { 'tikv-2': { url: 'http://10.0.0.15:20180' } }
  assert.equal(placeOf('tikv-3.store.svc:20160', inside), 'tikv-3.store.svc:20160')
})
