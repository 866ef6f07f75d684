import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import type { Claim } from '../src/core/work/claim.ts'
import type { Cluster } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { labSandbox } from '../src/sandbox/lab.ts'
import { runbook } from '../src/subjects/etcd/runbook.ts'
import { quotaBytes, topology } from '../src/subjects/etcd/topology.ts'
import { slowed, until } from './standins/until.ts'
import { bench } from './standins/work.ts'

const never = new AbortController().signal
const abilities = await netns.abilities()
const { can } = abilities.clusters

/** The procedure in a real cluster, through the sandbox that agents get. */
describe('etcd runbook in a lab', { skip: can ? false : 'no namespaces here' }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await netns.up(topology(3), { signal: never })
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  const etcdctl = (...args: string[]) => {
    const endpoints = cluster.nodes.map(({ name }) => `${name}:2379`).join(',')
    return cluster.run('etcd-1', ['etcdctl', `--endpoints=${endpoints}`, '--command-timeout=2s', ...args])
  }
  const isHealthy = async () => (await etcdctl('endpoint', 'health')).exitCode === 0
  beforeEach(() => until('every member is healthy', isHealthy, 15_000))

  async function work(): Promise<{ claim: Claim; commands: string[]; ms: number }> {
    const sandbox = labSandbox(cluster)
    const { work, commands } = bench({
      shell: (command) =>
        sandbox.exec(command, { timeoutMs: slowed(60_000), signal: never, maxBytes: 100_000 }),
    })
    const from = systemClock.now()
    const claim = await runbook(work)
    return { claim, commands, ms: systemClock.now() - from }
  }

  test('changes nothing where nothing is wrong', async () => {
    const { claim, commands } = await work()
    assert.equal(claim.status, 'not_fixed')
    assert.deepEqual(claim.actions, [])
    assert.ok(commands.length <= 10, commands.join('\n'))
    assert.match(claim.rootCause, /all members answered; no alarm is raised; no rule that drops/)
    assert.doesNotMatch(claim.rootCause, /could not/)
  })

  test('starts a member that was killed', async (t) => {
    await cluster.signal('etcd-2', 'KILL')
    const { claim, ms } = await work()
    t.diagnostic(`${ms} ms`)
    assert.deepEqual([claim.status, claim.component], ['fixed', 'etcd-2'])
    assert.equal(await cluster.state('etcd-2'), 'running')
    assert.ok(await isHealthy())
  })

  test('continues a member that was paused', async (t) => {
    await cluster.signal('etcd-3', 'STOP')
    const { claim, ms } = await work()
    t.diagnostic(`${ms} ms`)
    assert.deepEqual([claim.status, claim.component], ['fixed', 'etcd-3'])
    assert.ok(await isHealthy())
  })

  test('frees a database that reached its quota', async (t) => {
    // The same key again and again: only old revisions fill it.
    const megabyte = 'head -c 1000000 /dev/zero | tr "\\0" x > /tmp/value'
    const put = 'etcdctl --endpoints=etcd-1:2379 put app/cache < /tmp/value'
    const rounds = Math.ceil((quotaBytes * 1.2) / 1_000_000)
    const fill = `${megabyte}; for i in $(seq ${rounds}); do ${put} || break; done; rm /tmp/value`
    const { stderr } = await cluster.run('etcd-1', ['bash', '-c', fill], { timeoutMs: slowed(60_000) })
    assert.match(stderr, /database space exceeded/)
    const { claim, ms } = await work()
    t.diagnostic(`${ms} ms`)
    assert.equal(claim.status, 'fixed')
    assert.match(claim.rootCause, /NOSPACE/)
    assert.equal((await etcdctl('put', 'app/cache', 'small')).exitCode, 0)
    assert.equal((await etcdctl('alarm', 'list')).stdout.trim(), '')
  })

  test('lifts a CPU limit that it can see', { skip: abilities.cpu.can ? false : 'no cgroups' }, async () => {
    await cluster.limitCpu('etcd-2', 5)
    const { claim } = await work()
    assert.deepEqual([claim.status, claim.component], ['fixed', 'etcd-2'])
    assert.match(claim.rootCause, /CPU time of etcd-2 is limited/)
    assert.equal(await cluster.cpuLimit('etcd-2'), 0)
    await cluster.unlimitCpu('etcd-2')
  })

  test('puts a name back that cannot be resolved, by the address where it answers', async () => {
    // In place: the file is mounted.
    const cut = 'grep -v etcd-2 /etc/hosts > /tmp/hosts; cat /tmp/hosts > /etc/hosts'
    await cluster.run('etcd-1', ['bash', '-c', cut])
    const { claim } = await work()
    assert.match(claim.rootCause, /name etcd-2 cannot be resolved/)
    assert.deepEqual([claim.status, claim.component], ['fixed', 'etcd-2'])
  })

  test('names CORRUPT of no member, and touches nothing', async () => {
    const alarm = (action: string) =>
      cluster.run('etcd-1', [
        'curl',
        '-s',
        'http://etcd-1:2379/v3/maintenance/alarm',
        '-d',
        JSON.stringify({ action, memberID: '0', alarm: 'CORRUPT' }),
      ])
    await alarm('ACTIVATE')
    const { claim } = await work()
    assert.deepEqual([claim.status, claim.actions], ['not_fixed', []])
    assert.match(claim.rootCause, /alarm CORRUPT of no member in particular/)
    await alarm('DEACTIVATE')
  })

  test('goes on where somebody had compacted already, and disarms what a stranger left', async () => {
    const { stdout } = await etcdctl('endpoint', 'status', '-w', 'json')
    await etcdctl('compact', /"revision":(\d+)/.exec(stdout)?.[1] ?? '')
    const members = (await etcdctl('member', 'list', '-w', 'json')).stdout
    for (const memberID of [/"ID":(\d+)/.exec(members)?.[1] ?? '', '4660']) {
      const raise = JSON.stringify({ action: 'ACTIVATE', memberID, alarm: 'NOSPACE' })
      await cluster.run('etcd-1', ['curl', '-s', 'http://etcd-1:2379/v3/maintenance/alarm', '-d', raise])
      const { claim } = await work()
      assert.equal(claim.status, 'fixed', claim.rootCause)
      assert.equal((await etcdctl('alarm', 'list')).stdout.trim(), '')
    }
  })

  test('lets a member that lost its data join again, as its log says', async () => {
    await cluster.signal('etcd-2', 'KILL')
    await cluster.run('etcd-1', ['bash', '-c', 'rm -rf /var/lib/etcd/etcd-2/data'])
    const { claim } = await work()
    assert.deepEqual([claim.status, claim.component], ['fixed', 'etcd-2'], claim.rootCause)
    assert.match(claim.rootCause, /killed by signal KILL.*already bootstrapped/)
  })

  test('names who holds the address of a member that cannot start', async () => {
    await cluster.stop('etcd-3')
    const listen =
      '$s = IO::Socket::INET->new(LocalPort => 2380, Listen => 1, ReuseAddr => 1) or die; sleep 100'
    const holder = cluster.run('etcd-3', ['perl', '-MIO::Socket::INET', '-e', listen])
    const held = async () => /:2380 /.test((await cluster.run('etcd-3', ['ss', '-ltn'])).stdout)
    await until('the port is held', held)
    const { claim } = await work()
    assert.deepEqual([claim.status, claim.component], ['not_fixed', 'etcd-3'])
    assert.match(claim.rootCause, /address is already in use/)
    await cluster.run('etcd-3', ['pkill', '-f', 'LocalPort'])
    await holder
    await cluster.start('etcd-3')
  })
})
