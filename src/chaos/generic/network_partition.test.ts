import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rngFrom } from '../../core/rng.ts'
import type { Cluster } from '../../lab/contract.ts'
import { networkPartition } from './network_partition.ts'

test('a node with no peers is cut off from nobody: that is refused, and not taken for damage', async () => {
  const cluster = { nodes: [{ name: 'n1' }] } as unknown as Cluster
  const plan = (given: Record<string, unknown>) =>
    networkPartition.plan({
      cluster,
      params: networkPartition.params.parse(given),
      target: 'random',
      roles: {},
      rng: rngFrom(1),
    })
  for (const mode of ['isolate', 'one_way', 'majority'])
    await assert.rejects(plan({ mode }), /one node has no other node to be cut off from/, mode)
  assert.equal((await plan({ clients: true })).target, 'n1')
})
