import { z } from 'zod'
import { isLabels } from '../../core/watch/alert.ts'
import type { ReceivedAlert } from '../../core/watch/received-alert.ts'
import type { Client } from '../shared/client/client.ts'
import { answerInWords } from '../shared/client/trouble.ts'

const texts = z.custom<Record<string, string>>(isLabels, 'not texts by name')
const alertsSchema = z.array(
  z.object({
    labels: texts,
    annotations: texts,
    startsAt: z.iso.datetime({ offset: true }),
    generatorURL: z.string().default(''),
    status: z.object({
      state: z.enum(['unprocessed', 'active', 'suppressed']),
      silencedBy: z.array(z.string()),
    }),
  }),
)
const statusSchema = z.object({ uptime: z.iso.datetime({ offset: true }) })

/** The alerts that an Alertmanager has now. */
export interface Held {
  alerts: (ReceivedAlert & { silencedBy: string[] })[]
  /** Epoch ms: it has only what it was sent since then. */
  startedAt: number
}

const maxBytes = 64 << 20

/** null, with the reason, unless all of it was understood. */
export async function heldBy(
  client: Client,
  now: number,
  signal: AbortSignal,
): Promise<Held | { failed: string }> {
  const ask = async <T>(path: string, schema: z.ZodType<T>): Promise<T | { failed: string }> => {
    const reply = await client.ask({ method: 'GET', path, signal, maxBytes })
    if (reply.kind === 'silent')
      return { failed: reply.why === 'timeout' ? 'not answered in time' : reply.detail }
    if (reply.status !== 200) return { failed: answerInWords(reply) ?? `status ${reply.status}` }
    try {
      return schema.parse(JSON.parse(reply.body))
    } catch {
      return { failed: answerInWords(reply) ?? 'an answer that is not whole' }
    }
  }
  const [alerts, status] = await Promise.all([
    ask('/api/v2/alerts', alertsSchema),
    ask('/api/v2/status', statusSchema),
  ])
  if ('failed' in alerts) return alerts
  if ('failed' in status) return status
  return {
    startedAt: Date.parse(status.uptime),
    alerts: alerts.map(
      ({ labels: { alertname, ...labels }, annotations, startsAt, generatorURL, status }) => ({
        name: alertname ?? 'alert',
        labels,
        annotations,
        status: 'firing',
        startsAt: Date.parse(startsAt),
        generatorUrl: generatorURL,
        receivedAt: now,
        silencedBy: status.silencedBy,
      }),
    ),
  }
}
