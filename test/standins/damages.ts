import assert from 'node:assert/strict'
import { chaosTypes } from '../../src/chaos/faults.ts'
import type { Cluster, Lab } from '../../src/lab/contract.ts'
import type { Damage } from '../conformance/chaos.ts'
import { neighbour } from './arena.ts'
import { full, losesHalf, slowBy200 } from './hurts.ts'

// How the types of damage are tried on the real subjects, in whichever lab.

type Ways = Record<string, Omit<Damage, 'type'>[]>

const put = async (cluster: Cluster, node: string): Promise<string> => {
  const argv = ['etcdctl', `--endpoints=${node}:2379`, '--command-timeout=3s', 'put', 'probe', 'x']
  return (await cluster.run(node, argv)).stderr
}

/** 200 KB from a member take 1.6 s at one megabit per second. */
async function sendsSlowly(cluster: Cluster, node: string): Promise<boolean> {
  const fill =
    'head -c 150000 /dev/urandom | base64 -w 0 | etcdctl --endpoints=etcd-3:2379 put blob >/dev/null'
  assert.equal((await cluster.run('etcd-3', ['bash', '-c', fill])).exitCode, 0)
  const started = performance.now()
  const get = ['etcdctl', `--endpoints=${node}:2379`, '--command-timeout=15s', 'get', 'blob']
  assert.ok((await cluster.run(neighbour(cluster, node), get)).stdout.length > 200_000)
  return performance.now() - started > 1_200
}

/** A page of metrics costs a member a few ms of CPU. */
async function thinksSlowly(cluster: Cluster, node: string): Promise<boolean> {
  const ask = 'exec 3<>/dev/tcp/$0/2379; printf "GET /metrics HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3'
  const started = performance.now()
  for (let i = 0; i < 8; i++) {
    const { stdout } = await cluster.run(neighbour(cluster, node), ['bash', '-c', ask, node])
    assert.match(stdout, /etcd_server_has_leader/)
  }
  return performance.now() - started > 1_500
}

/** On etcd, what fits any subject, which has its full trial on a smaller one. */
export const onEtcd: Ways = {
  node_kill: [{}],
  pause: [{}],
  network_partition: ['isolate', 'one_way'].map((mode) => ({ params: { mode } })),
  latency: [{ params: { min_ms: 200 }, hurts: slowBy200 }],
  packet_loss: [{ params: { percent: 50 }, hurts: losesHalf }],
  bandwidth: [{ params: { rate: '1mbit' }, hurts: sendsSlowly }],
  cpu_throttle: [{ params: { percent: 1 }, hurts: thinksSlowly }],
  disk_pressure: [{ hurts: full }],
}

/** These know etcd. */
export const ofEtcd: Ways = {
  bad_config: [
    { params: { change: 'address' } },
    { params: { change: 'timeouts' }, brief: true },
    { params: { change: 'unit' }, brief: true },
  ],
  data_corruption: [{ params: { file: 'wal' } }, { params: { file: 'db' }, slow: true }],
  member_removed: [{ slow: true }],
  // The last: a member that joins after it has to catch up with all of it.
  nospace_alarm: [
    {
      everywhere: true,
      slow: true,
      hurts: async (cluster: Cluster, node: string) => (await put(cluster, node)).includes('space exceeded'),
    },
  ],
}

/** On TiKV likewise; and the one that knows it. */
export const onTikv: Ways = {
  node_kill: [{ brief: true }],
  pause: [{ brief: true }],
  network_partition: [{ brief: true }],
  latency: [{ params: { min_ms: 200 }, hurts: slowBy200, brief: true }],
}
export const ofTikv: Ways = { pause_grpc: [{ slow: true }] }

/** Those that the lab can do here. */
export async function damagesOf(lab: Lab, ways: Ways, brief = false): Promise<Damage[]> {
  const abilities = await lab.abilities()
  return Object.entries(ways)
    .flatMap(([name, all]) =>
      all.map((way) => ({ ...way, ...(brief && { brief }), type: chaosTypes[name] as Damage['type'] })),
    )
    .filter(({ type }) => type.needs.every((need) => abilities[need].can))
}
