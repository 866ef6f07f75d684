import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { endpointArgv } from '../src/operate.ts'
import { entriesAfter } from '../src/store/audit/audit.ts'
import { verifyAudit } from '../src/store/audit/verify.ts'
import { listMonitors } from '../src/store/operator/monitors.ts'
import { openOperatorDb } from '../src/store/operator/open.ts'
import { listSessions } from '../src/store/operator/sessions.ts'
import { listTickets, ticketEvents } from '../src/store/operator/tickets.ts'
import { startEtcd } from './standins/etcd.ts'
import { folder } from './standins/scripted.ts'
import { slowed, until } from './standins/until.ts'

const file = (path: string) => new URL(path, import.meta.url).pathname
const commandsEach = 5

/** A daemon of ours and all it says on stderr. */
function daemon(argv: string[]) {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  return { child, said: () => said }
}

async function stopped(child: ChildProcess): Promise<number | null> {
  const end = once(child, 'exit')
  child.kill('SIGTERM')
  return (await end)[0]
}

test('ten monitors and ten agents on one database', { timeout: slowed(60_000) }, async (t) => {
  using dir = folder()
  const path = dir.file('operator.db')
  await using etcd = await startEtcd(3)
  await etcd.kill('etcd-2')
  // Half of them watch the same cluster, the others one each.
  const clusters = Array.from({ length: 10 }, (_, i) => (i < 5 ? 'shared' : `own-${i}`))
  const watched = new Set(clusters)
  const monitors = clusters.map((cluster) =>
    daemon([
      file('../src/cli/main.ts'),
      'monitor',
      'run',
      '--db',
      path,
      '--cluster',
      cluster,
      '--subject',
      'etcd',
      ...endpointArgv(etcd.endpoints),
      '--interval',
      '250ms',
      '--attempts',
      '2',
    ]),
  )
  const agents = clusters.map((_, i) => daemon([file('./standins/claims-falsely.ts'), path, `agent-${i}`]))
  const all = [...monitors, ...agents]
  t.after(() => all.forEach(({ child }) => void child.kill('SIGKILL')))

  await using db = openOperatorDb(path)
  const tickets = async () =>
    (await listTickets(db)).filter((ticket) => ticket.key === 'etcd/member_down/etcd-2')
  const reached = (state: string) => async () => {
    const found = await tickets()
    return found.length >= watched.size && found.every((ticket) => ticket.state === state)
  }
  await until('every ticket is a person’s after two false claims', reached('escalated'), 30_000)
  etcd.start('etcd-2')
  await until('every ticket is resolved', reached('resolved'), 20_000)
  assert.deepEqual(await Promise.all(agents.map(({ child }) => stopped(child))), Array(10).fill(0))
  assert.deepEqual(await Promise.all(monitors.map(({ child }) => stopped(child))), Array(10).fill(130))
  assert.doesNotMatch(all.map(({ said }) => said()).join(''), /trying again|locked|Error|agent-/)

  const found = await tickets()
  assert.deepEqual(found.map(({ cluster }) => cluster).sort(), [...watched].sort(), 'a ticket each')
  const begun = ['opened', 'recurred']
  const returned = ['reopened', 'escalated']
  for (const ticket of found) {
    const events = (await ticketEvents(db, ticket.id)).map(({ event }) => event)
    const count = (some: string[]) => events.filter((event) => some.includes(event)).length
    assert.equal(ticket.occurrences, count(begun), 'every occurrence is counted, once')
    assert.equal(ticket.attempts, count(returned), 'so is every attempt')
    assert.equal(ticket.resolvedBy, 'self')
    const order = events.filter((event) => !begun.includes(event)).join(', ')
    const attempt = 'claimed, claimed fixed'
    assert.equal(order, `${attempt}, reopened, ${attempt}, escalated, resolved`, 'none was claimed twice')
  }

  const sessions = await listSessions(db)
  const entries = await entriesAfter(db, 0)
  for (const session of sessions) {
    const own = entries.filter((entry) => entry.sessionId === session.id)
    assert.equal(own.length, 3 * commandsEach + 1)
    assert.ok(own.every(({ summary }) => summary !== null))
    const { commands, turns, tokensIn, costUsd } = session
    assert.deepEqual([commands, turns, tokensIn, costUsd], [5, 5, 50, 1.25])
  }
  for (const cluster of watched) {
    const spans = sessions.filter((session) => session.cluster === cluster)
    for (const [i, { startedAt }] of spans.entries())
      assert.ok(startedAt >= (spans[i - 1]?.endedAt ?? 0), `one session at a time on ${cluster}`)
  }
  const verdict = await verifyAudit(db)
  assert.deepEqual([verdict.ok, 'entries' in verdict && verdict.entries], [true, entries.length])
  const known = await listMonitors(db)
  assert.equal(known.filter(({ endedAt, observedAt }) => endedAt !== null && observedAt !== null).length, 10)
})
