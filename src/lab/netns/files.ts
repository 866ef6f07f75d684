import { fileSystemInside, openInside } from '../../inside.ts'
import type { Cluster } from '../contract.ts'

/** Larger than any configuration file or part that is read. */
const mostBytes = 1 << 20
const chunkBytes = 1 << 20
/** Larger than any node's disk: a sparse file may claim any length. */
const mostSearchedBytes = 2 ** 30

/** Reads the files of a world from outside. */
export function filesOf(
  root: string,
  dataDirOf: (node: string) => string,
): Pick<Cluster, 'read' | 'disk' | 'holds'> {
  return {
    read: async (_node, path, { offset, length } = { offset: 0, length: mostBytes }) => {
      await using file = await openInside(root + path)
      if (!file) return null
      const buffer = Buffer.alloc(Math.min(length, mostBytes))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
      return buffer.subarray(0, bytesRead)
    },
    disk: async (node) => {
      const found = await fileSystemInside(root + dataDirOf(node))
      return found && { totalBytes: found.blocks * found.bsize, availableBytes: found.bavail * found.bsize }
    },
    holds: async (node, path, wanted) => {
      await using file = await openInside(`${root}${dataDirOf(node)}/${path}`)
      if (!file) return false
      const { size } = await file.stat()
      const buffer = Buffer.alloc(chunkBytes)
      // Each part begins before the end of the one before it, because the bytes may span two parts.
      for (let at = 0; at < Math.min(size, mostSearchedBytes); at += chunkBytes - wanted.length) {
        const { bytesRead } = await file.read(buffer, 0, chunkBytes, at)
        if (buffer.subarray(0, bytesRead).includes(wanted)) return true
        if (bytesRead < chunkBytes) break
      }
      return false
    },
  }
}
