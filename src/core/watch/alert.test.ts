import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alertKey, alertOf } from './alert.ts'

const ids = [
  { name: 'A', labels: {} },
  { name: 'a/b%2F c', labels: { b: '"/{}', a: 'é\n' } },
  { name: '{/{', labels: JSON.parse('{"__proto__":"x"}') },
  { name: '', labels: { a: '' } },
]
for (const id of ids)
  test(`a key tells which alert it is of: ${JSON.stringify(id)}`, () => {
    const { name, labels } = alertOf('s', alertKey('s', id)) ?? assert.fail()
    assert.equal(name, id.name)
    assert.deepEqual(Object.entries(labels).sort(), Object.entries(id.labels).sort())
  })

test('a key does not depend on the order of labels, and differs where anything else does', () => {
  assert.equal(
    alertKey('s', { name: 'A', labels: { a: '1', b: '2' } }),
    alertKey('s', { name: 'A', labels: { b: '2', a: '1' } }),
  )
  assert.equal(new Set(ids.map((id) => alertKey('s', id))).size, ids.length)
})

for (const key of ['s/down/a', 's/A/{', 's/A/{"a":1}', 's/A/[]', 't/A/{}', 's/A', '', 's/A/{"a":"b"}x'])
  test(`no key of an alert: ${key}`, () => {
    assert.equal(alertOf('s', key), null)
  })
