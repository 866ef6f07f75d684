import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** Behaviour of a peer when it receives something. */
export type Lie = (socket: Socket, asked: Buffer) => void

/** Peers that behave as no honest one does, on raw TCP, so that they can lie to any protocol. */
export const lies = {
  'never answers': () => undefined,
  'hangs up': (socket: Socket) => void socket.destroy(),
  'repeats what it is asked': (socket: Socket, asked: Buffer) => {
    socket.write(asked)
    socket.pipe(socket)
  },
  'begins a line and never ends it': (socket: Socket) => {
    socket.write('+')
    const drip = setInterval(() => socket.write('OK'), 50)
    socket.on('close', () => clearInterval(drip))
  },
  'sends garbage': (socket: Socket) =>
    void socket.end(Buffer.from('\x00\xff\x16\x03 not a protocol\r\n\r\n', 'latin1')),
  'sends an endless body': (socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n')
    const flood = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'a')));
    }
    socket.on('drain', flood)
    flood()
  },
  'claims 100 MB and stops': (socket: Socket) =>
    void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n{"health":"true"'),
  'drips a header': (socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const drip = setInterval(() => socket.write('x-more: 1\r\n'), 50)
    socket.on('close', () => clearInterval(drip))
  },
  'answers other JSON': (socket: Socket) =>
    void socket.end(answer('200 OK', '{"header":7,"members":"no","health":[]}')),
  'answers nothing but null': (socket: Socket) => void socket.end(answer('200 OK', 'null')),
  'answers 500': (socket: Socket) => void socket.end(answer('500 Internal Server Error', 'oops')),
  'compresses a bomb badly': (socket: Socket) =>
    void socket.end(answer('200 OK', '\x1f\x8b not gzip', 'content-encoding: gzip\r\n')),
} satisfies Record<string, Lie>

const answer = (status: string, body: string, headers = '') =>
  `HTTP/1.1 ${status}\r\n${headers}connection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

export interface Liar extends AsyncDisposable {
  port: number
  /** Connections that are open now. */
  open(): number
}

/** Listens on a port of its own of this host, and treats everybody the same. */
export async function liar(lie: Lie): Promise<Liar> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // The other side gives up on us: that is what we are for.
    socket.on('error', () => undefined)
    socket.once('data', (asked: Buffer) => lie(socket, asked))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
