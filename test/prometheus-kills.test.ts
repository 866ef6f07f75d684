import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { rngFrom } from '../src/core/rng.ts'
import { openOperatorDb } from '../src/store/operator/open.ts'
import { receivedAlerts } from '../src/store/operator/received.ts'
import { listTickets } from '../src/store/operator/tickets.ts'
import { freePorts } from './standins/etcd.ts'
import { operator } from './standins/operator.ts'
import { skipWithout, startAlertmanager, startPrometheus } from './standins/prometheus.ts'
import { until } from './standins/until.ts'

/** More of both by the environment: 200 alerts and 10 kills of each take some minutes. */
const alertCount = Number(process.env.TEST_ALERTS ?? 40)
const killsOfEach = Number(process.env.TEST_KILLS ?? 5)

const rules = JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'Broken', expr: 'broken == 1' }] }] })

/** Something that is scraped, of which the first so many parts are broken. */
async function exporter(parts: number) {
  let broken = 0
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/plain')
    response.end(
      Array.from({ length: parts }, (_, i) => `broken{part="${i}"} ${i < broken ? 1 : 0}\n`).join(''),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    breakUpTo(count: number) {
      broken = count
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('kill -9 at random moments', skipWithout, () => {
  test(`${alertCount} alerts, ${killsOfEach} kills of each program: none is lost, doubled or resolved`, async () => {
    await using undo = new AsyncDisposableStack()
    const home = mkdtempSync(join(tmpdir(), 'kills-'))
    undo.defer(() => rmSync(home, { recursive: true, force: true }))
    const db = undo.use(openOperatorDb(join(home, 'operator.db')))
    const parts = undo.use(await exporter(alertCount))
    const [port = 0] = await freePorts(1)
    const alertmanager = undo.use(await startAlertmanager(`http://127.0.0.1:${port}/`))
    const alertmanagers = [`127.0.0.1:${alertmanager.port}`]
    const targets = { parts: [parts.target] }
    const prometheus = undo.use(await startPrometheus({ rules, targets, alertmanagers, resend: '5s' }))
    const listen = ['--alertmanager-listen', `127.0.0.1:${port}`, '--cluster', 'c', '--interval', '300ms']
    const start = () => operator(['monitor', 'run', ...listen], { OPERATOR_HOME: home })
    let monitor = start()
    undo.defer(() => monitor[Symbol.asyncDispose]())
    const kill = {
      receiver: async () => {
        monitor.child.kill('SIGKILL')
        await monitor.ended
        monitor = start()
      },
      alertmanager: () => alertmanager.kill().then(() => alertmanager.start()),
      prometheus: () => prometheus.kill().then(() => prometheus.start()),
    }

    const rng = rngFrom(7)
    const kills = Object.values(kill).flatMap((one) => Array.from({ length: killsOfEach }, () => one))
    const order = kills.map((one) => ({ one, at: rng.next() })).toSorted((a, b) => a.at - b.at)
    for (const [i, { one }] of order.entries()) {
      parts.breakUpTo(Math.ceil((alertCount * (i + 1)) / order.length))
      await systemClock.sleep(rng.next() * 1_000)
      await one()
      const ended = (await listTickets(db)).filter(({ state }) => state === 'resolved')
      assert.deepEqual(ended, [], 'nothing is over yet')
    }
    const open = async () => (await listTickets(db)).filter(({ state }) => state !== 'resolved')
    await until('all are tickets', async () => (await open()).length === alertCount, 60_000)

    // An Alertmanager that was killed tells of an end only if it told of the alert since.
    const from = systemClock.now()
    const repeated = async () => (await receivedAlerts(db, 'c')).every(({ receivedAt }) => receivedAt > from)
    await alertmanager.kill()
    await alertmanager.start()
    await until('it has told of all again', repeated, 60_000)
    parts.breakUpTo(0)
    await until('all are resolved', async () => (await open()).length === 0, 60_000)
    const all = await listTickets(db)
    assert.equal(all.length, alertCount)
    assert.equal(new Set(all.map(({ key }) => key)).size, alertCount)
  })
})
