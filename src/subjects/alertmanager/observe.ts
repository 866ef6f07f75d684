import { type Clock, systemClock } from '../../core/clock.ts'
import { BadInput, messageOf } from '../../core/errors.ts'
import type { ReceivedAlert } from '../../core/watch/received-alert.ts'
import type { Connection, ConnectOptions, NodeView, Observation } from '../../core/watch/subject.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { clientOf } from '../shared/client/client.ts'
import { within } from '../shared/client/deadline.ts'
import { errorOf, healthOf, type Reach, reachOf, someAnswer } from '../shared/client/reach.ts'
import { type Held, heldBy } from './api.ts'

export interface AlertmanagerNode extends NodeView {
  reach: Reach
}

export interface AlertmanagerObservation extends Observation {
  nodes: Record<string, AlertmanagerNode>
  received: readonly ReceivedAlert[] | { unknown: string }
  /** The alerts of each Alertmanager that answered; null: none is asked. */
  held: readonly Held[] | null
}

const deadlineMs = 1_000

/** Reads received alerts from the store, and asks the Alertmanagers at the endpoints, if there are any. */
export function connect(
  endpoints: Endpoints,
  { watch: { inbox } = {}, ...access }: ConnectOptions = {},
  clock: Clock = systemClock,
): Connection<AlertmanagerObservation> {
  if (!inbox && Object.keys(endpoints).length === 0)
    throw new BadInput(
      'say where alerts come from: --alertmanager-listen ADDRESS, or --alertmanager URL, or both',
    )
  const { tls = {}, credentials, bearerToken } = access
  const clients = Object.entries(endpoints).map(
    ([name, { url }]) => [name, clientOf(url, clock, tls, { credentials, bearerToken })] as const,
  )
  return {
    async observe(signal) {
      signal.throwIfAborted()
      const at = clock.now()
      const received = inbox
        ? await inbox().catch((error) => ({
            unknown: `what was received cannot be read: ${messageOf(error)}`,
          }))
        : []
      const seen = await within(signal, deadlineMs, (until) =>
        Promise.all(
          clients.map(async ([name, client]) => {
            const [ready, held] = await Promise.all([
              client.ask({ method: 'GET', path: '/-/ready', signal: until }),
              heldBy(client, at, until),
            ])
            const isHeld = !('failed' in held)
            const reach = reachOf([ready], isHeld || (ready.kind === 'answered' && ready.status === 200))
            const error = isHeld
              ? {}
              : reach === 'answered'
                ? { error: held.failed }
                : errorOf(reach, [ready], { who: 'Alertmanager', deadlineMs })
            return { name, reach, error, held: isHeld ? held : null }
          }),
        ),
      )
      signal.throwIfAborted()
      const othersAnswer = someAnswer(seen)
      const nodes = Object.fromEntries(
        seen.map(({ name, reach, error, held }): [string, AlertmanagerNode] => [
          name,
          { reach, healthy: healthOf(reach, { serves: held !== null, othersAnswer }), ...error },
        ]),
      )
      const answered = seen.flatMap(({ held }) => held ?? [])
      return { at, nodes, received, held: clients.length === 0 ? null : answered }
    },
    async [Symbol.asyncDispose]() {
      for (const [, client] of clients) client[Symbol.dispose]()
    },
  }
}
