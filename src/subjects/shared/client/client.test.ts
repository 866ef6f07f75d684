import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { slowed } from '../../../../test/standins/until.ts'
import { clientOf, type Reply } from './client.ts'

async function serving(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const soon = () => AbortSignal.timeout(slowed(500))
const why = (reply: Reply) => (reply.kind === 'silent' ? reply.why : reply.kind)

test('keeps its connection, and survives that the peer closes it', async () => {
  let connections = 0
  await using peer = await serving((request, response) => response.end(`${request.method} ${request.url}`))
  peer.server.on('connection', () => connections++)
  using client = clientOf(peer.url)
  const ask = () => client.ask({ method: 'GET', path: '/health', signal: soon() })
  for (let i = 0; i < 5; i++) {
    const reply = await ask()
    assert.equal(reply.kind === 'answered' && reply.body, 'GET /health')
  }
  assert.equal(connections, 1)
  peer.server.closeAllConnections()
  assert.equal(why(await ask()), 'answered')
  assert.equal(connections, 2)
})

test('nothing listens: refused, which is evidence', async () => {
  const { url, ...peer } = await serving(() => undefined)
  await peer[Symbol.asyncDispose]()
  using client = clientOf(url)
  assert.equal(why(await client.ask({ method: 'GET', path: '/', signal: soon() })), 'refused')
})

test('no answer in time: timeout, and the connection is closed', async () => {
  await using peer = await serving(() => undefined)
  using client = clientOf(peer.url)
  assert.equal(
    why(await client.ask({ method: 'GET', path: '/', signal: AbortSignal.timeout(50) })),
    'timeout',
  )
  const open = await new Promise((resolve) => peer.server.getConnections((_, count) => resolve(count)))
  assert.ok(Number(open) <= 1)
})

test('a body over the limit is garbled, compressed or not', async () => {
  await using peer = await serving(({ url }, response) => {
    const body = Buffer.alloc(100_000)
    if (url === '/plain') return void response.end(body)
    response.setHeader('content-encoding', 'gzip')
    response.end(gzipSync(body))
  })
  using client = clientOf(peer.url)
  const ask = (path: string, maxBytes: number) =>
    client.ask({ method: 'GET', path, signal: soon(), maxBytes })
  assert.equal(why(await ask('/plain', 50_000)), 'garbled')
  assert.equal(why(await ask('/packed', 50_000)), 'garbled')
  assert.equal(why(await ask('/packed', 200_000)), 'answered')
})

test('a write is never sent twice', async () => {
  let writes = 0
  await using peer = await serving(({ method, socket }, response) => {
    if (method === 'GET') return void response.end('ok')
    writes++
    socket.resetAndDestroy()
  })
  using client = clientOf(peer.url)
  await client.ask({ method: 'GET', path: '/', signal: soon() })
  const reply = await client.ask({ method: 'POST', path: '/', body: {}, signal: soon(), once: true })
  assert.deepEqual([why(reply), writes], ['reset', 1])
})
