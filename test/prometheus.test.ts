import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import type { Tls } from '../src/core/watch/access.ts'
import { type OperatorDb, openOperatorDb } from '../src/store/operator/open.ts'
import { listTickets } from '../src/store/operator/tickets.ts'
import { invariants } from '../src/subjects/prometheus/invariants.ts'
import { connect } from '../src/subjects/prometheus/observe.ts'
import { certificates, noCertificates } from './standins/certificates.ts'
import { freePorts } from './standins/etcd.ts'
import { operator } from './standins/operator.ts'
import {
  configOf,
  type Server,
  skipWithout,
  startAlertmanager,
  startPrometheus,
} from './standins/prometheus.ts'
import { until } from './standins/until.ts'

const rules = JSON.stringify({
  groups: [
    {
      name: 'some',
      rules: [
        {
          alert: 'TargetDown',
          expr: 'up == 0',
          labels: { severity: 'critical' },
          annotations: { summary: '{{ $labels.instance }} is down' },
        },
        { alert: 'Dead', expr: 'no_such_metric > 1' },
        { alert: 'Waits', expr: 'up{job="waits"} == 0', for: '1h' },
      ],
    },
  ],
})

/** A monitor by hand, and what became tickets. */
async function scene(argv: readonly string[]) {
  const home = mkdtempSync(join(tmpdir(), 'alerts-'))
  const db: OperatorDb = openOperatorDb(join(home, 'operator.db'))
  const monitor = () => operator(['monitor', 'run', '--interval', '300ms', ...argv], { OPERATOR_HOME: home })
  let running = monitor()
  return {
    home,
    stderr: () => running.stderr(),
    async killed() {
      running.child.kill('SIGKILL')
      await running.ended
      running = monitor()
    },
    /** Waits until the monitor has observed for so long from now on: what does not change meanwhile was seen not to. */
    async waits(ms: number) {
      const observedAt = async () =>
        Math.max(
          0,
          ...(await db.selectFrom('monitors').select('observed_at').execute()).map(
            (row) => row.observed_at ?? 0,
          ),
        )
      const end = systemClock.now() + ms
      await until('the monitor observed', async () => (await observedAt()) >= end, 30_000)
    },
    /** Those that are not resolved, by name and node. */
    async open() {
      const all = await listTickets(db)
      return all
        .filter(({ state }) => state !== 'resolved')
        .map(({ invariant, node }) => `${invariant} ${node}`)
        .sort()
    },
    all: () => listTickets(db),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await db.destroy()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

const has = (list: readonly string[], ...wanted: string[]) => wanted.every((one) => list.includes(one))

for (const own of [false, true])
  describe(
    `alerts of a real Prometheus, ${own ? 'by rules of ours' : 'by its own account'}`,
    skipWithout,
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'rules-'))
      after(() => rmSync(folder, { recursive: true, force: true }))
      const file = join(folder, 'own.yml')
      writeFileSync(file, rules)

      test('a ticket opens, is not closed by what is not seen, and ends once it is', async () => {
        const [target = 0] = await freePorts(1)
        const targets = { jobs: [`127.0.0.1:${target}`] }
        await using prometheus = await startPrometheus({ targets, rules: own ? '' : rules })
        const where = ['--subject', 'prometheus', '--endpoints', `prometheus=${prometheus.url}`]
        await using watch = await scene([...where, ...(own ? ['--rules', file] : [])])
        const ticket = `TargetDown 127.0.0.1:${target}`
        await until('the ticket', async () => has(await watch.open(), ticket))
        const [first] = await watch.all()
        assert.equal(first?.message, `127.0.0.1:${target} is down`)
        assert.equal(first?.severity, 'critical')
        assert.match(String(first?.values.graph), /\/graph\?g0\.expr=up/)
        assert.match(watch.stderr(), /Dead.*a dead rule: none of its metrics exists \(no_such_metric\)/)

        // Prometheus is gone: nothing is resolved, and that nothing is seen is a ticket.
        await prometheus.kill()
        await until('blindness', async () => has(await watch.open(), ticket, 'unobservable cluster'), 30_000)
        await watch.killed()
        await prometheus.start()
        await until('it is seen again', async () => !has(await watch.open(), 'unobservable cluster'), 30_000)
        assert.ok(has(await watch.open(), ticket), 'and the alert still fires')

        // The target is no longer scraped: nothing tells whether it is well.
        await prometheus.reload(configOf({ targets: { jobs: [] } }))
        await until('its series are gone', async () => (await upOf(prometheus)).length === 0, 30_000)
        await watch.waits(2_000)
        assert.ok(has(await watch.open(), ticket), JSON.stringify(await watch.open()))

        // Now it is there, and up: it is itself that Prometheus scrapes at that address.
        await using twin = await startPrometheus({ port: target })
        assert.ok(twin.url)
        await prometheus.reload(configOf({ targets }))
        await until('all is resolved', async () => (await watch.open()).length === 0, 30_000)
        const resolved = (await watch.all()).find(({ invariant }) => invariant === 'TargetDown')
        assert.equal(resolved?.resolvedBy, 'self')
      })
    },
  )

