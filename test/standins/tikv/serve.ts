import type http from 'node:http'
import http2 from 'node:http2'
import net, { type Socket } from 'node:net'
import { frame, unframed } from './wire/grpc.ts'
import type { Method } from './wire/messages.ts'
import { message, text } from './wire/protobuf.ts'

/** What a gRPC server answers with in the place of a message. */
export class Refusal extends Error {
  readonly code: number
  constructor(code: number, why: string) {
    super(why)
    this.code = code
  }
}

const unimplemented = 12
const internal = 13

type Handler = (body: Buffer) => Promise<Buffer>

/** A handler by its path, for `grpcServer`. */
export function on<Q, A>(
  method: Method<Q, A>,
  handle: (request: Q) => Partial<A> | Promise<Partial<A>>,
): [string, Handler] {
  return [method.path, async (body) => method.answer.encode(await handle(method.request.decode(body)))]
}

const json = message({ json: text(1) })

/** Our own talk between stand-ins: JSON in one field. */
export const jsonMethod = (path: string) => ({ path, request: json, answer: json })

export function grpcServer(handlers: Record<string, Handler>): http2.Http2Server {
  const server = http2.createServer()
  server.on('sessionError', () => undefined)
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined) // the caller gave up
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', async () => {
      const answer = await answerTo(handlers[headers[':path'] ?? ''], Buffer.concat(chunks))
      if (stream.destroyed) return
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () =>
        stream.sendTrailers({
          'grpc-status': String(answer.code),
          'grpc-message': encodeURIComponent(answer.why),
        }),
      )
      stream.end(answer.body)
    })
  })
  return server
}

async function answerTo(handler: Handler | undefined, body: Buffer) {
  const none = Buffer.alloc(0)
  if (!handler) return { code: unimplemented, why: 'unknown method', body: none }
  try {
    return { code: 0, why: '', body: frame(await handler(unframed(body))) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { code: error instanceof Refusal ? error.code : internal, why, body: none }
  }
}

/** A listening port on which HTTP/1 and gRPC are told apart by their first bytes, as PD does. */
export interface Port {
  open(): Promise<void>
  /** Ends every connection, too. */
  close(): Promise<void>
}

export function portOf(address: string, servers: { grpc?: http2.Http2Server; http?: http.Server }): Port {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  let sockets = new Set<Socket>()
  let listener: net.Server | null = null
  return {
    open: async () => {
      const opened = net.createServer((socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
        socket.on('error', () => undefined)
        socket.once('readable', () => {
          const first: Buffer | null = socket.read()
          if (!first) return
          socket.unshift(first)
          const server = first.subarray(0, 3).toString() === 'PRI' ? servers.grpc : servers.http
          if (!server) return socket.destroy()
          server.emit('connection', socket)
        })
      })
      listener = opened
      await new Promise<void>((resolve, reject) => {
        opened.on('error', reject)
        opened.listen(Number(port), host, () => resolve())
      })
    },
    close: async () => {
      const closing = listener
      listener = null
      const ended = new Promise<void>((resolve) => (closing ? closing.close(() => resolve()) : resolve()))
      for (const socket of sockets) socket.destroy()
      sockets = new Set()
      await ended
    },
  }
}
