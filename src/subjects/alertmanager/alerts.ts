import { type AlertCheck, type AlertId, alertKey } from '../../core/watch/alert.ts'
import {
  notApplicable,
  ok,
  unknown,
  type Verdict,
  violated,
  wholeCluster,
} from '../../core/watch/invariant.ts'
import type { ReceivedAlert } from '../../core/watch/received-alert.ts'
import type { WatchSettings } from '../../core/watch/subject.ts'
import { defaultNodeLabel } from '../prometheus/alerts.ts'
import { matchersOf } from '../prometheus/matchers.ts'
import { severityOf } from '../prometheus/severity.ts'
import type { AlertmanagerObservation } from './observe.ts'

/** Alertmanager repeats a notification that often unless it is told otherwise; what is late by more is not known any more. */
const defaultRepeatMs = 4 * 3_600_000
const lateMs = 10 * 60_000
/**
 * Prometheus sends an alert again every minute, and Alertmanager keeps none over a restart: that it does not have one says nothing
 * until it had the time to be sent it twice.
 */
const relearnMs = 150_000

type Told = ReceivedAlert & { silencedBy?: string[] }

/** Each alert that a notification or an Alertmanager tells of, and each that is followed. */
export function alerts(
  observation: AlertmanagerObservation,
  open: readonly AlertId[],
  settings: WatchSettings,
): AlertCheck[] {
  const { nodeLabel = defaultNodeLabel, match, repeatMs = defaultRepeatMs } = settings
  const isWanted = match === undefined ? () => true : matchersOf(match)
  const { received, held, at } = observation
  const checkOf = ({ name, labels }: AlertId, verdict: Verdict): AlertCheck => ({
    name,
    labels,
    node: labels[nodeLabel] || wholeCluster,
    severity: severityOf(labels),
    // The rule that raised it has its own waiting time.
    graceMs: 0,
    keepFiringMs: 0,
    verdict,
  })
  const told = new Map<string, Told>()
  if (!('unknown' in received)) for (const alert of received) told.set(alertKey('', alert), alert)
  const isHeld = new Map(
    (held ?? []).flatMap(({ alerts }) => alerts).map((alert) => [alertKey('', alert), alert]),
  )

  const verdictOf = (key: string): Verdict => {
    const now = isHeld.get(key)
    if (now && now.silencedBy.length > 0) return notApplicable('a person has silenced it in Alertmanager')
    if (now) return violation(now)
    const alert = told.get(key)
    // A notification that the alert is over counts as an observation without it.
    if (alert?.status === 'resolved') return ok
    if (held !== null) {
      if (held.length === 0) return unknown('no Alertmanager tells what it holds')
      const knows = held.some(({ startedAt }) => at - startedAt > relearnMs)
      return knows ? ok : unknown('Alertmanager has just started, and may not have been told yet')
    }
    if ('unknown' in received) return unknown(received.unknown)
    if (!alert) return unknown('nothing tells of it any more')
    const silentMs = at - alert.receivedAt
    if (silentMs > repeatMs + lateMs)
      return unknown(
        `no notification for ${Math.round(silentMs / 60_000)} min: it may be over, or notifications do not arrive`,
      )
    return violation(alert)
  }

  const ids = new Map<string, AlertId>()
  for (const alert of [...told.values(), ...isHeld.values()]) {
    const isOver = alert.status === 'resolved'
    if (!isOver && isWanted({ ...alert.labels, alertname: alert.name })) ids.set(alertKey('', alert), alert)
  }
  for (const id of open) ids.set(alertKey('', id), id)
  return [...ids].map(([key, id]) => checkOf(id, verdictOf(key)))
}

function violation({ name, labels, annotations, generatorUrl }: ReceivedAlert): Verdict {
  const { summary, description, message } = annotations
  const said = [summary, description ?? message].flatMap((text) => text?.trim() || [])
  return violated(said.join('\n') || `${name} is firing`, {
    ...labels,
    ...Object.fromEntries(Object.entries(annotations).map(([key, text]) => [`annotation ${key}`, text])),
    ...(generatorUrl !== '' && { graph: generatorUrl }),
  })
}
