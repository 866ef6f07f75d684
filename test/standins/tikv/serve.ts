import http from 'node:http'
import net, { type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js'
import { messageOf } from '../../../src/core/errors.ts'
import { type Client, clientOf } from '../../../src/subjects/shared/client/client.ts'
import { decode, encode } from '../../../src/subjects/tikv/wire/codec.ts'
import type { Method } from '../../../src/subjects/tikv/wire/schema.ts'

/** What a gRPC server answers with in the place of a message. */
export class Refusal extends Error {
  readonly code: status
  constructor(code: status, why: string) {
    super(why)
    this.code = code
  }
}

type Handler = (server: Server) => void

/** A handler of one method, for `grpcServer`. */
export const on =
  <Q, A>(
    { path, request, answer }: Method<Q, A>,
    handle: (request: Q) => Partial<A> | Promise<Partial<A>>,
  ): Handler =>
  (server) =>
    server.register(
      path,
      async (call: ServerUnaryCall<Q, Partial<A>>, reply: sendUnaryData<Partial<A>>) => {
        try {
          reply(null, await handle(call.request))
        } catch (error) {
          const code = error instanceof Refusal ? error.code : status.INTERNAL
          reply({ code, details: messageOf(error) })
        }
      },
      (value) => encode(answer, value),
      (bytes) => decode(request, bytes),
      'unary',
    )

export function grpcServer(handlers: readonly Handler[]): Server {
  const server = new Server({ 'grpc.enable_channelz': 0 })
  for (const handler of handlers) handler(server)
  return server
}

/** Our own talk between stand-ins, which needs no gRPC: JSON posted to a path, and JSON back. Throws: 503. */
export type Talk = Record<string, (told: string) => unknown>

export const talkServer = (talk: Talk, otherwise: http.RequestListener = notFound): http.Server =>
  http.createServer(async (request, response) => {
    const handle = request.method === 'POST' ? talk[request.url ?? ''] : undefined
    if (!handle) return otherwise(request, response)
    try {
      response.end(JSON.stringify(await handle(await text(request))))
    } catch (error) {
      response.writeHead(503).end(messageOf(error))
    }
  })

const notFound: http.RequestListener = (request, response) => {
  request.resume()
  response.writeHead(404).end()
}

/** Says something to the stand-in at `host:port`; null: it did not answer in time, or not well. */
export function talker() {
  const clients = new Map<string, Client>()
  return async (address: string, path: string, body: unknown, withinMs: number) => {
    const client = clients.get(address) ?? clientOf(`http://${address}`)
    clients.set(address, client)
    const reply = await client.ask({ method: 'POST', path, body, signal: AbortSignal.timeout(withinMs) })
    return reply.kind === 'answered' && reply.status === 200 ? JSON.parse(reply.body) : null
  }
}

/** A listening port on which HTTP/1 and gRPC are told apart by their first bytes, as PD does. */
export interface Port {
  open(): Promise<void>
  /** Ends every connection, too. */
  close(): Promise<void>
}

export function portOf(address: string, servers: { grpc?: Server; http?: http.Server }): Port {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? []
  const grpc = servers.grpc?.createConnectionInjector(ServerCredentials.createInsecure())
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
          if (first.subarray(0, 3).toString() !== 'PRI') servers.http?.emit('connection', socket)
          else if (grpc) grpc.injectConnection(socket)
          else socket.destroy()
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
