import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** The keeper writes each request to the filtered socket here, one line of JSON each. */
export const requestsFile = (folder: string): string => join(folder, 'requests.jsonl')

/** Limit of one read: a loop inside may make hundreds of thousands of requests. It is many times the longest line. */
const blockBytes = 2 ** 20

/**
 * Requests to the filtered socket since a mark: whole lines, one block at a time. When the mark stays the same, there are no
 * more. null: return only the current mark.
 */
export async function requestsIn(folder: string, since: number | null) {
  const file = await open(requestsFile(folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null // nothing was requested yet, or the cluster has ended
    throw error
  })
  if (!file) return { requests: [], mark: since ?? 0 }
  try {
    if (since === null) return { requests: [], mark: (await file.stat()).size }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(blockBytes), 0, blockBytes, since)
    const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1
    return {
      requests: buffer.subarray(0, end).toString().split('\n').filter(Boolean),
      mark: since + end,
    }
  } finally {
    await file.close()
  }
}