async function upOf({ url }: Server): Promise<unknown[]> {
  const reply = await fetch(`${url}/api/v1/query?query=up`)
  return ((await reply.json()) as { data: { result: unknown[] } }).data.result
}

test('a Prometheus behind TLS: its certificate is judged, and without the authority nothing is known', {
  skip: skipWithout.skip || noCertificates,
}, async () => {
  const pem = certificates()
  await using prometheus = await startPrometheus({
    tls: { cert: pem('server'), key: pem('server-key') },
    isReady: async (url) => isOpenAt(Number(new URL(url).port)),
  })
  const verdictsWith = async (tls: Tls, name: string) => {
    await using connection = connect({ prometheus: { url: prometheus.url } }, { tls })
    let verdict = ''
    await until(`a verdict of ${name}`, async () => {
      const observation = await connection.observe(AbortSignal.timeout(30_000))
      const found = invariants.find((one) => one.name === name)?.check(observation, 'prometheus')
      verdict = found && 'reason' in found ? `${found.kind}: ${found.reason}` : (found?.kind ?? '')
      return !/was seen at a new|was tried yet/.test(verdict)
    })
    return verdict
  }
  const ca = pem('ca').toString()
  for (const name of ['prometheus_down', 'new_clients_refused', 'certificate_bad', 'certificate_expires'])
    assert.equal(await verdictsWith({ ca }, name), 'ok')
  for (const name of ['prometheus_down', 'certificate_bad'])
    assert.match(await verdictsWith({}, name), /^unknown: .*its certificate is signed by .*--ca$/)
})

const isOpenAt = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTo(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.unref()
  })

describe('notifications of a real Alertmanager', skipWithout, () => {
  test('each alert is one ticket, whoever is killed, and ends when it is told to be over', async () => {
    const [target = 0, receiver = 0] = await freePorts(2)
    const targets = { jobs: [`127.0.0.1:${target}`] }
    await using alertmanager = await startAlertmanager(`http://127.0.0.1:${receiver}/`)
    await using _twin = await startAlertmanager(`http://127.0.0.1:${receiver}/`)
    const alertmanagers = [alertmanager, _twin].map(({ port }) => `127.0.0.1:${port}`)
    await using prometheus = await startPrometheus({ targets, rules, alertmanagers })
    const listen = ['--alertmanager-listen', `127.0.0.1:${receiver}`]
    await using watch = await scene(listen)
    const ticket = `TargetDown 127.0.0.1:${target}`
    await until('the ticket', async () => has(await watch.open(), ticket), 30_000)
    await watch.killed()
    await alertmanager.kill()
    await alertmanager.start()
    await watch.waits(2_000)
    assert.deepEqual(await watch.open(), [ticket])
    await using up = await startPrometheus({ port: target })
    assert.ok(up.url)
    await until('it is over', async () => (await watch.open()).length === 0, 30_000)
    assert.equal((await watch.all()).length, 1)
    assert.ok(prometheus.url)
  })
})
