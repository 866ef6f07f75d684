import http2 from 'node:http2'
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  connectivityState,
  credentials,
  logVerbosity,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js'
import type { Tls } from '../../../core/watch/access.ts'
import { within } from '../../shared/client/deadline.ts'
import type { Answer, Channel } from './call.ts'
import { decode, encode } from './codec.ts'
import type { Method } from './schema.ts'

const options: ChannelOptions = {
  // A request that is sent twice by anybody but us is a value that comes back from the dead.
  'grpc.enable_retries': 0,
  // Neither the name server nor the environment has a say in where a request goes.
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  // Connections are shared with nobody: who waits for a dead member must not hold up its neighbours.
  'grpc.use_local_subchannel_pool': 1,
  // Statistics that nobody asks for.
  'grpc.enable_channelz': 0,
}

// Errors are in the results. The library must not write to standard error.
setLogVerbosity(logVerbosity.NONE)

/** Longer than a call waits, so that a link which is slow for one call is open for the next. */
const openMs = 2_000

/**
 * A connection first and the request then, as two steps: by the library's statuses a request that could not be sent is not
 * told from one whose connection broke. A connection that was lost is made anew by us, without the library's pauses.
 */
export function grpcChannel(address: string, tls: Tls | null): Channel {
  const over = new AbortController()
  let open: Client | null = null
  let opening: Promise<string | null> | null = null
  const drop = (client: Client) => {
    if (open === client) open = null
    client.close()
  }
  const reopen = async (): Promise<string | null> => {
    const client = new Client(`dns:${address}`, credentialsOf(tls), options)
    const missing = await within(
      over.signal,
      openMs,
      async (until) => (await greeting(address, tls, until)) ?? (await connection(client, until)),
    )
    opening = null
    if (missing !== null || over.signal.aborted) client.close()
    else open = client
    return missing
  }
  return {
    async call(method, request, signal) {
      if (open && open.getChannel().getConnectivityState(false) !== connectivityState.READY) drop(open)
      if (!open) {
        opening ??= reopen()
        const missing = await unlessAborted(signal, opening)
        if (missing !== null) return { kind: 'unsent', detail: missing }
      }
      if (!open || signal.aborted) return { kind: 'unsent', detail: late }
      const used = open
      const answer = await unary(used, method, request, signal)
      // After a missing answer, the next call uses a new connection.
      if (signal.aborted) drop(used)
      return answer
    },
    [Symbol.dispose]: () => {
      over.abort()
      open?.close()
    },
  }
}

function credentialsOf(tls: Tls | null): ChannelCredentials {
  if (tls === null) return credentials.createInsecure()
  const pem = (text: string | Buffer | undefined) => (text === undefined ? null : Buffer.from(text))
  return credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert))
}

const late = 'no connection in time'

function unlessAborted(signal: AbortSignal, opening: Promise<string | null>): Promise<string | null> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(late)
    const stop = () => resolve(late)
    signal.addEventListener('abort', stop, { once: true })
    void opening.then((missing) => {
      signal.removeEventListener('abort', stop)
      resolve(missing)
    })
  })
}

/**
 * null once an HTTP/2 server has greeted; otherwise why none has. The library never lets go of a connection to a peer that
 * accepts and says nothing, as a stopped process does: before each of its connections there is one that we can end.
 */
function greeting(address: string, tls: Tls | null, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const session = tls ? http2.connect(`https://${address}`, { ...tls }) : http2.connect(`http://${address}`)
    const end = (missing: string | null) => {
      signal.removeEventListener('abort', stop)
      resolve(missing)
      session.destroy()
    }
    const stop = () => end(late)
    signal.addEventListener('abort', stop, { once: true })
    session.on('error', ({ message }) => end(message))
    session.on('close', () => end('it hung up'))
    session.once('remoteSettings', () => end(null))
  })
}

/** The library's own connection; null once it stands. Nothing of a request is sent before. */
function connection(client: Client, signal: AbortSignal): Promise<string | null> {
  const channel = client.getChannel()
  return new Promise((resolve) => {
    const end = (missing: string | null) => {
      signal.removeEventListener('abort', stop)
      resolve(missing)
    }
    const stop = () => end(late)
    const check = () => {
      if (signal.aborted) return
      const state = channel.getConnectivityState(true)
      switch (state) {
        case connectivityState.READY:
          return end(null)
        case connectivityState.TRANSIENT_FAILURE:
        case connectivityState.SHUTDOWN:
          return end('no connection')
        case connectivityState.IDLE:
        case connectivityState.CONNECTING:
          return channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, check)
        default:
          return state satisfies never
      }
    }
    signal.addEventListener('abort', stop, { once: true })
    check()
  })
}

function unary<Q, A>(
  client: Client,
  { path, request: asked, answer }: Method<Q, A>,
  request: Partial<Q>,
  signal: AbortSignal,
): Promise<Answer<A>> {
  return new Promise((resolve) => {
    const call = client.makeUnaryRequest<Partial<Q>, A>(
      path,
      (value) => encode(asked, value),
      (bytes) => decode(answer, bytes),
      request,
      (error, message) => {
        signal.removeEventListener('abort', stop)
        if (message !== undefined) resolve({ kind: 'ok', message })
        else
          resolve({
            kind: 'failed',
            code: error?.code ?? status.UNKNOWN,
            detail: error?.details ?? 'no message',
          })
      },
    )
    const stop = () => call.cancel()
    signal.addEventListener('abort', stop, { once: true })
  })
}
