import { createHash, timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Clock } from '../core/clock.ts'
import { BadInput, messageOf } from '../core/errors.ts'
import type { Credentials } from '../core/watch/access.ts'
import type { OperatorDb } from '../store/operator/open.ts'
import { keepReceived } from '../store/operator/received.ts'
import { notificationIn } from './notification.ts'

export interface ReceiverOptions {
  db: OperatorDb
  /** The cluster whose alerts they are, as in its tickets. */
  cluster: string
  host: string
  /** 0: any that is free. */
  port: number
  /** Credentials of senders. Without any, everybody who reaches the address may send; that is refused except on loopback. */
  credentials?: Credentials | undefined
  bearerToken?: string | undefined
  clock: Clock
  onTrouble(message: string): void
}

/** A running receiver; disposing of it closes every connection. */
export interface Receiver extends AsyncDisposable {
  url: string
}

/** A notification of 10,000 alerts with long annotations is a tenth of it. */
const maxBytes = 64 << 20

/**
 * Receives Alertmanager's webhook. 200 only once all of it is stored; what cannot be stored now is answered 503, which
 * Alertmanager sends again, and what is no notification 400, which it does not.
 * @throws BadInput for an address that cannot be had, or that others reach and nobody is asked who he is.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { host, port, credentials, bearerToken } = options
  if (!isLoopback(host) && !credentials && bearerToken === undefined)
    throw new BadInput(
      `--alertmanager-listen ${host}:${port}: others can reach it, so say who may send: --receiver-token-file or --receiver-user-file`,
    )
  const server = createAdaptorServer({ fetch: receiverApp(options).fetch })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new BadInput(`--alertmanager-listen ${host}:${port}: cannot listen: ${messageOf(error)}`)),
    )
    server.listen(port, host, () => resolve())
  })
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    },
  }
}

function receiverApp({ db, cluster, credentials, bearerToken, clock, onTrouble }: ReceiverOptions) {
  const allowed = [
    ...(credentials
      ? [`Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`]
      : []),
    ...(bearerToken === undefined ? [] : [`Bearer ${bearerToken}`]),
  ]
  const app = new Hono()
  app.get('/-/ready', (c) => c.text('ready\n'))
  app.use(async (c, next) => {
    const given = c.req.header('authorization') ?? ''
    if (allowed.length > 0 && !allowed.some((one) => isSame(given, one))) {
      onTrouble(
        `a notification was refused: ${given === '' ? 'it came without' : 'it came with other'} credentials`,
      )
      return c.text('who sends this? http_config of the receiver needs authorization or basic_auth\n', 401)
    }
    return await next()
  })
  app.post('*', bodyLimit({ maxSize: maxBytes }), async (c) => {
    const now = clock.now()
    try {
      const { alerts, truncated } = notificationIn(await c.req.text(), now)
      await keepReceived(db, cluster, alerts, now)
      if (truncated > 0)
        onTrouble(
          `Alertmanager left out ${truncated} alerts: set max_alerts to 0, or give --alertmanager, so that it is asked`,
        )
      return c.text('stored\n')
    } catch (error) {
      const message = messageOf(error)
      onTrouble(`a notification was not taken: ${message}`)
      return error instanceof BadInput
        ? c.text(`${message}\n`, 400)
        : c.text(`not stored now: ${message}\n`, 503)
    }
  })
  app.notFound((c) => c.text('POST notifications of Alertmanager (webhook, version 4) here\n', 405))
  return app
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1)$/i.test(host)

const digest = (text: string) => createHash('sha256').update(text).digest()
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))
