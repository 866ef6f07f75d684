import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { systemClock } from '../../src/core/clock.ts'

/** A reply that is not an answer: what providers and networks do on bad days. Same for every protocol. */
export type Mishap =
  /** `body`: in the place of the provider's own shape; a text is sent as it stands. */
  | { status: number; retryAfterSeconds?: number; message?: string; body?: unknown; type?: string }
  /** Accepts the request and never says a word. */
  | { hang: true }
  /** Closes the socket without a single byte. */
  | { reset: true }
  /** An event stream that is none. */
  | { garbage: true }

export interface Recorded<Body> {
  body: Body
  headers: IncomingHttpHeaders
  /** Epoch ms at which it had been read. */
  at: number
}

export interface Standin<Body> extends AsyncDisposable {
  /** Base URL without a path. */
  url: string
  requests: Recorded<Body>[]
}

/** A real HTTP server on a free port of the loopback; one POST path, everything else is 404. */
export async function standin<Body>(
  path: string,
  answer: (request: Recorded<Body>, response: ServerResponse) => Promise<void>,
  /** What stands at other paths, as JSON. */
  places: Record<string, unknown> = {},
): Promise<Standin<Body>> {
  const requests: Recorded<Body>[] = []
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { type: 'standin', message: String(error) } }))
    })
  })
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await text(incoming)
    const place = places[incoming.url ?? '']
    if (place !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(place))
      return
    }
    if (incoming.method !== 'POST' || incoming.url !== path) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({ type: 'error', error: { type: 'not_found_error', message: `${incoming.url}` } }),
      )
      return
    }
    const request = { body: JSON.parse(body) as Body, headers: incoming.headers, at: systemClock.now() }
    requests.push(request)
    await answer(request, response)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** True when it was a mishap and has been dealt with. `errorBody` gives the provider's error shape. */
export function mishap(
  reply: object,
  response: ServerResponse,
  errorBody: (status: number, message: string) => unknown,
): boolean {
  if ('status' in reply) {
    const { status, retryAfterSeconds, message, body, type } = reply as Extract<Mishap, { status: number }>
    const retry = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
    response.writeHead(status, { 'content-type': type ?? 'application/json', ...retry })
    const own = body ?? errorBody(status, message ?? `scripted ${status}`)
    response.end(typeof own === 'string' ? own : JSON.stringify(own))
    return true
  }
  if ('hang' in reply) return true
  if ('reset' in reply) {
    response.socket?.destroy()
    return true
  }
  if ('garbage' in reply) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('data: {"type":"content_blo\n\ndata: <html>502 Bad Gateway</html>\n\n')
    return true
  }
  return false
}

/** Sends events one by one; `cutAfter` destroys the socket after that many; `dripMs` waits between them. */
export async function sendEvents(
  response: ServerResponse,
  events: readonly string[],
  {
    cutAfter,
    dripMs,
    doubled,
  }: { cutAfter?: number | undefined; dripMs?: number | undefined; doubled?: boolean | undefined },
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const sent = doubled ? events.flatMap((event) => [event, event]) : events
  for (const [index, event] of sent.entries()) {
    if (index === cutAfter || response.destroyed) {
      response.socket?.destroy()
      return
    }
    // The callback: an event must have left before the socket may be cut after it.
    await new Promise<void>((resolve) => response.write(event, () => resolve()))
    if (dripMs && !(await pause(dripMs, response))) return
  }
  response.end()
}

/** False when the other side has left meanwhile. */
async function pause(ms: number, response: ServerResponse): Promise<boolean> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    await systemClock.sleep(ms, gone.signal)
    return true
  } catch (error) {
    if (gone.signal.aborted) return false
    throw error
  }
}
