import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { type AlertCheck, type AlertId, alertKey } from '../src/core/watch/alert.ts'
import { advance } from '../src/monitor/lifecycle.ts'
import type { Tracked } from '../src/store/operator/violations.ts'
import { alerts } from '../src/subjects/prometheus/alerts.ts'
import { connect } from '../src/subjects/prometheus/observe.ts'
import { type Server, skipWithout, startPrometheus } from './standins/prometheus.ts'
import { type FoundAlert, firingByPromtool } from './standins/promtool.ts'

// The cases of etcd's own unit tests of its alerting rules (contrib/mixin), with rules of the same meaning.

const etcd = '{job="etcd"}'
const changes = `etcd_server_leader_changes_seen_total${etcd}`
const warning = { severity: 'warning' }
const rules = JSON.stringify({
  groups: [
    {
      name: 'etcd',
      rules: [
        {
          alert: 'MembersDown',
          expr: `max by (job) (count by (job) (up${etcd} == 0) or count by (job)
            (sum by (job, To, endpoint) (rate(etcd_network_peer_sent_failures_total${etcd}[2m])) > 0.01)) > 0`,
          for: '20m',
          labels: warning,
          annotations: { summary: '{{ $labels.job }}: {{ $value }} down' },
        },
        {
          alert: 'NoQuorum',
          expr: `sum by (job) (up${etcd} == bool 1) < (count by (job) (up${etcd}) + 1) / 2`,
          for: '3m',
          labels: { severity: 'critical' },
          annotations: { summary: '{{ $labels.job }}: {{ $value }} up' },
        },
        {
          alert: 'LeaderChanges',
          expr: `increase((max by (job) (${changes}) or 0 * absent(${changes}))[15m:1m]) >= 4`,
          for: '5m',
          labels: warning,
          annotations: { summary: '{{ $value }} changes of {{ $labels.job }}' },
        },
        {
          alert: 'Grows',
          expr: `predict_linear(etcd_mvcc_db_total_size_in_bytes${etcd}[4h], 14400) > etcd_server_quota_backend_bytes${etcd}`,
          for: '10m',
          labels: warning,
          annotations: { summary: '{{ $labels.instance }} grows' },
        },
        {
          alert: 'Fragmented',
          expr: `last_over_time(etcd_mvcc_db_total_size_in_use_in_bytes${etcd}[5m])
            / last_over_time(etcd_mvcc_db_total_size_in_bytes${etcd}[5m]) < 0.5
            and etcd_mvcc_db_total_size_in_bytes${etcd} > 100 * 1024 * 1024`,
          for: '10m',
          labels: warning,
          annotations: { summary: '{{ $labels.instance }}: {{ $value | humanizePercentage }} in use' },
        },
      ],
    },
  ],
})

const member = (metric: string, last: number) => `${metric}{job="etcd",instance="10.10.10.${last}"}`
const flat = (value: number, minutes: number) => Array<number>(minutes).fill(value)
const falls = (up: number, minutes: number) => [...flat(1, up), ...flat(0, minutes - up)]
const line = (step: number, minutes: number) => Array.from({ length: minutes }, (_, i) => i * step)
const size = 'etcd_mvcc_db_total_size_in_bytes'
const change = 'etcd_server_leader_changes_seen_total'
const failures = 'etcd_network_peer_sent_failures_total{To="member-1",job="etcd",endpoint="test"}'

interface Case {
  what: string
  /** A sample a minute. */
  series: Record<string, number[]>
  /** Alert, minute, and the instances that it fires for; '' where it has none. */
  expected: [string, number, string[]][]
}
const allDown = (minutes: number) =>
  Object.fromEntries([12, 8, 4].map((up, i) => [member('up', i), falls(up, minutes)]))
