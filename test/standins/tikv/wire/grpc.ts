import http2 from 'node:http2'
import { messageOf } from '../../../../src/core/errors.ts'
import { type Silence, silenceOf } from '../../../../src/subjects/shared/client.ts'
import type { Method } from './messages.ts'

/** Codes: grpc.io, Status codes. `silent`: nothing usable came back, and why. */
export type Answer<A> =
  | { kind: 'ok'; message: A }
  | { kind: 'refused'; code: number; message: string }
  | { kind: 'silent'; why: Silence; detail: string }

/** One gRPC server, one kept connection. Calls of one message each way, which is all that we need. */
export interface Channel extends Disposable {
  /** Never rejects: an aborted signal, too, is a silence (`timeout`). */
  call<Q, A>(method: Method<Q, A>, request: Partial<Q>, signal: AbortSignal): Promise<Answer<A>>
}

const maxBytes = 1 << 20
const frameHead = 5

/** `address`: `host:port`, without encryption. */
export function channelTo(address: string): Channel {
  let session: http2.ClientHttp2Session | null = null
  let failure: NodeJS.ErrnoException | null = null

  const connected = (): http2.ClientHttp2Session => {
    if (session && !session.destroyed && !session.closed) return session
    failure = null
    const opened = http2.connect(`http://${address}`, { peerMaxConcurrentStreams: 1_000 })
    opened.on('error', (error) => {
      failure = error
    })
    opened.on('goaway', () => opened.close())
    session = opened
    return opened
  }

  return {
    call: (method, request, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve({ kind: 'silent', why: 'timeout', detail: 'no time was left' })
        // Who leads where is told by those that are asked.
        if (!URL.canParse(`http://${address}`))
          return resolve({ kind: 'silent', why: 'garbled', detail: `no address: ${address}` })
        const used = connected()
        const stream = used.request({
          ':method': 'POST',
          ':path': method.path,
          'content-type': 'application/grpc',
          te: 'trailers',
        })
        const chunks: Buffer[] = []
        let length = 0
        let heads: http2.IncomingHttpHeaders = {}
        const end = (answer: Parameters<typeof resolve>[0]) => {
          signal.removeEventListener('abort', late)
          resolve(answer)
        }
        // Whoever did not answer is asked over a new connection the next time.
        const late = () => {
          end({ kind: 'silent', why: 'timeout', detail: 'no answer in time' })
          used.destroy()
        }
        signal.addEventListener('abort', late, { once: true })
        stream.on('response', (headers) => {
          heads = { ...heads, ...headers }
        })
        stream.on('trailers', (headers) => {
          heads = { ...heads, ...headers }
        })
        stream.on('data', (chunk: Buffer) => {
          length += chunk.length
          if (length <= maxBytes) chunks.push(chunk)
          else used.destroy(new Error(`the answer is longer than ${maxBytes} bytes`))
        })
        stream.on('error', (error) => {
          // A connection that fails takes its streams along, and is their cause.
          const cause = failure ?? (error.cause instanceof Error ? error.cause : error)
          end({ kind: 'silent', why: silenceOf(cause), detail: cause.message })
        })
        stream.on('close', () => end(answerFrom(method, heads, Buffer.concat(chunks), failure)))
        stream.end(frame(method.request.encode(request)))
      }),
    [Symbol.dispose]: () => session?.destroy(),
  }
}

export function frame(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(frameHead)
  head.writeUInt32BE(payload.length, 1)
  return Buffer.concat([head, payload])
}

function answerFrom<A>(
  method: Method<unknown, A>,
  heads: http2.IncomingHttpHeaders,
  body: Buffer,
  failure: NodeJS.ErrnoException | null,
): Answer<A> {
  const status = heads['grpc-status']
  if (typeof status !== 'string' || !/^\d+$/.test(status)) {
    return failure
      ? { kind: 'silent', why: silenceOf(failure), detail: failure.message }
      : { kind: 'silent', why: 'garbled', detail: 'it ended without a gRPC status' }
  }
  try {
    if (status !== '0') {
      return {
        kind: 'refused',
        code: Number(status),
        message: decodeURIComponent(String(heads['grpc-message'] ?? '')),
      }
    }
    return { kind: 'ok', message: method.answer.decode(unframed(body)) }
  } catch (error) {
    return { kind: 'silent', why: 'garbled', detail: messageOf(error) }
  }
}

/** We offer no compression, so that a compressed message is no answer to us. */
export function unframed(body: Buffer): Buffer {
  const length = body.length < frameHead ? -1 : body.readUInt32BE(1)
  if (body[0] !== 0 || body.length !== frameHead + length) throw new RangeError('not one whole gRPC message')
  return body.subarray(frameHead)
}
