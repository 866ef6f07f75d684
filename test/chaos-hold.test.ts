import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Fault } from '../src/chaos/chaos-type.ts'
import { chaosTypes } from '../src/chaos/faults.ts'
import { systemClock } from '../src/core/clock.ts'
import { rngFrom } from '../src/core/rng.ts'
import type { Cluster, NodeState } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { openOperatorDb } from '../src/store/operator/open.ts'
import { listTickets } from '../src/store/operator/tickets.ts'
import { type Arena, echoArena, etcdArena, sharedCluster } from './standins/arena.ts'
import { operator } from './standins/operator.ts'
import { until } from './standins/until.ts'

const { can } = (await netns.abilities()).clusters

/** A fault, injected and held as a trial holds it. */
async function held(cluster: Cluster, name: string, target: string, params: unknown) {
  const type = chaosTypes[name]
  assert.ok(type?.hold, name)
  const checked = type.params.parse(params)
  const fault: Fault = await type.plan({ cluster, params: checked, target, roles: {}, rng: rngFrom(3) })
  await type.inject(cluster, fault)
  const over = new AbortController()
  const holding = type.hold(cluster, fault, { clock: systemClock, signal: over.signal })
  const end = async () => {
    over.abort()
    await holding
    await type.revert(cluster, fault)
    assert.equal(await type.clean(cluster, fault), true)
  }
  return { type, fault, holding, end }
}

const startedAt = async (cluster: Cluster, node: string): Promise<string> =>
  (await cluster.run(node, ['cat', `/run/svc/${node}.pid`])).stdout

describe('faults that go on', { skip: can ? false : 'no namespaces here' }, () => {
  const clusters = (arena: Arena) => {
    const shared = sharedCluster(netns, arena)
    after(() => shared[Symbol.asyncDispose]())
    return shared
  }

  describe('on echo servers', () => {
    const shared = clusters(echoArena)
    let cluster: Cluster
    before(async () => {
      cluster = await shared.get()
    })
    const becomes = (state: NodeState, node = 'echo-2') =>
      until(`${node} is ${state}`, async () => (await cluster.state(node)) === state)

    test('a killed node is killed again as often as asked, and then stays up', async () => {
      const { holding, end } = await held(cluster, 'node_kill', 'echo-2', { repeat: 2, every_ms: 100 })
      for (let i = 0; i < 2; i++) {
        await becomes('stopped')
        await cluster.start('echo-2')
      }
      await becomes('stopped')
      await cluster.start('echo-2')
      await holding
      const survivor = await startedAt(cluster, 'echo-2')
      assert.equal(await cluster.state('echo-2'), 'running')
      await end()
      assert.equal(await startedAt(cluster, 'echo-2'), survivor)
    })

    test('a paused node is paused again, until the fault is over', async () => {
      const { end } = await held(cluster, 'pause', 'echo-2', { repeat: 1000, every_ms: 100 })
      for (let i = 0; i < 3; i++) {
        await becomes('paused')
        await cluster.signal('echo-2', 'CONT')
      }
      await becomes('paused')
      await end()
      await shared.untilWhole(cluster)
    })

    test('two nodes are haunted apart from each other, when that is allowed', async () => {
      const type = chaosTypes.node_kill
      assert.ok(type)
      const params = type.params.parse({ repeat: '1', every_ms: '100' })
      const plan = { cluster, params, target: 'echo-1,echo-3', roles: {}, rng: rngFrom(1) }
      const fault = await type.plan({ ...plan, allowQuorumLoss: true })
      await type.inject(cluster, fault)
      assert.equal(await type.landed(cluster, fault), true)
      const signal = new AbortController().signal
      const holding = type.hold?.(cluster, fault, { clock: systemClock, signal })
      await cluster.start('echo-1')
      await becomes('running', 'echo-1')
      await becomes('stopped', 'echo-1')
      await cluster.start('echo-3')
      await becomes('stopped', 'echo-3')
      await holding
      await type.revert(cluster, fault)
      await shared.untilWhole(cluster)
    })

    test('nobody inside sees who does it', async () => {
      const { end } = await held(cluster, 'node_kill', 'echo-2', { repeat: 1000, every_ms: 100 })
      // Every program that starts inside is a new process id.
      const watch = `for ((i = 0; i < 400; i++)); do cat /proc/[0-9]*/cmdline | tr '\\0' ' '; echo; done 2>/dev/null`
      const watching = cluster.run('echo-1', ['bash', '-c', watch])
      for (let i = 0; i < 3; i++) {
        await becomes('stopped')
        await cluster.start('echo-2')
      }
      assert.doesNotMatch((await watching).stdout, /svc kill|kill -|SIGKILL/)
      await end()
    })
  })

  test('noise disturbs etcd, and its monitor opens no ticket', async () => {
    const shared = clusters(etcdArena)
    const cluster = await shared.get()
    const home = mkdtempSync(join(tmpdir(), 'noise-'))
    after(() => rmSync(home, { recursive: true, force: true }))
    await using db = openOperatorDb(join(home, 'operator.db'))
    const monitor = ['monitor', 'run', '--lab', cluster.id, '--interval', '500ms']
    await using _running = operator(monitor, { OPERATOR_HOME: home })
    const lastObservation = async () =>
      (await db.selectFrom('monitors').select('observed_at').execute())[0]?.observed_at
    await until('the monitor looks', async () => (await lastObservation()) != null, 30_000)
    assert.deepEqual(await listTickets(db), [])

    const { fault, end } = await held(cluster, 'noise', 'etcd-2', { every_ms: 500 })
    // All three kinds have come by then, with this seed: the disturbances are those of a plan, not of chance.
    const rng = rngFrom(Number(fault.undo.seed))
    const kinds = new Set(Array.from({ length: 12 }, () => [rng.next(), rng.int(3), rng.int(1)][1]))
    assert.equal(kinds.size, 3)
    const began = (await lastObservation()) ?? 0
    await until(
      'twelve seconds of noise were looked at',
      async () => ((await lastObservation()) ?? 0) > began + 12_000,
      30_000,
    )
    await end()
    assert.deepEqual(
      (await listTickets(db)).map(({ key, message }) => `${key}: ${message}`),
      [],
    )
  })
})
