import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { createAdaptorServer } from '@hono/node-server'
import type { Clock } from '../core/clock.ts'
import { BadInput } from '../core/errors.ts'
import { readEvalDb } from '../store/eval/trials.ts'
import { readOperatorDb } from '../store/operator/open.ts'
import { viewerApp } from './app.ts'
import { opened } from './data/opened.ts'
import { summarizeOld } from './data/summaries.ts'
import type { Access } from './guard.ts'

export interface ViewerOptions {
  /** Paths of the databases; null: no pages for that one. At least one is needed. */
  evalDb: string | null
  operatorDb: string | null
  host: string
  /** 0: any free port. */
  port: number
  clock: Clock
  signal: AbortSignal
}

/** A running viewer; disposing of it closes every connection. */
export interface Viewer extends AsyncDisposable {
  /** The address for a person, with the token where one is needed. */
  url: string
}

/** Throws BadInput for a missing database and an address that cannot be used. */
export async function startViewer(options: ViewerOptions): Promise<Viewer> {
  const { host, port, clock } = options
  await using undo = new AsyncDisposableStack()
  const { evalDb, operatorDb } = options
  const evaluation = evalDb === null ? null : opened(evalDb, readEvalDb, { undo, clock })
  if (evaluation) await summarizeOld(evaluation)
  const operation = operatorDb === null ? null : opened(operatorDb, readOperatorDb, { undo, clock })
  const access: Access = isLoopback(host)
    ? { kind: 'loopback' }
    : { kind: 'token', token: randomBytes(24).toString('base64url') }

  const stopped = new AbortController()
  const signal = AbortSignal.any([options.signal, stopped.signal])
  const app = viewerApp({ evaluation, operation, access, clock, signal })
  const server = createAdaptorServer({ fetch: app.fetch })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)))
    server.listen(port, host, () => resolve())
  })
  undo.defer(async () => {
    stopped.abort()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    if ('closeAllConnections' in server) server.closeAllConnections()
    await closed
  })
  const { port: bound } = server.address() as AddressInfo
  // An address that stands for all networks cannot be opened: others reach this machine by its name.
  const found = /^(0\.0\.0\.0|::)$/.test(host) ? hostname() : host
  const name = found.includes(':') ? `[${found}]` : found
  const token = access.kind === 'token' ? `?token=${access.token}` : ''
  const rest = undo.move()
  return { url: `http://${name}:${bound}/${token}`, [Symbol.asyncDispose]: () => rest.disposeAsync() }
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1)$/i.test(host)

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'something else listens there; choose another with --port, or 0 for any that is free',
    EACCES: 'ports below 1024 are the system\u2019s; choose another with --port',
    EADDRNOTAVAIL: 'this machine has no such address; --host 127.0.0.1 is the usual one',
    ENOTFOUND: 'no such name; --host 127.0.0.1 is the usual one',
  }
  const reason = reasons[error.code ?? '']
  return reason ? new BadInput(`cannot listen on ${host} port ${port}: ${reason}`) : error
}
