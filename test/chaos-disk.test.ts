import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { diskPressure } from '../src/chaos/generic/disk_pressure.ts'
import { BadInput } from '../src/core/errors.ts'
import { rngFrom } from '../src/core/rng.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { echoArena, sharedCluster } from './standins/arena.ts'
import { until } from './standins/until.ts'

const { can } = (await netns.abilities()).disk

describe('a disk of which a part is used', { skip: can ? false : 'no lab here' }, () => {
  test('is filled to more than that, or the reason says how much is needed; the rest is not taken for it', async () => {
    await using shared = sharedCluster(netns, echoArena)
    const cluster = await shared.get()
    const { dataDir = '' } = cluster.nodes.find(({ name }) => name === 'echo-2') ?? {}
    // 40 % of 8 MiB, in whole pages.
    await cluster.run('echo-2', ['fallocate', '-l', '3276KiB', `${dataDir}/own`])
    const plan = (fill_percent: number) => {
      const common = { cluster, target: 'echo-2', roles: {}, rng: rngFrom(1) }
      return diskPressure.plan({ ...common, params: { fill_percent } })
    }
    for (const percent of [1, 40, 41])
      await assert.rejects(plan(percent), (error) => {
        assert.ok(error instanceof BadInput, String(error))
        assert.match(
          error.message,
          new RegExp(
            `^fill_percent ${percent}: 40 % of the disk of echo-2 is used already; at least 42 is needed`,
          ),
        )
        return true
      })
    for (const percent of [42, 100]) {
      const fault = await plan(percent)
      assert.equal(await diskPressure.landed(cluster, fault), false, `${percent} % before`)
      await diskPressure.inject(cluster, fault)
      await until('it has landed', () => diskPressure.landed(cluster, fault), 15_000)
      await diskPressure.revert(cluster, fault)
      assert.equal(await diskPressure.landed(cluster, fault), false, `${percent} % after`)
    }
  })
})
