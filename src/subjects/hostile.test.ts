import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { hostileAnswers, hostileServer } from '../../test/standins/hostile-server.ts'
import { slowed } from '../../test/standins/until.ts'
import { systemClock } from '../core/clock.ts'
import { keyValue } from './etcd/kv.ts'
import { metricsFrom } from './etcd/observe/metrics.ts'
import { connect as connectEtcd } from './etcd/observe/observe.ts'
import { windowOf } from './etcd/observe/window.ts'
import { etcd } from './etcd/subject.ts'
import { clientOf } from './shared/client/client.ts'
import { connect as connectTikv } from './tikv/observe/observe.ts'
import { storeSeries } from './tikv/observe/series.ts'
import { windowOf as tikvWindowOf } from './tikv/observe/window.ts'
import { tikv } from './tikv/subject.ts'

/** Looks have a deadline of their own, a second. */
const soon = () => AbortSignal.timeout(slowed(15_000))
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** What is kept, in bytes, once nothing is looked at any more. */
function kept(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
/** What looks may leave in memory whatever was answered. */
const mostBytes = 20e6

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(reject, slowed(14_000), new Error('it hangs')).unref(),
  )
  return Promise.race([work, late])
}

/** By the most that one answer costs while it is read. */
test('an answer in pieces of one byte costs no more memory than its bytes', async () => {
  await using server = await hostileServer(hostileAnswers['a chunk for each byte'] ?? (() => undefined))
  using client = clientOf(server.url)
  const asked = client.ask({ method: 'GET', path: '/', signal: AbortSignal.timeout(1_500), maxBytes: 1e9 })
  const before = kept()
  // What was let go is freed beside us: the least of several looks, while the answer still comes.
  let grew = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    await systemClock.sleep(round === 0 ? 800 : 100)
    grew = Math.min(grew, kept() - before)
  }
  assert.ok(grew < mostBytes, `${grew} bytes more`)
  assert.equal((await asked).kind, 'silent')
})

describe('answers of who wants to end, fill, hold up or fool whoever asks', { concurrency: 3 }, () => {
  for (const [what, answer] of Object.entries(hostileAnswers))
    test(what, async () => {
      await using server = await hostileServer(answer)
      await using etcdCluster = connectEtcd({ 'etcd-1': { url: server.url } })
      await using tikvCluster = connectTikv({ 'pd-1': { url: server.url }, 'tikv-1': { url: server.url } })
      const [seen, other] = await inTime(
        Promise.all([
          etcdCluster.observe(soon()).then(() => etcdCluster.observe(soon())),
          tikvCluster.observe(soon()).then(() => tikvCluster.observe(soon())),
        ]),
      )
      assert.notEqual(seen.nodes['etcd-1']?.healthy, true)
      assert.notEqual(other.nodes['pd-1']?.healthy, true)
      assert.notEqual(other.nodes['tikv-1']?.healthy, true)
      etcd.facts?.(seen)
      tikv.facts?.(other)
      for (const invariant of etcd.invariants) invariant.check(seen, 'etcd-1')
      for (const invariant of tikv.invariants) invariant.check(other, 'tikv-1')
      using kv = keyValue(server.url)
      assert.notEqual(await inTime(kv.put('a', 'b', soon())), 'acknowledged')
      const got = await inTime(kv.get('a', soon()))
      assert.ok(got.kind === 'failed' || got.value === null)
    })
})

/** 4 MB in which every line is a peer, another bucket, or a store; no two pages share anything. */
function pageOf(round: number): string {
  const lines = Array.from({ length: 12_000 }, (_, i) => {
    const id = (round * 100_000 + i).toString(16).padStart(16, 'f')
    return [
      `etcd_network_peer_round_trip_time_seconds_bucket{To="${id}",le="0.${i}"} ${i}`,
      `etcd_network_active_peers{Local="a",Remote="${id}"} 1`,
      `etcd_disk_wal_fsync_duration_seconds_bucket{le="0.${i}"} ${i}`,
      `tikv_raftstore_log_lag_bucket{le="${i}"} ${i}`,
      `tikv_server_report_failure_msg_total{type="unreachable",store_id="${round * 100_000 + i}000000000"} 1`,
    ]
  })
  const groups = [0, 1, 2, 3, 4].map((family) => lines.map((line) => line[family]).join('\n'))
  return Buffer.from(`process_start_time_seconds 1\n${groups.join('\n')}\n`).toString()
}

test('large pages, look after look, leave little in memory', () => {
  const [window, others] = [windowOf(), tikvWindowOf(storeSeries)]
  const before = kept()
  for (let round = 0; round < 40; round++) {
    const page = pageOf(round)
    window.add(round * 500, metricsFrom(page))
    others.add(round * 500, page)
  }
  collect()
  assert.ok(
    process.memoryUsage().heapUsed - before < 20e6,
    `${process.memoryUsage().heapUsed - before} bytes`,
  )
})
