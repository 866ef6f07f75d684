import assert from 'node:assert/strict'
import { test } from 'node:test'
import { between, quantile } from '../../shared/client/exposition.ts'
import { metricsFrom } from './metrics.ts'

const text = `# HELP etcd_server_has_leader Whether or not a leader exists. 1 is existence, 0 is not.
# TYPE etcd_server_has_leader gauge
etcd_server_has_leader 1
etcd_server_has_leader_of_another_name 7
etcd_server_quota_backend_bytes 6.7108864e+07
process_start_time_seconds 1.79536885951e+09
etcd_server_leader_changes_seen_total 2
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} 90
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.002"} 100
etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf"} 100
etcd_disk_wal_fsync_duration_seconds_sum 0.05
etcd_network_peer_round_trip_time_seconds_bucket{To="b66b",le="0.0001"} 1
etcd_network_peer_round_trip_time_seconds_bucket{To="b66b",le="+Inf"} 1
etcd_network_peer_round_trip_time_seconds_bucket{To="f7fb",le="0.0001"} 0
etcd_network_peer_round_trip_time_seconds_bucket{To="f7fb",le="+Inf"} 3
grpc_server_handled_total{grpc_code="OK",grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"} 90
grpc_server_handled_total{grpc_code="Canceled",grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"} 4
grpc_server_handled_total{grpc_code="Unavailable",grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"} 6
grpc_server_handled_total{grpc_code="Unavailable",grpc_method="Range",grpc_service="etcdserverpb.KV",grpc_type="unary"} 0
`

test('reads the series that are there, and only those', () => {
  const metrics = metricsFrom(text)
  assert.equal(metrics.hasLeader, 1)
  assert.equal(metrics.quotaBytes, 64 * 2 ** 20)
  assert.equal(metrics.startedAtSeconds, 1795368859.51)
  assert.equal(metrics.leaderChanges, 2)
  assert.deepEqual(metrics.requests, { all: 100, failed: 6, series: 4 })
  assert.deepEqual(metrics.fsync?.counts, [90, 100, 100])
  assert.deepEqual(Object.keys(metrics.peerRoundTrip ?? {}), ['b66b', 'f7fb'])
  assert.equal(metrics.failedProposals, null)
  assert.equal(metrics.commit, null)
})

test('anything else is nothing, not zero', () => {
  for (const garbage of [
    '',
    '\n',
    'null',
    '<html>',
    'etcd_server_has_leader',
    'etcd_server_has_leader x\n',
  ]) {
    assert.ok(
      Object.values(metricsFrom(garbage)).every((value) => value === null),
      garbage,
    )
  }
})

test('a line that was cut off does not count', () => {
  assert.equal(metricsFrom('etcd_server_quota_backend_bytes 671').quotaBytes, null)
})

test('quantiles interpolate as in Prometheus', () => {
  const bounds = [0.1, 0.2, 0.4, Number.POSITIVE_INFINITY]
  assert.equal(quantile(0.5, { bounds, counts: [0, 100, 100, 100] }), 0.15000000000000002)
  assert.equal(quantile(0.5, { bounds, counts: [100, 100, 100, 100] }), 0.05)
  assert.equal(quantile(0.99, { bounds, counts: [0, 0, 0, 5] }), 0.4, 'beyond the last bound: that bound')
})

test('a difference with nothing in it is none', () => {
  const bounds = [1, Number.POSITIVE_INFINITY]
  assert.equal(between({ bounds, counts: [1, 2] }, { bounds, counts: [1, 2] }), null)
  assert.deepEqual(between({ bounds, counts: [1, 2] }, { bounds, counts: [1, 3] }), {
    bounds,
    counts: [0, 1],
  })
})

test('streams to peers stand or do not', () => {
  const lines = ['Remote="b66b"} 1', 'Remote="f7fb"} 0'].map(
    (end) => `etcd_network_active_peers{Local="1",${end}\n`,
  )
  assert.deepEqual(metricsFrom(lines.join('')).activePeers, { b66b: true, f7fb: false })
})
