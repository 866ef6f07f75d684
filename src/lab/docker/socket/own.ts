import type { Engine } from '../engine/engine.ts'
import { hiddenRoles, labels } from '../labels.ts'
import { type Container, containersOf } from '../remove.ts'
import type { Reach } from './route.ts'

export interface Own {
  containers: readonly OwnContainer[]
  /** What may be run. */
  images: string[]
  network: string
  /** Whoever keeps the cluster also owns what is made inside it. */
  owner: string
}

export interface OwnContainer {
  id: string
  names: string[]
  role: string
}

/** What the cluster consists of at this moment, as those inside may know it. */
export async function ownOf(engine: Engine, id: string): Promise<Own> {
  const all = await containersOf(engine, id)
  const visible = all.filter(({ Labels }) => !hiddenRoles.includes(Labels[labels.role] ?? ''))
  return {
    containers: visible.map((one) => ({
      id: one.Id,
      names: one.Names.map((name) => name.replace(/^\//, '')),
      role: one.Labels[labels.role] ?? '',
    })),
    images: [...new Set(visible.map(imageOf))].filter((image) => !image.startsWith('sha256:')),
    network: id,
    owner: all.find(({ Labels }) => Labels[labels.role] === 'bastion')?.Labels[labels.owner] ?? '',
  }
}

const imageOf = (container: Container): string => (container as Container & { Image: string }).Image

const shortest = 4

/**
 * By name, id, or the beginning of an id, looked for among the cluster's own only: whatever else an engine would find
 * under that name is not there. What is passed on is always the full id.
 */
export function resolve(own: Own, name: string): OwnContainer | null {
  const exact = own.containers.find(({ id, names }) => id === name || names.includes(name))
  if (exact) return exact
  if (!/^[0-9a-f]+$/.test(name) || name.length < shortest) return null
  const [only, ...more] = own.containers.filter(({ id }) => id.startsWith(name))
  return only && more.length === 0 ? only : null
}

/** Links and bastion hold the cluster up: they can be looked at and worked in, not ended. */
export const mayReach = ({ role }: OwnContainer, reach: Reach): boolean => {
  switch (reach) {
    case 'any':
      return true
    case 'process':
      return role === 'node' || role === 'extra'
    case 'extra':
      return role === 'extra'
    default:
      return reach satisfies never
  }
}
