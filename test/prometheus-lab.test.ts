import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import type { Cluster } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { openOperatorDb } from '../src/store/operator/open.ts'
import { listTickets } from '../src/store/operator/tickets.ts'
import { topology } from '../src/subjects/etcd/topology.ts'
import { freePorts } from './standins/etcd.ts'
import { operator } from './standins/operator.ts'
import { type Server, skipWithout, startAlertmanager, startPrometheus } from './standins/prometheus.ts'
import { slowed, until } from './standins/until.ts'

const { can } = (await netns.abilities()).clusters
const skip = skipWithout.skip || (can ? false : 'no namespaces here')

const rules = JSON.stringify({
  groups: [
    {
      name: 'etcd',
      rules: [
        {
          alert: 'MemberDown',
          expr: 'up{job="etcd"} == 0',
          labels: { severity: 'critical' },
          annotations: { summary: '{{ $labels.instance }} cannot be scraped' },
        },
      ],
    },
  ],
})
/** How often the stand-in evaluates its rules. */
const ruleIntervalMs = 1_000

describe('a real Prometheus watches a real etcd, and the runbook repairs it', { skip }, () => {
  const undo = new AsyncDisposableStack()
  let cluster: Cluster
  let prometheus: Server
  let receiver = 0
  /** What a URL of theirs answers: they are in the network of the lab. */
  const answerOf = (url: string) => {
    const ask = `fetch('${url}').then(async (r) => console.log(r.ok ? await r.text() : ''), () => console.log(''))`
    const [program = '', ...args] = cluster.join([process.execPath, '-e', ask])
    return spawnSync(program, args, { encoding: 'utf8' }).stdout.trim()
  }
  /** Since when the alert fires, by Prometheus' own account. */
  const firingSince = () => {
    const { data } = JSON.parse(answerOf(`${prometheus.url}/api/v1/alerts`)) as {
      data: { alerts: { activeAt: string }[] }
    }
    return Date.parse(data.alerts[0]?.activeAt ?? '')
  }
  before(async () => {
    cluster = undo.use(await netns.up(topology(3), { signal: new AbortController().signal }))
    const port = (await freePorts(1))[0] ?? 0
    receiver = port
    // In the network of the lab: only there members can be reached.
    const wrap = (argv: string[]) => cluster.join(argv)
    const isReady = async (url: string) => answerOf(`${url}/-/ready`) !== ''
    const alertmanager = undo.use(await startAlertmanager(`http://127.0.0.1:${port}/`, { wrap, isReady }))
    const targets = { etcd: Object.values(cluster.endpoints).map(({ url }) => new URL(url).host) }
    const alertmanagers = [`127.0.0.1:${alertmanager.port}`]
    prometheus = undo.use(await startPrometheus({ targets, rules, alertmanagers, wrap, isReady }))
  })
  after(() => undo.disposeAsync())

  const ways = {
    'by its rules': () => ['--subject', 'prometheus', '--endpoints', `prometheus=${prometheus.url}`],
    'by Alertmanager': () => ['--alertmanager-listen', `127.0.0.1:${receiver}`],
  }
  for (const [way, argv] of Object.entries(ways))
    test(way, async () => {
      const home = mkdtempSync(join(tmpdir(), 'alerts-'))
      await using end = new AsyncDisposableStack()
      end.defer(() => rmSync(home, { recursive: true, force: true }))
      const db = end.use(openOperatorDb(join(home, 'operator.db')))
      const env = { OPERATOR_HOME: home }
      const watch = ['monitor', 'run', '--cluster', cluster.id, '--interval', '300ms', ...argv()]
      const monitor = end.use(operator(watch, env, (argv) => cluster.join(argv)))
      const observedAt = () => db.selectFrom('monitors').select('observed_at').execute()
      await until(
        'it looks',
        async () => (await observedAt()).some((one) => one.observed_at !== null),
        30_000,
      )
      await until('all are up', async () =>
        (await listTickets(db)).every(({ state }) => state === 'resolved'),
      )

      // What fired while members or Prometheus started, and its notifications, must be over.
      let quietSince = systemClock.now()
      await until('nothing fires any more', async () => {
        const isQuiet =
          Number.isNaN(firingSince()) && (await listTickets(db)).every(({ state }) => state === 'resolved')
        if (!isQuiet) quietSince = systemClock.now()
        return systemClock.now() - quietSince > 3_000
      })
      const before = (await listTickets(db)).length
      await cluster.signal('etcd-2', 'KILL')
      await until(
        `the ticket; ${monitor.stderr()}`,
        async () => (await listTickets(db)).length > before,
        30_000,
      )
      const [ticket] = await listTickets(db)
      assert.equal(ticket?.invariant, 'MemberDown')
      assert.match(ticket?.message ?? '', /:2379 cannot be scraped$/)
      const firing = firingSince()
      const lateMs = (ticket?.openedAt ?? Number.POSITIVE_INFINITY) - firing
      assert.ok(lateMs <= slowed(ruleIntervalMs + 1_000), `the ticket came ${lateMs} ms after the alert`)
      const agent = end.use(operator(['agent', 'start', '--agent', 'runbook', '--lab', cluster.id], env))
      const state = async () => (await listTickets(db))[0]?.state
      await until(`it is resolved; ${agent.stderr()}`, async () => (await state()) === 'resolved', 60_000)
      const [resolved, ...more] = await listTickets(db)
      assert.equal(resolved?.resolvedBy, 'agent')
      assert.deepEqual(more, [])
      assert.equal(await cluster.state('etcd-2'), 'running')
    })
})
