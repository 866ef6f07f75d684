import http from 'node:http'
import https from 'node:https'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type Clock, systemClock } from '../../../core/clock.ts'
import { messageOf } from '../../../core/errors.ts'
import type { Credentials, Tls } from '../../../core/watch/access.ts'
import { handshakeEnded, isLocal, troubleInWords } from './trouble.ts'

/**
 * Why nothing usable came back. `refused` and `reset` are evidence: the machine is there and nothing listens.
 * `timeout` and `unreachable` prove nothing by themselves: the fault may be on our side of the network.
 * `garbled`: something answers, and we do not understand each other: another protocol, or no trust. `local`: nothing was
 * asked, as its name cannot be resolved or this machine has no sockets left.
 */
export type Silence = 'refused' | 'reset' | 'timeout' | 'unreachable' | 'garbled' | 'local'

export interface Silent {
  kind: 'silent'
  why: Silence
  /** In words, for a person. */
  detail: string
}

/** Result of an HTTP request. Clients of other protocols have their own results; see `Heard` in reach.ts. */
export type Reply =
  | {
      kind: 'answered'
      status: number
      body: string
      date: number | null
      /** Where it sends those who ask; null: nowhere. */
      location: string | null
      sentAt: number
      receivedAt: number
    }
  | Silent

export interface Ask {
  method: 'GET' | 'POST'
  path: string
  /** Sent as JSON. */
  body?: unknown
  /** Sent as a form, in the place of a body. */
  form?: Record<string, string>
  signal: AbortSignal
  /** A longer body is cut off and counts as garbled: a peer must not be able to fill our memory. */
  maxBytes?: number
  /** Only so much of the body is read, and is the body then. */
  headBytes?: number
  /** Never sent a second time by itself: for writes, where the first attempt may have had its effect. */
  once?: boolean
  headers?: Record<string, string>
}

export interface Client extends Disposable {
  /** Never rejects: an aborted signal, too, is a silence (`timeout`). */
  ask(ask: Ask): Promise<Reply>
}

const silenceByCode: Record<string, Silence> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout',
  ABORT_ERR: 'timeout',
}

/** The reason for a missing answer, from the error of a connection. Works for any protocol. */
export const silenceOf = ({ code = '' }: NodeJS.ErrnoException): Silence =>
  isLocal(code) ? 'local' : (silenceByCode[code] ?? 'garbled')

/** Credentials for HTTP. */
interface HttpAuthorization {
  /** Basic authentication. */
  credentials?: Credentials | undefined
  bearerToken?: string | undefined
}

const inflate = promisify(gunzip)
const defaultMaxBytes = 1 << 20
const mostChunks = 256
/** Each step waits for its turn behind all else that we do: a page of metrics in one or two. */
const inflateBytes = 1 << 18

/** One peer, a few kept connections. A connection on which a request timed out is closed, not reused. */
export function clientOf(
  url: string,
  clock: Clock = systemClock,
  tls: Tls = {},
  { credentials, bearerToken }: HttpAuthorization = {},
): Client {
  const base = new URL(url)
  const transport = base.protocol === 'https:' ? https : http
  const agent = new transport.Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 8, ...tls })
  const auth = credentials && `${credentials.user}:${credentials.password}`

  const attempt = (ask: Ask): Promise<Reply & { stale?: boolean }> => {
    const sentAt = clock.now()
    const payload = ask.form
      ? new URLSearchParams(ask.form).toString()
      : ask.body === undefined
        ? undefined
        : JSON.stringify(ask.body)
    const maxBytes = ask.maxBytes ?? defaultMaxBytes
    return new Promise((resolve) => {
      const request = transport.request(new URL(ask.path, base), {
        agent,
        method: ask.method,
        signal: ask.signal,
        ...(auth !== undefined && { auth }),
        // etcd's metrics are 150 KB of text: compressed they fit a TCP window, which matters on a slow link.
        headers: {
          ...(ask.headBytes === undefined && { 'accept-encoding': 'gzip' }),
          ...(ask.form && { 'content-type': 'application/x-www-form-urlencoded' }),
          ...(bearerToken !== undefined && { authorization: `Bearer ${bearerToken}` }),
          ...ask.headers,
          ...(payload && { 'content-length': Buffer.byteLength(payload) }),
        },
      })
      let enough = false
      let isSecured = transport === http
      request.on('socket', (socket) => {
        if (request.reusedSocket) isSecured = true
        else socket.once('secureConnect', () => (isSecured = true))
      })
      const fail = (error: NodeJS.ErrnoException) => {
        // That was us.
        if (enough) return
        const why = silenceOf(error)
        const stale = request.reusedSocket && why === 'reset'
        resolve(
          why === 'reset' && !isSecured
            ? { kind: 'silent', why: 'garbled', detail: handshakeEnded }
            : { kind: 'silent', why, detail: troubleInWords(error, base, tls), ...(stale && { stale }) },
        )
      }
      request.on('error', fail)
      request.on('upgrade', (_, socket) => {
        socket.destroy()
        fail(new Error('it changed to another protocol, which nobody asked for'))
      })
      const without = () => fail(new Error('the connection ended without an answer'))
      request.on('close', without)
      request.on('response', (response) => {
        // From here on the answer itself says how it ended.
        request.off('close', without)
        let chunks: Buffer[] = []
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (enough) return
          // Each may be one byte, and keeps the whole buffer that it was read into.
          if (chunks.length >= mostChunks) chunks = [Buffer.concat(chunks)]
          if (ask.headBytes !== undefined && bytes > ask.headBytes) {
            chunks.push(chunk)
            enough = true
            answer(Buffer.concat(chunks).subarray(0, ask.headBytes))
            request.destroy()
          } else if (bytes <= maxBytes) chunks.push(chunk)
          else request.destroy(new Error(`the answer is longer than ${maxBytes} bytes`))
        })
        response.on('error', fail)
        const answer = (raw: Buffer) => {
          const receivedAt = clock.now()
          const text =
            response.headers['content-encoding'] === 'gzip'
              ? inflate(raw, { maxOutputLength: maxBytes, chunkSize: inflateBytes }).then(String)
              : Promise.resolve(raw.toString())
          const date = Date.parse(response.headers.date ?? '')
          text.then(
            (body) =>
              resolve({
                kind: 'answered',
                status: response.statusCode ?? 0,
                body,
                date: Number.isNaN(date) ? null : date,
                location: response.headers.location?.slice(0, 200) ?? null,
                sentAt,
                receivedAt,
              }),
            (error) => resolve({ kind: 'silent', why: 'garbled', detail: messageOf(error) }),
          )
        }
        response.on('end', () => answer(Buffer.concat(chunks)))
      })
      request.end(payload)
    })
  }

  return {
    async ask(ask) {
      const first = await attempt(ask)
      // The peer closed a kept connection between two requests: that says nothing of its present state.
      return 'stale' in first && first.stale && !ask.once ? attempt(ask) : first
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** The Date header has whole seconds, so only what lies outside that second and the round trip is proven. */
export function clockOffset(reply: Reply): number | null {
  if (reply.kind === 'silent' || reply.date === null) return null
  const ahead = reply.date - reply.receivedAt
  const behind = reply.sentAt - (reply.date + 1000)
  return ahead > 0 ? ahead : behind > 0 ? -behind : 0
}
