import type { Subject } from '../../core/watch/subject.ts'
import type { Cluster } from '../../lab/contract.ts'
import type { DataOnDisk } from '../record.ts'

const nothing = Buffer.alloc(0)

/**
 * Which nodes still hold their part of the data on their own disks, seen from outside: of members that were stopped nothing can be
 * read, and of those that answer it is not known from where. `mark` stands in a file with what was planted.
 */
export async function dataOnDisk(
  cluster: Cluster,
  { storage = {} }: Pick<Subject, 'storage'>,
  mark: Buffer,
): Promise<DataOnDisk[]> {
  const kinds = Object.entries(storage).map(async ([kind, { file, marked, needed }]): Promise<DataOnDisk> => {
    const ofKind = cluster.nodes.map(({ name }) => name).filter((name) => name.replace(/-?\d+$/, '') === kind)
    const looked = ofKind.map(
      async (node) => [node, await cluster.holds(node, file, marked ? mark : nothing)] as const,
    )
    const seen = (await Promise.all(looked)).filter(([, holds]) => holds !== null)
    return {
      nodes: seen.map(([node]) => node),
      holding: seen.filter(([, holds]) => holds).map(([node]) => node),
      needed: needed(ofKind.length),
    }
  })
  // If not enough disks can be read, they prove nothing.
  return (await Promise.all(kinds)).filter(({ nodes, needed }) => nodes.length >= needed)
}
