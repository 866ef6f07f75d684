import type { Engine } from '../engine/engine.ts'
import { hiddenRoles, labels } from '../labels.ts'
import { type Container, containersOf } from '../remove.ts'
import type { Reach } from './route.ts'

export interface Own {
  containers: readonly OwnContainer[]
  /** Images that may be run. */
  images: string[]
  network: string
  /** The cluster's keeper also owns containers that are made inside. */
  owner: string
}

export interface OwnContainer {
  id: string
  names: string[]
  role: string
}

/** The current parts of the cluster, as processes inside may know them. */
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
 * Looks up a name, an id or the beginning of an id among the cluster's own objects only. An object of another owner does not
 * exist here. The engine always gets the full id.
 */
export function resolve(own: Own, name: string): OwnContainer | null {
  const exact = own.containers.find(({ id, names }) => id === name || names.includes(name))
  if (exact) return exact
  if (!/^[0-9a-f]+$/.test(name) || name.length < shortest) return null
  const [only, ...more] = own.containers.filter(({ id }) => id.startsWith(name))
  return only && more.length === 0 ? only : null
}

/** Links and bastion keep the cluster running: they can be inspected and entered, but not ended. */
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
