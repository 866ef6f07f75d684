import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { bandwidth } from '../../src/chaos/generic/bandwidth.ts'
import { latency } from '../../src/chaos/generic/latency.ts'
import { connectMs } from '../../src/chaos/link.ts'
import type { Ability, Cluster, Lab } from '../../src/lab/contract.ts'
import { echo, echoArena, sharedCluster } from '../standins/arena.ts'
import { until } from '../standins/until.ts'

const injector = new URL('../standins/injector.ts', import.meta.url).pathname

const fastest = async (...[cluster, from, to]: Parameters<typeof connectMs>): Promise<number> =>
  Math.min(...(await connectMs(cluster, from, to, { attempts: 6 })).map((ms) => ms ?? 1e9))

/**
 * What a lab's slow link must be, by whichever way it is made.
 * @param killRelay does what makes a node's packets wait to death, from outside
 */
export function latencyConformance(
  lab: Lab,
  delay: Ability,
  killRelay: (cluster: Cluster, node: string) => Promise<void>,
): void {
  const shared = sharedCluster(lab, echoArena)
  after(() => shared[Symbol.asyncDispose]())

  test('both ways, by what was asked, to all or to one peer; the node keeps its interface', async () => {
    const cluster = await shared.get()
    const interfaces = async () =>
      // A new link-local address is tentative for its first seconds.
      (await cluster.run('echo-2', ['ip', 'addr', 'show', 'eth0'])).stdout.replaceAll(' tentative', '')
    const before = await interfaces()
    for (const minMs of [20, 100]) {
      await cluster.delay('echo-2', { minMs, maxMs: minMs })
      for (const [from, to] of [
        ['echo-1', 'echo-2'],
        ['echo-2', 'echo-3'],
      ] as const) {
        // On a busy machine all of some attempts may be slower; none is ever faster.
        await until(`${from} to ${to} is slow by ${minMs} ms`, async () => {
          const ms = await fastest(cluster, from, to)
          assert.ok(ms > minMs * 0.8, `${from} to ${to}: ${ms} ms of ${minMs}`)
          return ms < minMs * 1.2 + 2
        })
      }
      await until('no other link is slow', async () => (await fastest(cluster, 'echo-1', 'echo-3')) < 10)
      await cluster.undelay('echo-2')
      assert.equal(await cluster.isDelayed('echo-2'), false)
    }
    await cluster.delay('echo-2', { minMs: 60, maxMs: 120, peer: 'echo-3' })
    await until(
      'to other peers it is not slow',
      async () => (await fastest(cluster, 'echo-1', 'echo-2')) < 20,
    )
    const times = await connectMs(cluster, 'echo-3', 'echo-2', { attempts: 10 })
    assert.ok(
      times.every((ms) => ms !== null && ms > 58),
      String(times),
    )
    assert.ok(Math.max(...times.map((ms) => ms ?? 0)) - Math.min(...times.map((ms) => ms ?? 0)) > 5)
    // Nothing is lost or mixed up on the way.
    const text = Array.from({ length: 40_000 }, (_, i) => i).join(' ')
    assert.ok((await echo(cluster, 'echo-2', text, 10)).includes(text))
    await cluster.undelay('echo-2')
    assert.equal(await interfaces(), before)
  })

  test('heals whatever somebody inside did about it', async () => {
    const cluster = await shared.get()
    for (const change of [
      'tc qdisc del dev eth0 root',
      'iptables -t mangle -F',
      'iptables -t mangle -D PREROUTING 1; iptables -t mangle -A PREROUTING -p tcp -j ACCEPT',
      'iptables-save -t mangle | iptables-restore --noflush',
    ]) {
      await cluster.delay('echo-2', { minMs: 50, maxMs: 50 })
      await cluster.run('echo-2', ['bash', '-c', change])
      await cluster.undelay('echo-2')
      assert.equal(await cluster.isDelayed('echo-2'), false, change)
      await shared.untilWhole(cluster)
      await until(`it is fast after ${change}`, async () => (await fastest(cluster, 'echo-1', 'echo-2')) < 25)
    }
  })

  test('outlives whoever made it slow', async () => {
    const cluster = await shared.get()
    const params = { min_ms: 100, max_ms: 100 }
    const fault = JSON.stringify({ chaosType: 'latency', target: 'echo-3', params, undo: {} })
    const child = spawn(process.execPath, [injector, lab.name, cluster.id, 'inject', fault], {
      stdio: 'ignore',
    })
    assert.deepEqual(await once(child, 'exit'), [0, null])
    assert.ok((await fastest(cluster, 'echo-1', 'echo-3')) > 80)
    await cluster.undelay('echo-3')
    await shared.untilWhole(cluster)
  })

  const byNetem = delay.can && delay.by === 'netem'
  test('a relay that died lets everything through, and its rule goes', { skip: byNetem }, async () => {
    const cluster = await shared.get()
    await cluster.delay('echo-2', { minMs: 9_000, maxMs: 9_000 })
    assert.ok((await connectMs(cluster, 'echo-1', 'echo-2')).includes(null))
    await killRelay(cluster, 'echo-2')
    await shared.untilWhole(cluster)
    assert.equal(await cluster.isDelayed('echo-2'), true)
    await cluster.undelay('echo-2')
    assert.equal(await cluster.isDelayed('echo-2'), false)
  })

  test('may be narrow, too', { skip: byNetem && 'one discipline at a time' }, async () => {
    const cluster = await shared.get()
    const faults = [
      { type: latency, params: { min_ms: 60, max_ms: 60 } },
      { type: bandwidth, params: { rate: '1mbit' } },
    ].map(({ type, params }) => ({
      type,
      fault: { chaosType: type.name, target: 'echo-2', params, undo: {} },
    }))
    for (const { type, fault } of faults) await type.inject(cluster, fault)
    for (const { type, fault } of faults)
      await until(`${type.name} has landed`, () => type.landed(cluster, fault), 10_000)
    for (const { type, fault } of faults) await type.revert(cluster, fault)
    for (const { type, fault } of faults) assert.ok(await type.clean(cluster, fault), type.name)
  })
}
