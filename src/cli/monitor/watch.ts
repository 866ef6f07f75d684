import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from '../../core/clock.ts'
import type { WakeUp } from '../../core/wake-up.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { defaultVariant } from '../../core/work/variant.ts'
import { variantFolders, variantNamed } from '../../eval/campaign/variant-file.ts'
import type { Check } from '../../monitor/check.ts'
import { type MonitorEvent, runMonitor } from '../../monitor/monitor.ts'
import { startReceiver } from '../../receive/receiver.ts'
import type { OperatorDb } from '../../store/operator/open.ts'
import { receivedAlerts } from '../../store/operator/received.ts'
import { humanMs, inert } from '../../tui/text.ts'
import { sendersOf } from '../options/access.ts'
import type { Log } from '../terminal/log.ts'
import { textOf } from './once.ts'
import { placeOf, type WatchOptions } from './where.ts'

/** What the monitors of one process share. */
export interface Watcher {
  db: OperatorDb
  wakeUp: WakeUp
  log: Log
  clock: Clock
  signal: AbortSignal
}

/** Watches one cluster until the signal aborts. */
export async function watchCluster(
  options: WatchOptions,
  subjectName: string,
  given: Endpoints,
  { db, wakeUp, log, clock, signal }: Watcher,
): Promise<void> {
  const at = placeOf(options, subjectName, given, { clock, signal })
  const { subject, endpoints } = at
  const variant =
    options.variant === undefined ? defaultVariant : variantNamed(options.variant, variantFolders())
  const cluster = options.cluster ?? Object.values(endpoints)[0]?.url ?? subjectName
  await using _receiver = await receiverOf(options, cluster, { db, log, clock })
  const watch = { ...at.settings.watch, inbox: () => receivedAlerts(db, cluster) }
  log.info(
    `watching ${cluster} (${subject.name}, ${Object.keys(endpoints).length} nodes) every ${humanMs(options.interval)}`,
  )
  if (options.skip.length > 0) log.warn(`switched off: ${options.skip.join(', ')}`)
  await runMonitor({
    id: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    ...at,
    ...(options.alertmanagerListen && { settings: { ...at.settings, watch } }),
    db,
    cluster,
    intervalMs: options.interval,
    variant,
    maxAttempts: options.attempts,
    wakeUp,
    onEvent: (event) => say(log, event),
    onObservation: sayOnce(log),
  })
}

async function receiverOf(
  options: WatchOptions,
  cluster: string,
  { db, log, clock }: Pick<Watcher, 'db' | 'log' | 'clock'>,
) {
  if (!options.alertmanagerListen) return null
  const receiver = await startReceiver({
    ...options.alertmanagerListen,
    ...sendersOf(options),
    db,
    cluster,
    clock,
    onTrouble: (message) => log.warn(inert(message)),
  })
  log.info(`notifications of Alertmanager are received at ${receiver.url}`)
  return receiver
}

function say(log: Log, event: MonitorEvent): void {
  switch (event.kind) {
    case 'opened':
    case 'recurred':
    case 'returned':
    case 'resolved': {
      const { id, key, state, severity, message, resolvedBy } = event.ticket
      const how = event.kind === 'returned' ? `not confirmed, ${state}` : event.kind
      const by = resolvedBy ? ` by ${resolvedBy}` : ''
      log.info(`ticket #${id} ${how}${by}: ${inert(key)} (${severity}) ${inert(message)}`, {
        ticket: id,
        key,
      })
      return
    }
    case 'trouble':
      log.warn(`cannot do my work, trying again: ${inert(event.message)}`)
      return
    default:
      event satisfies never
  }
}

/** Logs once that a check has nothing to check here. */
function sayOnce(log: Log): (checks: readonly Check[]) => void {
  const said = new Set<string>()
  return (checks) => {
    for (const check of checks) {
      if (check.verdict.kind !== 'not_applicable' || check.verdict.reason === 'switched off') continue
      if (!said.has(check.key)) log.info(`not checked: ${inert(check.key)}: ${textOf(check)}`)
      said.add(check.key)
    }
  }
}
