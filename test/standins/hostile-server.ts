import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

const ok = 'HTTP/1.1 200 OK\r\n'
const whole =
  (body: string | Buffer, more = '') =>
  (socket: Socket) => {
    socket.write(`${ok}${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`)
    socket.write(body)
  }
const headed = (head: string) => (socket: Socket) => void socket.write(head)
const again =
  (text: string, first = '') =>
  (socket: Socket) => {
    socket.write(first)
    const timer = setInterval(() => socket.write(text), 10)
    socket.once('close', () => clearInterval(timer))
  }
const nested = `${'['.repeat(400_000)}${']'.repeat(400_000)}`
const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', ' ', '"', 'b66b']
const peers = names.flatMap((name) => [
  `etcd_network_peer_round_trip_time_seconds_bucket{To="${name}",le="0.1"} 9`,
  `etcd_network_active_peers{Local="a",Remote="${name}"} 1`,
  `tikv_server_report_failure_msg_total{type="unreachable",store_id="${name}"} 5`,
])

/** What a process may answer with that wants to end, fill, hold up or fool whoever asked. */
export const hostileAnswers: Record<string, (socket: Socket) => void> = {
  'another protocol': headed(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
  ),
  'to be continued, for ever': again('HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000)),
  'a header without end': headed(`${ok}x: ${'y'.repeat(1e6)}`),
  'a file of the host': headed(
    'HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n',
  ),
  'a place on the host': headed(
    'HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:22/\r\nContent-Length: 0\r\n\r\n',
  ),
  'a byte now and then': again('x', `${ok}Content-Length: 9999\r\n\r\n`),
  'a chunk for each byte': again('1\r\nx\r\n'.repeat(5_000), `${ok}Transfer-Encoding: chunked\r\n\r\n`),
  'a gigabyte': (socket) => {
    socket.write(`${ok}Content-Length: 1000000000\r\n\r\n`)
    const more = () => {
      while (socket.writable && socket.write(Buffer.alloc(1 << 20, 'x')));
    }
    socket.on('drain', more)
    more()
  },
  'a bomb': whole(gzipSync(Buffer.alloc(100e6)), 'Content-Encoding: gzip\r\n'),
  'half an answer': (socket) => void socket.end(`${ok}Content-Length: 100\r\n\r\n{"header"`),
  'no HTTP': (socket) => void socket.end('\0\0\0'),
  'brackets in brackets': whole(nested),
  'brackets in a field': whole(`{"header":${nested},"members":${nested}}`),
  'names of every object': whole(
    `{"__proto__":{"header":{}},"constructor":1,"header":{"__proto__":1,"cluster_id":"__proto__"},"members":[{"ID":"constructor"}]}`,
  ),
  'numbers without end': whole(
    `{"header":{"cluster_id":"${'9'.repeat(500_000)}"},"members":[],"leader":"1e999"}`,
  ),
  'bytes that are no text': whole(Buffer.from([0x7b, 0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0x7d])),
  'metrics of strange peers': whole(`process_start_time_seconds 1\n${peers.join('\n')}\n`),
}

/** A server that gives the same answer to everything. */
export async function hostileServer(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', () => answer(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
