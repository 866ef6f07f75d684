import {
  type ChannelOptions,
  Client,
  connectivityState,
  credentials,
  logVerbosity,
  setLogVerbosity,
} from '@grpc/grpc-js'
import type { Answer, Channel } from './channel.ts'
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
  'grpc.max_receive_message_length': 1 << 20,
  'grpc.enable_channelz': 0,
}

// What is wrong is in the answers; standard error is the program's own.
setLogVerbosity(logVerbosity.NONE)

/**
 * A connection first, the request then, as two steps: by the library's statuses a request that could not be sent is not
 * told from one whose connection broke.
 */
export function grpcChannel(address: string): Channel {
  let client: Client | null = null
  // The next call has a connection of its own, without the library's pauses between attempts.
  const drop = (used: Client) => {
    if (client === used) client = null
    used.close()
  }
  return {
    async call(method, request, signal) {
      client ??= new Client(`dns:${address}`, credentials.createInsecure(), options)
      const used = client
      const missing = await connected(used, signal)
      const answer: Answer<never> | null = missing === null ? null : { kind: 'unsent', detail: missing }
      const got = answer ?? (await unary(used, method, request, signal))
      if (answer || signal.aborted) drop(used)
      return got
    },
    [Symbol.dispose]: () => client?.close(),
  }
}

/** null once a server has greeted; otherwise why none has. Until then nothing of a request is sent. */
function connected(client: Client, signal: AbortSignal): Promise<string | null> {
  const channel = client.getChannel()
  return new Promise((resolve) => {
    const end = (missing: string | null) => {
      signal.removeEventListener('abort', late)
      resolve(missing)
    }
    const late = () => end('no connection in time')
    const look = () => {
      if (signal.aborted) return
      const state = channel.getConnectivityState(true)
      switch (state) {
        case connectivityState.READY:
          return end(null)
        case connectivityState.TRANSIENT_FAILURE:
          return end('no connection')
        case connectivityState.SHUTDOWN:
          return end('the connection was given up')
        case connectivityState.IDLE:
        case connectivityState.CONNECTING:
          return channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look)
        default:
          return state satisfies never
      }
    }
    signal.addEventListener('abort', late, { once: true })
    look()
  })
}

function unary<Q, A>(
  client: Client,
  { path, request: question, answer }: Method<Q, A>,
  request: Partial<Q>,
  signal: AbortSignal,
): Promise<Answer<A>> {
  return new Promise((resolve) => {
    const call = client.makeUnaryRequest<Partial<Q>, A>(
      path,
      (value) => encode(question, value),
      (bytes) => decode(answer, bytes),
      request,
      (error, message) => {
        signal.removeEventListener('abort', late)
        if (message !== undefined) resolve({ kind: 'ok', message })
        else resolve({ kind: 'failed', code: error?.code ?? 2, detail: error?.details ?? 'no message' })
      },
    )
    const late = () => call.cancel()
    signal.addEventListener('abort', late, { once: true })
  })
}
