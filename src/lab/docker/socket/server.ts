import { appendFileSync, chmodSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { systemClock } from '../../../core/clock.ts'
import { messageOf } from '../../../core/errors.ts'
import type { EngineAddress } from '../engine/address.ts'
import { EngineError, engine } from '../engine/engine.ts'
import { Refused } from './bodies.ts'
import { bodyOf, bounded, jsonIn, TooLarge } from './body.ts'
import { type Decision, decide } from './decide.ts'
import { shown } from './show.ts'

export interface SocketOptions {
  address: EngineAddress
  id: string
  /** The socket's path. */
  socket: string
  /** The audit file: each request is written as a line of JSON before it is passed on. */
  audit: string
  /** Limit of the audit file. When it is reached, no request is passed on any more, so that a loop cannot fill the disk. */
  auditBytes?: number
}

const mostAuditBytes = 128 * 2 ** 20

const limits = { headerBytes: 16_384, headersMs: 10_000, requestMs: 60_000, connections: 64 }

/** The engine's API as seen from inside a cluster: its own containers, and nothing else of this machine. */
export async function serveSocket(options: SocketOptions): Promise<AsyncDisposable> {
  const docker = engine(options.address)
  const execs = new Set<string>()
  const sockets = new Set<Duplex>()
  const record = recorder(options.audit, options.auditBytes ?? mostAuditBytes)

  /** Writes every request to the audit, even a malformed one. */
  const judge = async (
    request: IncomingMessage,
    read: Promise<Buffer>,
    upgraded = false,
  ): Promise<Decision> => {
    let body: unknown = null
    const decision = await (async () => {
      body = jsonIn(await read)
      const asked = { method: request.method ?? '', url: request.url ?? '', body, upgraded }
      return decide(docker, options.id, execs, asked)
    })().catch((error): Decision => ({ kind: 'refused', status: statusOf(error), reason: messageOf(error) }))
    return record(request, decision, body)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const streams = request.method === 'PUT'
    const decision = await judge(request, streams ? Promise.resolve(Buffer.alloc(0)) : bodyOf(request))
    if (decision.kind === 'refused') return refuse(response, decision)
    const { route, path, query } = decision
    const forward = await docker.stream(decision.method, path, {
      query,
      ...(decision.body !== undefined && { body: decision.body }),
      ...(streams && { input: bounded(request) }),
      signal: closed(response),
    })
    if (route.show === undefined && route.path !== 'containers/create') return relay(forward, response)
    const json = jsonIn(await bodyOf(forward, 64 * 2 ** 20))
    if (route.show === 'created') execs.add((json as { Id: string }).Id)
    const text = JSON.stringify(route.show ? shown(route.show, json, decision.own) : json)
    response.writeHead(forward.statusCode ?? 200, { 'Content-Type': 'application/json' }).end(text)
  }

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    socket.on('error', () => socket.destroy())
    if (head.length > 0) socket.unshift(head)
    const decision = await judge(request, rawBody(request, socket), true)
    if (decision.kind === 'refused') return refuseRaw(socket, decision)
    const { path, query } = decision
    const inner = await docker.hijack(path, { query, body: decision.body ?? {} })
    socket.write(
      'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
    )
    const drop = () => {
      inner.destroy()
      socket.destroy()
    }
    inner.on('error', drop)
    socket.on('close', drop)
    inner.on('close', drop)
    socket.pipe(inner)
    inner.pipe(socket)
  }

  // Containers are made one after the other, so that each one counts those before it.
  let making: Promise<void> = Promise.resolve()
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 1_000,
      keepAlive: true,
      // Without this option Node answers a request without Host by itself, and it would miss the audit.
      requireHostHeader: false,
    },
    (request, response) => {
      const makes = request.url?.includes('/create') === true
      const turn = makes ? making : Promise.resolve()
      const done = turn
        .then(() => answer(request, response))
        .catch((error) => {
          if (response.headersSent) return void response.destroy()
          refuse(response, { status: statusOf(error), reason: messageOf(error) })
        })
      if (makes) making = done
    },
  )
  server.maxConnections = limits.connections
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket: Duplex, head) => {
    upgrade(request, socket, head).catch((error) =>
      refuseRaw(socket, { status: statusOf(error), reason: messageOf(error) }),
    )
  })
  // Node would answer these two by itself, too.
  const unheard = (request: IncomingMessage, status: number, reason: string): Refusal => {
    record(request, { kind: 'refused', status, reason }, null)
    return { status, reason }
  }
  server.on('connect', (request, socket: Duplex) =>
    refuseRaw(socket, unheard(request, 403, 'CONNECT is not allowed here')),
  )
  server.on('checkExpectation', (request, response) =>
    refuse(response, unheard(request, 417, 'no such expectation here')),
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    record(null, { kind: 'refused', status: 400, reason: `malformed: ${error.code ?? error.message}` }, null)
    refuseRaw(socket, { status: 400, reason: 'malformed request' })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.socket, resolve))
  // Open to any uid that root has inside; only the owner can enter the folder around it.
  chmodSync(options.socket, 0o666)
  return {
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function recorder(file: string, mostBytes: number) {
  let bytes = 0
  return (request: IncomingMessage | null, decision: Decision, body: unknown): Decision => {
    const line = {
      at: systemClock.now(),
      method: request?.method ?? null,
      url: request?.url?.slice(0, 1_000) ?? null,
      ...(decision.kind === 'refused'
        ? { refused: decision.reason.slice(0, 500), status: decision.status }
        : { passed: decision.path }),
      ...(body && typeof body === 'object' && 'Cmd' in body
        ? { command: JSON.stringify(body.Cmd).slice(0, 1_000) }
        : {}),
    }
    const text = `${JSON.stringify(line)}\n`
    bytes += Buffer.byteLength(text)
    if (bytes > mostBytes) return { kind: 'refused', status: 503, reason: 'too much was asked for here' }
    try {
      appendFileSync(file, text, { mode: 0o600 })
    } catch (error) {
      return { kind: 'refused', status: 503, reason: `it cannot be recorded: ${codeOf(error)}` }
    }
    return decision
  }
}

/** Only the error's code: its message would name a path of the host. */
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'no reason'

const statusOf = (error: unknown): number => {
  if (error instanceof Refused) return 403
  if (error instanceof TooLarge) return 413
  if (error instanceof SyntaxError) return 400
  return error instanceof EngineError ? error.status : 500
}

interface Refusal {
  status: number
  reason: string
}

function refuse(response: ServerResponse, { status, reason }: Refusal): void {
  // The rest of the request is not read: the connection ends here.
  response
    .writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' })
    .end(JSON.stringify({ message: reason }))
}

function refuseRaw(socket: Duplex, { status, reason }: Refusal): void {
  const text = JSON.stringify({ message: reason })
  if (socket.writable)
    socket.end(
      `HTTP/1.1 ${status} No\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    )
  else socket.destroy()
}

const passedOn = [
  'content-type',
  'x-docker-container-path-stat',
  'api-version',
  'ostype',
  'docker-experimental',
]

async function relay(from: IncomingMessage, to: ServerResponse): Promise<void> {
  const headers = passedOn.flatMap((name) =>
    from.headers[name] === undefined ? [] : [[name, from.headers[name]]],
  )
  to.writeHead(from.statusCode ?? 200, Object.fromEntries(headers))
  to.flushHeaders()
  await pipeline(from, to)
}

function closed(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => controller.abort())
  return controller.signal
}

async function rawBody({ headers }: IncomingMessage, socket: Duplex): Promise<Buffer> {
  if (headers['transfer-encoding'] !== undefined)
    throw new Refused('an upgraded request has no chunked body here')
  return bodyOf(socket, undefined, Number(headers['content-length'] ?? 0))
}
