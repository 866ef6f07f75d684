import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex, Readable } from 'node:stream'
import { MachineLacks } from '../../../core/errors.ts'
import { type EngineAddress, engineAddress, nameOf } from './address.ts'

// Written here, not dockerode (5.0.1, with docker-modem 5.0.7), for reasons that were measured:
// - An answer that its engine cuts off, as one that is restarted does, never settles there, whatever timeout or signal is
//   given: a keeper would wait for ever and leave its cluster behind (engine.test.ts has the case).
// - It brings 33 packages more. npm warns of the install scripts of two of them, and one compiles with node-gyp: for ssh://,
//   which nothing here uses.
// - It takes 50 to 60 ms to load, and enter.ts is a process for each command.
// - It finds neither rootless engines nor all of Docker Desktop's sockets, and speaks no version that both sides know: the
//   address and the version would be ours all the same.

/** Version of the oldest supported engine, 20.10 (2020): https://docs.docker.com/reference/api/engine/version-history/ */
const oldestMinor = 41

/** Error that the engine answered. */
export class EngineError extends Error {
  override name = 'EngineError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Ask {
  body?: unknown
  /** A body that is passed on unchanged. */
  input?: Readable
  query?: Record<string, string>
  signal?: AbortSignal
}

/** The part of the engine's HTTP API that a lab needs. */
export interface Engine {
  address: EngineAddress
  /** The answer's JSON, or null when there is none. @throws EngineError, MachineLacks when the engine cannot be reached. */
  ask<T = unknown>(method: string, path: string, ask?: Ask): Promise<T>
  /** The answer as a stream. */
  stream(method: string, path: string, ask?: Ask): Promise<IncomingMessage>
  /** A raw connection after the HTTP upgrade: writes are the program's input, reads its framed output. */
  hijack(path: string, ask?: Ask): Promise<Duplex>
}

export function engine(address: EngineAddress = engineAddress()): Engine {
  let prefix: Promise<string> | null = null
  const whole = async (path: string): Promise<string> => {
    prefix ??= prefixOf(address).catch((error) => {
      prefix = null
      throw error
    })
    return `${await prefix}${path}`
  }
  const stream = async (method: string, path: string, ask: Ask = {}): Promise<IncomingMessage> => {
    const { response } = await send(address, method, await whole(path), ask)
    if ((response.statusCode ?? 500) < 400) return response
    throw new EngineError(response.statusCode ?? 500, complaint(await textOf(address, response)))
  }
  return {
    address,
    stream,
    ask: async <T>(method: string, path: string, ask?: Ask) => {
      const text = await textOf(address, await stream(method, path, ask))
      return (text === '' ? null : JSON.parse(text)) as T
    },
    hijack: async (path, ask = {}) => {
      const { response, socket } = await send(address, 'POST', await whole(path), ask, true)
      if (socket) return socket
      throw new EngineError(response.statusCode ?? 500, complaint(await textOf(address, response)))
    },
  }
}

/** The version that we know, unless the engine accepts only newer ones: release 29 accepts none before 1.44. */
async function prefixOf(address: EngineAddress): Promise<string> {
  const { response } = await send(address, 'GET', '/version', {})
  const text = await textOf(address, response)
  const least = Number(/"MinAPIVersion"\s*:\s*"1\.(\d+)"/.exec(text)?.[1] ?? 0)
  return `/v1.${Math.max(oldestMinor, least)}`
}

interface Answer {
  response: IncomingMessage
  socket?: Duplex
}

function send(
  address: EngineAddress,
  method: string,
  path: string,
  { body, input, query, signal }: Ask,
  upgrade = false,
): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const search = query ? `?${new URLSearchParams(query)}` : ''
  const options: RequestOptions = {
    ...connectionTo(address),
    method,
    path: `${path}${search}`,
    agent: false,
    ...(signal && { signal }),
    headers: {
      // A Unix socket has no host name; over TLS this name must match the certificate.
      ...('socketPath' in address && { Host: 'docker' }),
      ...(payload !== undefined && {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(payload),
      }),
      ...(input && { 'Content-Type': 'application/x-tar' }),
      ...(upgrade && { Connection: 'Upgrade', Upgrade: 'tcp' }),
    },
  }
  return new Promise((resolve, reject) => {
    const asking: ClientRequest =
      'socketPath' in address || !address.tls ? httpRequest(options) : httpsRequest(options)
    asking.on('response', (response) => resolve({ response }))
    asking.on('upgrade', (response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      resolve({ response, socket })
    })
    asking.on('error', (error) => reject(signal?.aborted ? signal.reason : unreachable(address, error)))
    if (input) input.on('error', (error) => asking.destroy(error)).pipe(asking)
    else asking.end(payload)
  })
}

const connectionTo = (address: EngineAddress): RequestOptions =>
  'socketPath' in address
    ? { socketPath: address.socketPath }
    : { host: address.host, port: address.port, ...address.tls }

function unreachable(address: EngineAddress, error: Error): Error {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new MachineLacks(
        `no Docker engine answers at ${nameOf(address)}. Start it: sudo systemctl start docker (or install it: sudo apt-get install docker.io); elsewhere, set DOCKER_HOST`,
        { cause: error },
      )
    case 'EACCES':
    case 'EPERM':
      return new MachineLacks(
        `no permission for the Docker engine at ${nameOf(address)}. Join its group: sudo usermod -aG docker "$USER", then log in again`,
        { cause: error },
      )
    default:
      return new Error(`the Docker engine at ${nameOf(address)}: ${error.message}`, { cause: error })
  }
}

/** @throws when the answer is cut off */
async function textOf(address: EngineAddress, response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  try {
    for await (const chunk of response) text += chunk
  } catch (error) {
    throw new Error(`the Docker engine at ${nameOf(address)} cut off its answer`, { cause: error })
  }
  return text
}

function complaint(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: string }).message ?? text)
  } catch (error) {
    if (error instanceof SyntaxError) return text.trim()
    throw error
  }
}

/** Runs `then` when the request fails with one of these statuses: the object is missing, or another process was faster. */
export async function tolerating<T>(statuses: readonly number[], doing: Promise<T>): Promise<T | null> {
  return doing.catch((error) => {
    if (error instanceof EngineError && statuses.includes(error.status)) return null
    throw error
  })
}
