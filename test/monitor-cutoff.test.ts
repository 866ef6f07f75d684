import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { messageOf } from '../src/core/errors.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { endpointArgv } from '../src/operate.ts'
import { listMonitors } from '../src/store/operator/monitors.ts'
import { type OperatorDb, openOperatorDb } from '../src/store/operator/open.ts'
import { listTickets } from '../src/store/operator/tickets.ts'
import { topology } from '../src/subjects/etcd/topology.ts'
import { type LocalEtcd, startEtcd } from './standins/etcd.ts'
import { folder } from './standins/scripted.ts'
import { until } from './standins/until.ts'

const main = new URL('../src/cli/main.ts', import.meta.url).pathname
const never = new AbortController().signal

const monitor = (
  argv: readonly string[],
  stdin: 'ignore' | 'pipe' = 'ignore',
  stderr: 'inherit' | number = 'inherit',
) => spawn(process.execPath, [main, 'monitor', 'run', ...argv], { stdio: [stdin, 'ignore', stderr] })

async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  const end = once(child, 'exit')
  if (signal) child.kill(signal)
  return (await end)[0]
}

const watching = (db: OperatorDb) =>
  until(
    'it looks',
    async () => (await listMonitors(db)).some(({ observedAt }) => observedAt !== null),
    20_000,
  )

/** What is unresolved: `member_down/etcd-2`. */
const open = async (db: OperatorDb) =>
  (await listTickets(db))
    .filter(({ state }) => state !== 'resolved')
    .map(({ key }) => key.replace('etcd/', ''))

test('cut off from every node: what is broken stays open, and says that nothing can be seen', async () => {
  using dir = folder()
  await using db = openOperatorDb(dir.file('operator.db'))
  await using cluster = await netns.up(topology(3), { signal: never })
  const child = monitor(['--lab', cluster.id, '--db', dir.file('operator.db'), '--interval', '250ms'])
  try {
    await watching(db)
    await cluster.signal('etcd-2', 'KILL')
    const down = ['member_down/etcd-2']
    await until(
      'the dead member has a ticket',
      async () => (await open(db)).includes('member_down/etcd-2'),
      15_000,
    )

    const firewall = async (what: '-I' | '-D') => {
      const rule = [what, 'OUTPUT', '-p', 'tcp', '--dport', '2379', '-j', 'DROP']
      const [program = '', ...args] = cluster.enter(['iptables', ...rule])
      await promisify(execFile)(program, args)
    }
    await firewall('-I')
    const blind = [...down, 'unobservable/cluster']
    await until('nothing can be seen', async () => (await open(db)).includes('unobservable/cluster'), 15_000)
    // It would be seen to be well now, if silence were health.
    await cluster.start('etcd-2')
    const beats = async () => (await listMonitors(db))[0]?.beatAt ?? 0
    const since = await beats()
    await until('more looks', async () => (await beats()) > since + 4_000, 15_000)
    assert.deepEqual(
      (await open(db)).filter((key) => blind.includes(key)),
      blind,
    )

    await firewall('-D')
    await until('both are resolved', async () => (await open(db)).length === 0, 20_000)
    const tickets = (await listTickets(db)).filter(({ key }) => blind.includes(key.replace('etcd/', '')))
    assert.deepEqual(
      tickets.map(({ resolvedBy }) => resolvedBy),
      ['self', 'self'],
    )
  } finally {
    assert.equal(await ended(child, 'SIGTERM'), 130)
  }
  assert.ok((await listMonitors(db)).every(({ endedAt }) => endedAt !== null))
})

