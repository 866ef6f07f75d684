import { z } from 'zod'
import { BadInput } from '../core/errors.ts'
import { isLabels } from '../core/watch/alert.ts'
import type { ReceivedAlert } from '../core/watch/received-alert.ts'

const texts = z.custom<Record<string, string>>(isLabels, 'not texts by name')
/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
const schema = z.looseObject({
  version: z.literal('4'),
  truncatedAlerts: z.number().default(0),
  alerts: z.array(
    z.looseObject({
      status: z.enum(['firing', 'resolved']),
      labels: texts,
      annotations: texts.nullish(),
      startsAt: z.iso.datetime({ offset: true }),
      generatorURL: z.string().nullish(),
    }),
  ),
})

export interface Notification {
  alerts: ReceivedAlert[]
  /** How many more there are that Alertmanager left out. */
  truncated: number
}

/** @throws BadInput saying where it is not what Alertmanager sends. */
export function notificationIn(text: string, receivedAt: number): Notification {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (error) {
    throw new BadInput(`not JSON: ${error instanceof Error ? error.message : ''}`)
  }
  const parsed = schema.safeParse(body)
  if (!parsed.success)
    throw new BadInput(`not a notification of Alertmanager (version 4): ${z.prettifyError(parsed.error)}`)
  const alerts = parsed.data.alerts.map((alert): ReceivedAlert => {
    const { alertname, ...labels } = alert.labels
    return {
      name: alertname ?? 'alert',
      labels,
      annotations: alert.annotations ?? {},
      status: alert.status,
      startsAt: Date.parse(alert.startsAt),
      generatorUrl: alert.generatorURL ?? '',
      receivedAt,
    }
  })
  return { alerts, truncated: parsed.data.truncatedAlerts }
}
