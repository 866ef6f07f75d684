import type { Fact } from '../../core/watch/subject.ts'
import { hostOf } from './observe/nodes.ts'
import type { TikvObservation } from './observe/observation.ts'

/** Members, stores and regions of a TiKV cluster, as far as PD tells them. */
export function facts({ cluster }: TikvObservation): Fact[] {
  const { members, leader, regions, scheduling } = cluster
  // Those that were removed are listed until somebody clears them away.
  const stores = cluster.stores?.filter(({ state }) => state !== 'Tombstone') ?? null
  return [
    ...(members
      ? [
          {
            name: 'members',
            value: members.map(({ name, id }) => `${name} ${id}`).toSorted(),
            keep: 'same',
            vital: true,
          } as const,
        ]
      : []),
    ...(leader ? [{ name: 'leader', value: leader, keep: 'free' } as const] : []),
    ...(stores
      ? [
          {
            name: 'stores',
            value: stores.map(({ id, address }) => `${hostOf(address)} ${id}`).toSorted(),
            keep: 'same',
            vital: true,
          } as const,
        ]
      : []),
    // They split and merge; none at all means that another cluster was made.
    ...(regions === null ? [] : [{ name: 'regions', value: regions, keep: 'free' } as const]),
    ...(scheduling
      ? [{ name: 'schedulers', value: scheduling.running.toSorted(), keep: 'same' } as const]
      : []),
    ...(stores ?? []).map(
      ({ address, version }) =>
        ({ name: 'version', node: hostOf(address), value: version, keep: 'same' }) as const,
    ),
    // A larger disk is no loss, and not what was asked for.
    ...(stores ?? []).flatMap(({ address, capacityBytes }) =>
      !capacityBytes
        ? []
        : [{ name: 'disk bytes', node: hostOf(address), value: capacityBytes, keep: 'same' } as const],
    ),
  ]
}
