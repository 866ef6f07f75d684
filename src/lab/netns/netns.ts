import { BadInput } from '../../core/errors.ts'
import type { Lab } from '../contract.ts'
import { abilities } from './abilities.ts'
import { clusterOf } from './cluster.ts'
import { up } from './up.ts'
import { infoOf, worlds } from './world/marker.ts'

/** Clusters in Linux namespaces: no daemon, no root, no images. Healthy in about a second, gone with their owner. */
export const netns: Lab = {
  name: 'netns',
  abilities,
  up,
  list: async () => worlds().map(infoOf),
  attach: async (id) => {
    const all = worlds()
    const world = all.find((candidate) => candidate.id === id)
    if (world) return clusterOf(world, async () => undefined)
    const running = all.map((candidate) => candidate.id).join(', ') || 'none'
    throw new BadInput(`no cluster '${id}' is running; running: ${running}`)
  },
}