describe('operator monitor run', () => {
  const on = (etcd: LocalEtcd) => ['--subject', 'etcd', ...endpointArgv(etcd.endpoints)]
  const once_ = async (argv: string[]) => {
    const run = promisify(execFile)(process.execPath, [main, 'monitor', 'run', '--once', ...argv])
    return run.then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      (error) => ({ code: error.code as number, stdout: String(error.stdout), stderr: messageOf(error) }),
    )
  }

  test('--once: 0 all is well, 1 it is not, 2 bad input', async () => {
    await using etcd = await startEtcd(3)
    const well = async () => (await once_(on(etcd))).code === 0
    await until('all is well', well, 30_000)
    const healthy = await once_([...on(etcd), '--json'])
    const { healthy: isHealthy, nodes, checks } = JSON.parse(healthy.stdout)
    assert.deepEqual([isHealthy, Object.keys(nodes)], [true, etcd.names])
    // Certificates, as there are none; and what a young member has not measured yet.
    const nothingToCheck = /^etcd\/(certificate_\w+|slow_peer_round_trip)\//
    const odd = checks.filter(
      ({ key, kind }: { key: string; kind: string }) =>
        kind !== 'ok' && !(kind === 'not_applicable' && nothingToCheck.test(key)),
    )
    assert.deepEqual(odd, [])

    await etcd.kill('etcd-3')
    const unwell = await once_(on(etcd))
    assert.equal(unwell.code, 1)
    assert.match(unwell.stdout, /etcd\/member_down\/etcd-3 {2}critical {2}etcd-3: connect ECONNREFUSED/)

    const bad: [string[], RegExp][] = [
      [['--subject', 'etcd'], /say what to watch/],
      [[...on(etcd), '--grace', 'member_dwon=1s'], /no invariant 'member_dwon'; known: member_down,/],
      [[...on(etcd), '--grace', 'member_down=soon'], /allowed: a duration such as 500ms/],
      [[...on(etcd), '--interval', '0'], /allowed: a duration from 100ms/],
      [[...on(etcd), '--interval', '100000h'], /up to 500h/],
      [['--subject', 'etcd', '--endpoints', 'cluster=http://127.0.0.1:1'], /cannot be named 'cluster'/],
      [['--subject', 'etcd', '--endpoints', '127.0.0.1:2379'], /is not name=url/],
      [['--subject', 'etdc', '--endpoints', 'http://127.0.0.1:1'], /etcd/],
      [['--lab', 'nowhere'], /no cluster 'nowhere'/],
    ]
    for (const result of await Promise.all(
      bad.map(async ([argv, say]) => ({ say, ...(await once_(argv)) })),
    )) {
      assert.equal(result.code, 2, result.stderr)
      assert.match(result.stderr, result.say)
    }
  })

  test('SIGTERM: ends at once, says so in the database; also with an owner that lives on', async () => {
    using dir = folder()
    await using etcd = await startEtcd(1)
    const argv = [...on(etcd), '--db', dir.file('operator.db')]
    for (const extra of [[], ['--with-parent']]) {
      await using db = openOperatorDb(dir.file('operator.db'))
      const child = monitor([...argv, ...extra], 'pipe')
      await until('it looks', async () => (await listMonitors(db)).some((m) => m.pid === child.pid), 20_000)
      assert.equal(await ended(child, 'SIGTERM'), 130)
      const own = (await listMonitors(db)).find((m) => m.pid === child.pid)
      assert.ok(own?.endedAt)
    }
  })

  test('its owner is gone: it ends', async () => {
    using dir = folder()
    await using etcd = await startEtcd(1)
    await using db = openOperatorDb(dir.file('operator.db'))
    const child = monitor([...on(etcd), '--db', dir.file('operator.db'), '--with-parent'], 'pipe')
    await watching(db)
    child.stdin?.end()
    assert.equal(await ended(child), 0)
    assert.ok((await listMonitors(db))[0]?.endedAt)
  })

  test('a log that cannot be written ends nothing', async () => {
    using dir = folder()
    await using etcd = await startEtcd(1)
    await using db = openOperatorDb(dir.file('operator.db'))
    const full = openSync('/dev/full', 'w')
    const child = monitor([...on(etcd), '--db', dir.file('operator.db')], 'ignore', full)
    await watching(db)
    await etcd.kill('etcd-1')
    await until('it still works', async () => (await open(db)).includes('member_down/etcd-1'), 30_000)
    assert.equal(await ended(child, 'SIGTERM'), 130)
  })
})
