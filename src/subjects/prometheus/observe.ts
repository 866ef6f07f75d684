import { type Clock, systemClock } from '../../core/clock.ts'
import { BadInput } from '../../core/errors.ts'
import type { Access } from '../../core/watch/access.ts'
import { type AlertId, alertKey } from '../../core/watch/alert.ts'
import type { Connection, ConnectOptions } from '../../core/watch/subject.ts'
import type { Endpoints, NodeEndpoint } from '../../core/watch/topology.ts'
import { type Client, clientOf, type Reply } from '../shared/client/client.ts'
import { within } from '../shared/client/deadline.ts'
import { newConnectionProbe } from '../shared/client/new-connection-probe.ts'
import { errorOf, healthOf, reachOf, someAnswer } from '../shared/client/reach.ts'
import { type Answer, query, rulesFrom, type Sample } from './api.ts'
import type {
  ActiveAlert,
  Labels,
  ObservedRule,
  PrometheusNode,
  PrometheusObservation,
} from './observation.ts'
import { expressionMemory } from './rules/promql.ts'
import type { Rule } from './rules/rule.ts'
import { readRules } from './rules/rule-file.ts'
import { render } from './rules/template.ts'

/** Limit of an observation. Rules without an answer by then are unknown. Expressions that people write may take long. */
const deadlineMs = 2_000
/** Expressions that are evaluated at a time: a Prometheus evaluates 20 at a time by default. */
const queriesAtOnce = 16
/** Which metrics exist changes seldom, and asking for it walks over all of their series. */
const metricsEveryMs = 15_000

/** The first node that answers is asked; several are taken for replicas that have the same rules. */
export function connect(
  endpoints: Endpoints,
  { watch = {}, ...access }: ConnectOptions = {},
  clock: Clock = systemClock,
): Connection<PrometheusObservation> {
  const ownRules = watch.rules === undefined ? null : readRules(watch.rules)
  const watchers = Object.entries(endpoints).map(
    ([name, endpoint]) => [name, watcherOf(endpoint, access, clock)] as const,
  )
  if (watchers.length === 0) throw new BadInput('say where Prometheus is: prometheus=http://127.0.0.1:9090')
  const existing = metricsMemory(clock)
  const read = expressionMemory()
  return {
    async observe(signal, open = []) {
      signal.throwIfAborted()
      const at = clock.now()
      return within(signal, deadlineMs, async (until) => {
        const seen = await Promise.all(
          watchers.map(async ([name, watcher]) => [name, await watcher.observe(until)] as const),
        )
        signal.throwIfAborted()
        const othersAnswer = someAnswer(seen.map(([, node]) => node))
        const nodes = Object.fromEntries(
          seen.map(([name, node]): [string, PrometheusNode] => [
            name,
            { ...node, healthy: healthOf(node.reach, { serves: node.ready, othersAnswer }) },
          ]),
        )
        const chosen = watchers.find(([name]) => nodes[name]?.ready) ?? watchers[0]
        const [name = '', { client } = { client: null }] = chosen ?? []
        const graphAt = endpoints[name]?.url ?? ''
        if (!client || !nodes[name]?.ready) {
          const why = nodes[name]?.error ?? 'it is not ready: it is starting, or going down'
          return {
            at,
            nodes,
            rules: { unknown: why },
            targets: null,
            metrics: null,
            sources: new Map(),
            graphAt,
          }
        }
        const [rules, targets] = await Promise.all([
          ownRules ? evaluated(client, ownRules, until, read) : rulesFrom(client, until, read),
          query(client, 'up', until),
        ])
        const known = rules.kind === 'ok' ? rules.data : []
        const [metrics, sources] = await Promise.all([
          existing(client, known, until),
          sourcesOf(client, known, open, until),
        ])
        signal.throwIfAborted()
        return {
          at,
          nodes,
          rules: rules.kind === 'ok' ? rules.data : { unknown: rules.why },
          targets:
            targets.kind === 'ok'
              ? targets.data.map(({ labels, value }) => ({ labels, isUp: value === 1 }))
              : null,
          metrics,
          sources,
          graphAt,
        }
      })
    },
    async [Symbol.asyncDispose]() {
      for (const [, watcher] of watchers) watcher[Symbol.dispose]()
    },
  }
}

interface Watcher extends Disposable {
  client: Client
  observe(signal: AbortSignal): Promise<Omit<PrometheusNode, 'healthy'> & { healthy: null }>
}

