import { once } from 'node:events'
import http2, { type Http2Session, type ServerHttp2Stream } from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

/**
 * gRPC servers that go wrong once they have read a request: written by hand on HTTP/2, so that they can do what no library
 * lets its users do, and share no mistake with the client's.
 */
interface Faulty extends AsyncDisposable {
  address: string
  /** Requests that were read whole. */
  read(): number
  /** Connections on which something was asked. */
  used(): number
}

type Fault = (stream: ServerHttp2Stream, session: Http2Session) => void

/** `greetsAfterMs`: how long a connection stays without a word. */
export async function faulty(fault: Fault, { greetsAfterMs = 0 } = {}): Promise<Faulty> {
  let read = 0
  const used = new Set<Http2Session>()
  const server = http2.createServer()
  server.on('sessionError', () => undefined)
  server.on('stream', (stream) => {
    stream.on('error', () => undefined) // the caller gave up
    stream.resume()
    stream.on('end', () => {
      read++
      if (!stream.session) return
      used.add(stream.session)
      fault(stream, stream.session)
    })
  })
  const sockets = new Set<net.Socket>()
  const listener = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    setTimeout(() => server.emit('connection', socket), greetsAfterMs)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    read: () => read,
    used: () => used.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}

/** `body`: gRPC's frames, see `framed`. `status`: null for none at all. */
export const answers =
  (body: Buffer, status: string | null = '0', headers: http2.OutgoingHttpHeaders = {}): Fault =>
  (stream) => {
    const head = { ':status': 200, 'content-type': 'application/grpc', ...headers }
    stream.respond(head, { waitForTrailers: true })
    stream.on('wantTrailers', () =>
      status === null ? stream.close() : stream.sendTrailers({ 'grpc-status': status }),
    )
    stream.end(body)
  }

/** `told`: the length that its head says. */
export function framed(payload: Buffer, { compressed = false, told = payload.length } = {}): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(compressed ? 1 : 0)
  head.writeUInt32BE(told, 1)
  return Buffer.concat([head, payload])
}

const none = Buffer.alloc(0)
const packed = gzipSync(Buffer.alloc(16 << 20))
const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants

/** After each of these the request may have been done: it was read. */
export const faults: Record<string, Fault> = {
  'never answers': () => undefined,
  'is UNAVAILABLE': answers(none, '14'),
  'has CANCELLED it': answers(none, '1'),
  'is past its DEADLINE_EXCEEDED': answers(none, '4'),
  'has ABORTED it': answers(none, '10'),
  'has a status of no meaning': answers(none, '4711'),
  'resets the stream': (stream) => stream.close(NGHTTP2_INTERNAL_ERROR),
  'cancels the stream': (stream) => stream.close(NGHTTP2_CANCEL),
  'refuses the stream': (stream) => stream.close(NGHTTP2_REFUSED_STREAM),
  'resets the connection': (_, session) => void session.socket.resetAndDestroy(),
  'hangs up': (_, session) => void session.socket.destroy(),
  'says GOAWAY': (stream, session) => {
    session.goaway(0, 0)
    stream.close(NGHTTP2_CANCEL)
  },
  'says GOAWAY of an error': (_, session) => session.goaway(NGHTTP2_INTERNAL_ERROR, 0),
  'shuts down in the middle': (stream, session) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
    stream.write(framed(none, { told: 100 }))
    setImmediate(() => session.destroy())
  },
  'ends without a status': answers(framed(none), null),
  'ends without a message': answers(none),
  'sends two messages': answers(Buffer.concat([framed(none), framed(none)])),
  'sends half a message': answers(framed(Buffer.from('ab'), { told: 100 })),
  'claims 100 MB': answers(framed(Buffer.from('ab'), { told: 100 << 20 })),
  'sends no protobuf': answers(framed(Buffer.from('ffffffffff', 'hex'))),
  'is a web server': (stream) => {
    stream.respond({ ':status': 503, 'content-type': 'text/html' })
    stream.end('<html>')
  },
  'compresses as nobody does': answers(framed(none, { compressed: true }), '0', {
    'grpc-encoding': 'snappy',
  }),
  'compresses badly': answers(framed(Buffer.from('no gzip'), { compressed: true }), '0', {
    'grpc-encoding': 'gzip',
  }),
  'compresses a bomb': answers(framed(packed, { compressed: true }), '0', { 'grpc-encoding': 'gzip' }),
}