const cases: Case[] = [
  {
    what: 'one member after the other goes down',
    series: allDown(26),
    expected: [
      ['NoQuorum', 3, []],
      ['NoQuorum', 5, []],
      ['MembersDown', 22, []],
      ['MembersDown', 24, ['']],
      ['NoQuorum', 7, []],
      ['NoQuorum', 11, ['']],
      ['NoQuorum', 15, ['']],
    ],
  },
  { what: 'what was last scraped minutes ago', series: allDown(20), expected: [['MembersDown', 24, ['']]] },
  {
    what: 'messages to a member fail before members are down',
    series: {
      [member('up', 0)]: falls(26, 30),
      [member('up', 1)]: falls(22, 30),
      [failures]: [0, ...line(1, 29)],
    },
    expected: [['MembersDown', 23, ['']]],
  },
  {
    what: 'four changes of leader',
    series: {
      [member(change, 0)]: [0, 0, 2, 0, 0, 1, ...flat(0, 10)],
      [member(change, 1)]: [0, 0, 0, 1, ...flat(0, 12)],
      [member(change, 2)]: flat(0, 16),
    },
    expected: [['LeaderChanges', 10, ['']]],
  },
  {
    what: 'fewer changes of leader',
    series: {
      [member(change, 0)]: [0, 0, 2, ...flat(0, 13)],
      [member(change, 1)]: [0, 0, 1, ...flat(0, 13)],
      [member(change, 2)]: flat(0, 16),
    },
    expected: [['LeaderChanges', 10, []]],
  },
  {
    what: 'a database that grows fast',
    series: Object.fromEntries(
      [8_192, 1_024].flatMap((step, i) => [
        [member(size, i), line(step, 241)],
        [member('etcd_server_quota_backend_bytes', i), flat(524_288, 241)],
      ]),
    ),
    expected: [['Grows', 11, ['10.10.10.0']]],
  },
  {
    what: 'a database that is mostly empty',
    series: Object.fromEntries(
      [3e8, 7e8].flatMap((used, i) => [
        [member('etcd_mvcc_db_total_size_in_use_in_bytes', i), flat(used, 11)],
        [member(size, i), flat(1e9, 11)],
      ]),
    ),
    expected: [['Fragmented', 11, ['10.10.10.0']]],
  },
]

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** Each case has a day of its own, on the hour. */
const began = Math.floor(systemClock.now() / dayMs) * dayMs - 20 * dayMs
const startOf = (one: Case) => began + cases.indexOf(one) * dayMs

const samples = () => {
  const lines = cases.flatMap((one) =>
    Object.entries(one.series).flatMap(([series, values]) =>
      values.map((value, minute) => ({ series, value, at: startOf(one) + minute * minuteMs })),
    ),
  )
  const metricOf = (series: string) => series.split('{')[0] ?? ''
  const sorted = lines.toSorted((a, b) => (metricOf(a.series) < metricOf(b.series) ? -1 : 1))
  return `${sorted.map(({ series, value, at }) => `${series} ${value} ${at / 1_000}`).join('\n')}\n# EOF\n`
}

/** Passes everything on to a Prometheus, and has expressions evaluated at another time than now. */
async function timeMachine(target: string) {
  let seconds = 0
  const server = createServer(async (request, response) => {
    const form = new URLSearchParams(await text(request))
    if (request.method === 'POST') form.set('time', String(seconds))
    const reply = await fetch(target + request.url, {
      method: request.method ?? 'GET',
      ...(request.method === 'POST' && { body: form }),
    })
    response.writeHead(reply.status)
    response.end(await reply.text())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goTo(ms: number) {
      seconds = ms / 1_000
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What fires by our own life of a violation, at each minute. */
async function firingByUs(prometheus: Server, file: string, one: Case, minutes: number) {
  await using past = await timeMachine(prometheus.url)
  await using connection = connect({ prometheus: { url: past.url } }, { watch: { rules: [file] } })
  const followed = new Map<string, { id: AlertId; tracked: Tracked }>()
  const found: AlertCheck[][] = []
  for (let minute = 0; minute <= minutes; minute++) {
    const now = startOf(one) + minute * minuteMs
    past.goTo(now)
    const open = [...followed.values()].map(({ id }) => id)
    const observation = await connection.observe(AbortSignal.timeout(60_000), open)
    const firing: AlertCheck[] = []
    for (const check of alerts(observation, open, {})) {
      const key = alertKey('', check)
      const { next } = advance(followed.get(key)?.tracked ?? null, check.verdict, check, false, now)
      if (next) followed.set(key, { id: check, tracked: next })
      else followed.delete(key)
      if (next?.phase === 'firing') firing.push(check)
    }
    found.push(firing)
  }
  return found
}

describe("etcd's own tests of its rules", skipWithout, () => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'))
  const file = join(folder, 'rules.yml')
  let prometheus: Server
  before(async () => {
    writeFileSync(file, rules)
    prometheus = await startPrometheus({ samples: samples(), lookback: '5m' })
  })
  after(async () => {
    await prometheus?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const one of cases)
    test(`${one.what}: the same alerts fire as in promtool, with the same texts`, async () => {
      const series = Object.fromEntries(
        Object.entries(one.series).map(([name, all]) => [name, all.join(' ')]),
      )
      const questions = one.expected.map(([name, minute]) => ({ series, name, minute }))
      const theirs = firingByPromtool(rules, questions)
      const ours = await firingByUs(
        prometheus,
        file,
        one,
        Math.max(...one.expected.map(([, minute]) => minute)),
      )
      for (const [i, [name, minute, instances]] of one.expected.entries()) {
        const firing = (ours[minute] ?? []).filter((check) => check.name === name)
        const said = firing.map(
          ({ labels, verdict }): FoundAlert => ({
            labels: { alertname: name, ...labels },
            annotations: { summary: verdict.kind === 'violated' ? verdict.message : verdict.kind },
          }),
        )
        assert.deepEqual(said, theirs[i], `${name} after ${minute} min`)
        assert.deepEqual(
          firing.map(({ labels }) => labels.instance ?? ''),
          instances,
        )
      }
    })
})
