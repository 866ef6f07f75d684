import { z } from 'zod'
import { isLabels } from '../../core/watch/alert.ts'
import type { Ask, Client, Reply } from '../shared/client/client.ts'
import { answerInWords } from '../shared/client/trouble.ts'
import type { ActiveAlert, Labels, ObservedRule } from './observation.ts'
import { readExpression } from './rules/promql.ts'

/** Answers of a thousand rules with their alerts; more than that is no answer to a question of ours. */
const maxBytes = 32 << 20

const labels = z.custom<Labels>(isLabels, 'not texts by name')
const sample = z.object({ metric: labels, value: z.tuple([z.number(), z.string()]) })
const queryData = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('vector'), result: z.array(sample) }),
  z.object({ resultType: z.literal('scalar'), result: z.tuple([z.number(), z.string()]) }),
  z.object({ resultType: z.literal('matrix'), result: z.unknown() }),
  z.object({ resultType: z.literal('string'), result: z.unknown() }),
])
const failure = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() })
const alertingRule = z.object({
  type: z.literal('alerting'),
  name: z.string(),
  query: z.string(),
  duration: z.number(),
  keepFiringFor: z.number().default(0),
  labels,
  annotations: labels,
  health: z.string(),
  lastError: z.string().default(''),
  lastEvaluation: z.iso.datetime({ offset: true }).nullish().catch(null),
  alerts: z
    .array(
      z.object({
        labels,
        annotations: labels,
        state: z.enum(['pending', 'firing', 'inactive']),
        value: z.string(),
      }),
    )
    .nullish(),
})
const rulesData = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      file: z.string(),
      interval: z.number(),
      rules: z.array(z.union([alertingRule, z.object({ type: z.literal('recording') })])),
    }),
  ),
})

export type Answer<T> = { kind: 'ok'; data: T } | { kind: 'failed'; why: string }

/** Prometheus' own words for NaN and infinities are JavaScript's but for the sign and the length. */
const numberOf = (text: string): number => Number(text.replace('Inf', 'Infinity'))

/** Checks an answer: status 200, `success`, and the expected shape. Otherwise returns the reason. */
function answerOf<T>(reply: Reply, schema: z.ZodType<T>): Answer<T> {
  if (reply.kind === 'silent')
    return { kind: 'failed', why: reply.why === 'timeout' ? 'not answered in time' : reply.detail }
  let body: unknown
  try {
    body = JSON.parse(reply.body)
  } catch {
    return { kind: 'failed', why: answerInWords(reply) ?? `an answer that is no JSON (${reply.status})` }
  }
  const failed = failure.safeParse(body)
  if (failed.success) return { kind: 'failed', why: `${failed.data.errorType}: ${failed.data.error}` }
  if (reply.status !== 200) return { kind: 'failed', why: answerInWords(reply) ?? `status ${reply.status}` }
  const whole = z.object({ status: z.literal('success'), data: schema }).safeParse(body)
  if (whole.success) return { kind: 'ok', data: whole.data.data }
  return { kind: 'failed', why: `an answer that is not whole: ${whole.error.issues[0]?.message ?? ''}` }
}

export interface Sample {
  labels: Labels
  value: number
}

/** Answers are small and many: to compress them costs both sides more than it saves. */
const plain = { 'accept-encoding': 'identity' }

/** Evaluates an expression now. A scalar is one element without labels, as it is in a rule. */
export async function query(client: Client, expr: string, signal: AbortSignal): Promise<Answer<Sample[]>> {
  const ask: Ask = {
    method: 'POST',
    path: '/api/v1/query',
    form: { query: expr },
    signal,
    maxBytes,
    headers: plain,
  }
  const answer = answerOf(await client.ask(ask), queryData)
  if (answer.kind === 'failed') return answer
  const { data } = answer
  if (data.resultType === 'vector')
    return {
      kind: 'ok',
      data: data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: numberOf(value) })),
    }
  if (data.resultType === 'scalar')
    return { kind: 'ok', data: [{ labels: {}, value: numberOf(data.result[1]) }] }
  return { kind: 'failed', why: `the expression is a ${data.resultType}, which no alert can be` }
}

/** A group that was not evaluated for so many of its intervals stands still. */
const staleIntervals = 4
const staleMs = 10_000

/** The alerting rules of a Prometheus, as it evaluated them last. */
export async function rulesFrom(
  client: Client,
  signal: AbortSignal,
  read: typeof readExpression = readExpression,
): Promise<Answer<ObservedRule[]>> {
  const reply = await client.ask({ method: 'GET', path: '/api/v1/rules?type=alert', signal, maxBytes })
  const answer = answerOf(reply, rulesData)
  if (answer.kind === 'failed') return answer
  // By its own clock, as the times in it are.
  const now = reply.kind === 'answered' ? (reply.date ?? reply.receivedAt) : 0
  const all = answer.data.groups.flatMap(({ name: group, file, interval, rules }) =>
    rules.flatMap((rule): ObservedRule[] => {
      if (rule.type !== 'alerting') return []
      const evaluatedAt = rule.lastEvaluation ? Date.parse(rule.lastEvaluation) : Number.NaN
      const late = now - evaluatedAt - (staleIntervals * interval * 1_000 + staleMs)
      const trouble =
        rule.health === 'err'
          ? `Prometheus cannot evaluate it: ${rule.lastError}`
          : rule.health !== 'ok' || Number.isNaN(evaluatedAt) || evaluatedAt < 0
            ? 'Prometheus has not evaluated it yet'
            : late > 0
              ? `Prometheus last evaluated it at ${rule.lastEvaluation}: its group '${group}' stands still`
              : null
      const alerts = (rule.alerts ?? []).flatMap(({ state, labels, annotations, value }): ActiveAlert[] =>
        state === 'inactive'
          ? []
          : [{ labels: unnamed(labels), annotations, value: numberOf(value), phase: state }],
      )
      return [
        {
          rule: {
            name: rule.name,
            expr: rule.query,
            // Prometheus waits for it; ours only has to outlast what it may be behind.
            forMs: rule.duration * 1_000 + 2 * interval * 1_000,
            keepFiringMs: 0,
            labels: rule.labels,
            annotations: rule.annotations,
            place: `${file}: ${group}`,
          },
          expression: read(rule.query),
          state: trouble === null ? { kind: 'evaluated', alerts } : { kind: 'unknown', reason: trouble },
        },
      ]
    }),
  )
  return { kind: 'ok', data: all }
}

/** The name stands beside the labels. */
const unnamed = ({ alertname: _, ...labels }: Labels): Labels => labels
