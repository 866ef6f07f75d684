import { z } from 'zod'
import type { Clock } from '../../../core/clock.ts'
import type { Client } from '../../shared/client/client.ts'
import { queryOf, type Series, storeSeries } from '../observe/series.ts'
import type { Recent } from '../observe/window.ts'
import { jsonOf } from '../pd/json.ts'

/** Prometheus has news only as often as it scrapes. */
const everyMs = 5_000

const vector = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
})

type StoreRecent = Recent<keyof typeof storeSeries>
/** Metrics of all stores in Prometheus, by status address. */
export type StoreMetrics = ReadonlyMap<string, StoreRecent>

/** Values of each instance, by the label that distinguishes its series. */
type Found = Map<string, Map<string, number>>

/** null: no answer, or one with a number that is none. */
async function query(client: Client, series: Series, signal: AbortSignal): Promise<Found | null> {
  const path = `/api/v1/query?query=${encodeURIComponent(queryOf(series))}`
  const reply = await client.ask({ method: 'GET', path, signal })
  if (reply.kind === 'silent' || reply.status !== 200) return null
  const answer = vector.safeParse(jsonOf(reply.body)).data
  if (!answer) return null
  const found: Found = new Map()
  for (const { metric, value } of answer.data.result) {
    const number = Number(value[1])
    if (!Number.isFinite(number)) return null
    const instance = metric.instance ?? ''
    const groups = found.get(instance) ?? new Map<string, number>()
    found.set(instance, groups.set(series.by === undefined ? '' : (metric[series.by] ?? ''), number))
  }
  return found
}

/** One query for each metric, whatever the number of stores. null: Prometheus did not answer. */
export function prometheusOf(
  client: Client,
  clock: Clock,
): (signal: AbortSignal) => Promise<StoreMetrics | null> {
  let latest: { at: number; metrics: StoreMetrics | null } | null = null
  const names = Object.entries(storeSeries) as [keyof typeof storeSeries, Series][]
  /** Which series each process has had since it started: those do not go while it lives. */
  const had = new Map<string, { startedAt: number | undefined; series: Set<string> }>()

  const recentOf = (instance: string, answers: readonly (Found | null)[]): StoreRecent => {
    const startedAt = answers[names.findIndex(([name]) => name === 'startedAtSeconds')]
      ?.get(instance)
      ?.get('')
    const known = had.get(instance)
    const before = known && known.startedAt === startedAt ? known.series : new Set<string>()
    had.set(instance, { startedAt, series: before })
    const groups = names.map(([name, { absent }], i) => {
      const answer = answers[i]
      const found = answer?.get(instance)
      if (found) before.add(name)
      const zero = answer && absent === 'zero' && !before.has(name)
      return [name, found ? Object.fromEntries(found) : zero ? {} : null] as const
    })
    const series = groups.map(([name, of]) => [name, of && numberOf(storeSeries[name], of)])
    return { series: Object.fromEntries(series), groups: Object.fromEntries(groups) } as StoreRecent
  }

  return async (signal) => {
    const at = clock.monotonic()
    if (latest?.metrics && at - latest.at < everyMs) return latest.metrics
    const answers = await Promise.all(names.map(([, series]) => query(client, series, signal)))
    const instances = new Set(answers.flatMap((answer) => [...(answer?.keys() ?? [])]))
    const metrics = new Map([...instances].map((instance) => [instance, recentOf(instance, answers)]))
    latest = { at, metrics: metrics.size > 0 ? metrics : null }
    return latest.metrics
  }
}

const numberOf = ({ kind }: Series, groups: Record<string, number>): number =>
  kind === 'change' ? (groups[''] ?? 0) : Math.max(0, ...Object.values(groups))
