import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Put } from '../shared/load/kv.ts'
import { keyValue } from './kv.ts'

const never = new AbortController().signal
const header = { header: { revision: '7' } }

/** [what a member answers to a write, status, body, what is known of the write] */
const answers: [string, number, object | string, Put][] = [
  ['done', 200, header, 'acknowledged'],
  ['no space: it was applied all the same', 429, { code: 8, message: 'database space exceeded' }, 'perhaps'],
  ['no leader', 503, { code: 14 }, 'perhaps'],
  ['too late', 504, { code: 4 }, 'perhaps'],
  ['done, but by whom?', 200, {}, 'perhaps'],
  ['half an answer', 200, '{"header":{"revi', 'perhaps'],
]

for (const [what, status, body, known] of answers)
  test(`a write that is answered '${what}': ${known}`, async () => {
    await using server = createServer((_, response) => {
      response.writeHead(status)
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    using kv = keyValue(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    assert.equal(await kv.put('key', 'value', never), known)
  })

test('a write that nobody took has no effect', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await server[Symbol.asyncDispose]()
  using kv = keyValue(`http://127.0.0.1:${port}`)
  assert.equal(await kv.put('key', 'value', never), 'no')
})
