import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { clientOf } from './client.ts'
import { connectAnew } from './new-connection.ts'
import { handshakeEnded, plainWanted } from './trouble.ts'

// Servers that never finish a TLS handshake. All of them accept the connection, so none of them is proof of a dead process.

const refusal = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'
const onFirstBytes = (act: (socket: Socket) => void) => (socket: Socket) => {
  socket.once('data', () => act(socket))
}
/** Closes without a word on what is no HTTP, as Go's servers do on some bytes; answers what is. */
const plainHttp = (socket: Socket) => {
  socket.once('data', (bytes) =>
    socket.end(bytes.toString('latin1').startsWith('GET ') ? 'HTTP/1.1 200 OK\r\n\r\n' : ''),
  )
}

const servers: [string, (socket: Socket) => void, { asked: string; anew: [string, string | null] }][] = [
  ['closes at once', (socket) => socket.end(), { asked: 'garbled', anew: ['garbled', handshakeEnded] }],
  [
    'closes after the first bytes',
    onFirstBytes((socket) => socket.end()),
    { asked: 'garbled', anew: ['garbled', handshakeEnded] },
  ],
  [
    'resets at once',
    (socket) => socket.resetAndDestroy(),
    { asked: 'garbled', anew: ['garbled', handshakeEnded] },
  ],
  [
    'resets after the first bytes',
    onFirstBytes((socket) => socket.resetAndDestroy()),
    { asked: 'garbled', anew: ['garbled', handshakeEnded] },
  ],
  [
    'answers plain HTTP 400',
    onFirstBytes((socket) => socket.end(refusal)),
    { asked: 'garbled', anew: ['garbled', plainWanted] },
  ],
  [
    'closes on a handshake and answers plain HTTP',
    plainHttp,
    { asked: 'garbled', anew: ['garbled', plainWanted] },
  ],
  ['sends nothing', () => undefined, { asked: 'timeout', anew: ['timeout', null] }],
]

for (const [name, serve, expected] of servers)
  test(`a peer of https that ${name} is not said to be down`, async () => {
    const open = new Set<Socket>()
    const server = net.createServer((socket) => {
      open.add(socket)
      socket.on('error', () => undefined)
      serve(socket)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
      const signal = () => AbortSignal.timeout(expected.asked === 'timeout' ? 300 : 5000)
      using client = clientOf(url)
      const reply = await client.ask({ method: 'GET', path: '/', signal: signal() })
      assert.equal(reply.kind === 'silent' && reply.why, expected.asked)
      const seen = await connectAnew(new URL(url), '/', { signal: signal() })
      assert.ok(seen.kind === 'closed')
      assert.equal(seen.why, expected.anew[0])
      if (expected.anew[1] !== null) assert.equal(seen.detail, expected.anew[1])
    } finally {
      for (const socket of open) socket.destroy()
      server.close()
    }
  })
