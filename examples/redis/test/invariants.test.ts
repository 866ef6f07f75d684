import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeCluster } from 'operator-sre'
import { redis } from '../src/index.ts'
import type { Info, RedisObservation } from '../src/observe.ts'

const primary: Info = {
  runId: 'a',
  version: '7.0.15',
  role: 'master',
  loading: false,
  offset: 5_000_000,
  link: null,
  readOnly: true,
  connectedReplicas: 2,
  usedBytes: 1_000_000,
  maxBytes: 64_000_000,
  snapshotOk: true,
  logOk: true,
  rejected: 0,
  keys: 10,
}
const replica = (runId: string, other: Partial<Info> = {}): Info => ({
  ...primary,
  runId,
  role: 'slave',
  link: { primary: 'redis-1:6379', up: true },
  connectedReplicas: 0,
  ...other,
})

/** Three nodes; null: it refused the connection. */
function observed(...infos: (Info | null)[]): RedisObservation {
  const nodes = infos.map((info, i) => [
    `redis-${i + 1}`,
    { info, healthy: info !== null, reach: info ? ('answered' as const) : ('refused' as const) },
  ])
  return { at: 0, nodes: Object.fromEntries(nodes) }
}

function violatedIn(observation: RedisObservation): string[] {
  return redis.invariants.flatMap((invariant) =>
    (invariant.scope === 'node' ? Object.keys(observation.nodes) : [wholeCluster]).flatMap((node) =>
      invariant.check(observation, node).kind === 'violated' ? [`${invariant.name}/${node}`] : [],
    ),
  )
}

const lost = { link: { primary: 'redis-1:6379', up: false } }
const rows: [string, RedisObservation, string[]][] = [
  ['all is well', observed(primary, replica('b'), replica('c')), []],
  ['a replica is dead', observed(primary, null, replica('c')), ['node_down/redis-2']],
  [
    'the primary is dead',
    observed(null, replica('b', lost), replica('c', lost)),
    ['node_down/redis-1', 'replication_link_down/redis-2', 'replication_link_down/redis-3'],
  ],
  [
    'nobody is the primary',
    observed(replica('a', lost), replica('b', lost), replica('c', lost)),
    ['no_primary/cluster', ...[1, 2, 3].map((n) => `replication_link_down/redis-${n}`)],
  ],
  [
    'two are primaries',
    observed(primary, { ...primary, runId: 'b' }, replica('c')),
    ['several_primaries/cluster'],
  ],
  ['two are one process', observed(primary, replica('b'), replica('b')), ['same_process/cluster']],
  [
    'a replica is behind',
    observed(primary, replica('b', { offset: 1 }), replica('c')),
    ['replica_lag/redis-2'],
  ],
  [
    'memory is short',
    observed({ ...primary, usedBytes: 60_000_000 }, replica('b'), replica('c')),
    ['memory_near_limit/redis-1'],
  ],
  ['memory has no limit', observed({ ...primary, maxBytes: 0 }, replica('b'), replica('c')), []],
  [
    'a snapshot failed',
    observed(primary, replica('b', { snapshotOk: false }), replica('c')),
    ['persistence_failing/redis-2'],
  ],
  [
    'the log cannot be written',
    observed(primary, replica('b', { logOk: false }), replica('c')),
    ['persistence_failing/redis-2'],
  ],
  [
    'connections are refused',
    observed({ ...primary, rejected: 3 }, replica('b'), replica('c')),
    ['rejecting_connections/redis-1'],
  ],
  [
    'a replica takes writes',
    observed(primary, replica('b', { readOnly: false }), replica('c')),
    ['replica_writable/redis-2'],
  ],
]
for (const [what, observation, expected] of rows)
  test(`${what}: ${expected.join(', ') || 'nothing is violated'}`, () =>
    assert.deepEqual(violatedIn(observation), expected))