function watcherOf(
  { url }: NodeEndpoint,
  { tls = {}, credentials, bearerToken }: Access,
  clock: Clock,
): Watcher {
  const base = url.replace(/\/+$/, '')
  const client = clientOf(base, clock, tls, { credentials, bearerToken })
  const newConnections = newConnectionProbe(base, '/-/ready', tls, clock)
  return {
    client,
    async observe(signal) {
      const newClient = newConnections.latest()
      const ready: Reply = await client.ask({ method: 'GET', path: '/-/ready', signal })
      const understood = ready.kind === 'answered' && (ready.status === 200 || ready.status === 503)
      const reach = reachOf([ready], understood)
      if (reach !== 'answered') newConnections.forget()
      return {
        healthy: null,
        reach,
        ...errorOf(reach, [ready], { who: 'Prometheus', deadlineMs }),
        ready: understood ? ready.status === 200 : null,
        isTls: base.startsWith('https:'),
        newClient,
      }
    },
    [Symbol.dispose]: () => {
      client[Symbol.dispose]()
      newConnections[Symbol.dispose]()
    },
  }
}

/** Rules of a person's own: Prometheus evaluates each expression, we do the rest. */
async function evaluated(
  client: Client,
  rules: readonly Rule[],
  signal: AbortSignal,
  read: ReturnType<typeof expressionMemory>,
): Promise<Answer<ObservedRule[]>> {
  const observed: ObservedRule[] = []
  const left = rules.entries()
  const worker = async () => {
    for (const [i, rule] of left) {
      const answer = await query(client, rule.expr, signal)
      observed[i] = { rule, expression: read(rule.expr), state: stateOf(rule, answer) }
    }
  }
  await Promise.all(Array.from({ length: queriesAtOnce }, worker))
  return { kind: 'ok', data: observed }
}

function stateOf(rule: Rule, answer: Answer<Sample[]>): ObservedRule['state'] {
  if (answer.kind === 'failed') return { kind: 'unknown', reason: answer.why }
  const alerts = answer.data.map(({ labels: found, value }): ActiveAlert => {
    // The labels of the series, as in Prometheus: without the rule's own labels, with the name of the metric.
    const rendered = (texts: Labels) =>
      Object.fromEntries(
        Object.entries(texts).map(([name, text]) => [name, render(text, { labels: found, value })]),
      )
    const { __name__: _, alertname: __, ...own } = { ...found, ...rendered(rule.labels) }
    // An empty label is none.
    const labels = Object.fromEntries(Object.entries(own).filter(([, text]) => text !== ''))
    return { labels, value, phase: 'holds', annotations: rendered(rule.annotations) }
  })
  const identities = new Set(alerts.map(({ labels }) => JSON.stringify(Object.entries(labels).sort())))
  if (identities.size === alerts.length) return { kind: 'evaluated', alerts }
  return { kind: 'unknown', reason: "several of its results have the same labels after the rule's own" }
}

/** Limit for one observation; the rest waits for the next one. */
const mostSources = 64

/**
 * An alert that is followed and no longer active may be over, or what it was about may be gone. Its labels that series can have
 * are its own without those that the rule adds.
 */
async function sourcesOf(
  client: Client,
  rules: readonly ObservedRule[],
  open: readonly AlertId[],
  signal: AbortSignal,
): Promise<Map<string, boolean>> {
  const active = new Set(
    rules.flatMap(({ rule: { name }, state }) =>
      state.kind === 'evaluated' ? state.alerts.map(({ labels }) => alertKey('', { name, labels })) : [],
    ),
  )
  const left = open.filter((id) => !active.has(alertKey('', id))).slice(0, mostSources)
  const found = new Map<string, boolean>()
  const work = left.values()
  const worker = async () => {
    for (const id of work) {
      const observed = rules.find(({ rule }) => rule.name === id.name)
      const metrics = observed?.expression?.metrics ?? []
      if (!observed || metrics.length === 0) continue
      const own = Object.entries(id.labels).filter(([name]) => !Object.hasOwn(observed.rule.labels, name))
      const names = `__name__=~${JSON.stringify(metrics.join('|').replaceAll('.', '\\.'))}`
      const matchers = own.map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      const answer = await query(client, `count({${[names, ...matchers].join(',')}})`, signal)
      if (answer.kind === 'ok') found.set(alertKey('', id), answer.data.length > 0)
    }
  }
  await Promise.all(Array.from({ length: queriesAtOnce }, worker))
  return found
}

/** Which metrics of the rules have samples now, asked again when it may have changed. */
function metricsMemory(clock: Clock) {
  let latest: { at: number; names: string; found: ReadonlySet<string> } | null = null
  return async (
    client: Client,
    rules: readonly ObservedRule[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string> | null> => {
    const wanted = new Set(rules.flatMap(({ expression }) => expression?.metrics ?? []))
    const names = [...wanted].toSorted().join('|')
    if (latest?.names === names && clock.monotonic() - latest.at < metricsEveryMs) return latest.found
    if (wanted.size === 0) return new Set()
    const answer = await query(
      client,
      `count by (__name__) ({__name__=~${JSON.stringify(names.replaceAll('.', '\\.'))}})`,
      signal,
    )
    if (answer.kind === 'failed') return null
    latest = {
      at: clock.monotonic(),
      names,
      found: new Set(answer.data.flatMap(({ labels }) => labels.__name__ ?? [])),
    }
    return latest.found
  }
}
