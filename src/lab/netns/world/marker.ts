import { z } from 'zod'
import type { ClusterInfo } from '../../contract.ts'
import { worldUid } from '../identity.ts'
import { allPids, childrenOf, namespaceOf, ownerOf, procFile } from '../process.ts'

// The process table is the registry: it cannot go stale. The `unshare` process that holds a world has this in its
// environment. It runs outside, so processes inside can neither see nor forge it.
const variable = 'OPERATOR_CLUSTER'

const Marker = z.object({
  id: z.string(),
  subject: z.string(),
  startedAt: z.number(),
  journal: z.string().optional(),
  nodes: z.array(
    z.object({
      name: z.string(),
      address: z.string(),
      dataDir: z.string(),
      scheme: z.string(),
      port: z.number(),
      // Missing in worlds of an older version; their processes are then not told apart.
      argv: z.array(z.string()).default([]),
      /** Path of its program on this host. */
      file: z.string().default(''),
      /** Path of its copy inside; null: the world uses the host's own file. */
      copiedTo: z.string().nullable().default(null),
    }),
  ),
})
export type Marker = z.infer<typeof Marker>

export interface World extends Marker {
  /** The `unshare` process: while it lives, so does the world. */
  holder: number
  /** The world's first process, as the host sees it. */
  init: number
}

export const markerEnv = (marker: Marker): Record<string, string> => ({ [variable]: JSON.stringify(marker) })

/** Every world of this user on this machine. */
export function worlds(): World[] {
  const here = namespaceOf('self', 'pid')
  return allPids().flatMap((pid) => {
    if (procFile(pid, 'comm') !== 'unshare\n' || namespaceOf(pid, 'pid') !== here) return []
    if (ownerOf(pid) !== worldUid()) return []
    const text = procFile(pid, 'environ')
      ?.split('\0')
      .find((entry) => entry.startsWith(`${variable}=`))
    const init = childrenOf(pid)[0]
    if (!text || init === undefined) return []
    return [{ ...Marker.parse(JSON.parse(text.slice(variable.length + 1))), holder: pid, init }]
  })
}

export function infoOf(world: World): ClusterInfo {
  const parent = /^PPid:\s+(\d+)$/m.exec(procFile(world.holder, 'status') ?? '')?.[1]
  const { id, subject, startedAt, nodes } = world
  return { id, subject, startedAt, nodes: nodes.map(({ name }) => name), ownerPid: Number(parent ?? 0) }
}
