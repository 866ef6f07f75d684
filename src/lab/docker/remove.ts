import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { type Engine, tolerating } from './engine/engine.ts'
import { aboutFrom, isOrphan, labels } from './labels.ts'
import { unblockHost } from './network/firewall.ts'

export interface Container {
  Id: string
  Names: string[]
  Labels: Record<string, string>
  State: string
  Ports: { PrivatePort: number; PublicPort?: number }[]
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> }
}

interface Labelled {
  Name: string
  Id?: string
  Labels: Record<string, string> | null
}

const filtersFor = (id?: string) => ({
  filters: JSON.stringify({ label: [id === undefined ? labels.id : `${labels.id}=${id}`] }),
})

/** Every container of one cluster, or of all. */
export const containersOf = (engine: Engine, id?: string): Promise<Container[]> =>
  engine.ask('GET', '/containers/json', { query: { all: '1', ...filtersFor(id) } })

const networksOf = (engine: Engine, id?: string): Promise<Labelled[]> =>
  engine.ask('GET', '/networks', { query: filtersFor(id) })

const volumesOf = async (engine: Engine, id?: string): Promise<Labelled[]> => {
  const { Volumes } = await engine.ask<{ Volumes: Labelled[] | null }>('GET', '/volumes', {
    query: filtersFor(id),
  })
  return Volumes ?? []
}

const patience = { rounds: 20, pauseMs: 250 }
/** The container is already gone, is being removed by another process, or is in use by one that is just ending. */
const fine = [404, 409, 403]

/**
 * Removes everything of a cluster in any state, until nothing of it is found: objects that the engine was still making when
 * the owner died may appear after the first search.
 */
export async function removeCluster(engine: Engine, id: string): Promise<void> {
  for (let round = 0; round < patience.rounds; round++) {
    const containers = await containersOf(engine, id)
    for (const folder of containers.flatMap(({ Labels }) => foldersIn(Labels))) removeFolder(folder)
    // Remove the bastion first: every process of the nodes ends with it.
    const [bastions, others] = [containers.filter(isBastion), containers.filter((one) => !isBastion(one))]
    const remove = ({ Id }: Container) =>
      tolerating(fine, engine.ask('DELETE', `/containers/${Id}`, { query: { force: '1', v: '1' } }))
    const [networks, volumes] = await Promise.all([networksOf(engine, id), volumesOf(engine, id)])
    await Promise.all(bastions.map(remove))
    await Promise.all([...others.map(remove), ...networks.map(({ Id = '' }) => unblockHost(engine, id, Id))])
    await Promise.all([
      ...networks.map(({ Id }) => tolerating(fine, engine.ask('DELETE', `/networks/${Id}`))),
      ...volumes.map(({ Name }) => tolerating(fine, engine.ask('DELETE', `/volumes/${Name}`))),
    ])
    if (containers.length + networks.length + volumes.length === 0) return
    if (round > 0) await systemClock.sleep(patience.pauseMs)
  }
  throw new Error(
    `the Docker engine did not remove all of cluster ${id}; see: docker ps -a, docker network ls`,
  )
}

const isBastion = ({ Labels }: Container): boolean => Labels[labels.role] === 'bastion'

const foldersIn = (of: Record<string, string>): string[] =>
  of[labels.about] ? [aboutFrom(of[labels.about] ?? '').folder] : []

export const folderPrefix = 'engine-'

/** Removes only a folder that the lab can have made: its name comes from a label, and labels can be forged. */
export function removeFolder(folder: string): void {
  if (dirname(folder) !== tmpdir() || !basename(folder).startsWith(folderPrefix)) return
  rmSync(folder, { recursive: true, force: true })
}

/** Removes every cluster on this machine whose owner and keeper are both dead. */
export async function reapOrphans(engine: Engine): Promise<void> {
  const all = (
    await Promise.all([containersOf(engine), networksOf(engine), volumesOf(engine)])
  ).flat() as Labelled[]
  const orphans = all.flatMap(({ Labels }) =>
    isOrphan(Labels?.[labels.owner] ?? '') ? [Labels?.[labels.id] ?? ''] : [],
  )
  for (const id of new Set(orphans)) await removeCluster(engine, id)
}
