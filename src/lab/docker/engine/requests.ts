import { open } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the keeper writes down what is asked through the filtered socket, one line of JSON each. */
export const requestsFile = (folder: string): string => join(folder, 'requests.jsonl')

/** As much as is read at once: a loop in there may ask for hundreds of thousands. Many times the longest line. */
const blockBytes = 2 ** 20

/**
 * What was asked through the filtered socket since a mark, whole lines, a block at a time: it is all when the mark stays.
 * null: only the mark of now.
 */
export async function requestsIn(folder: string, since: number | null) {
  const file = await open(requestsFile(folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null // nothing yet, or the cluster has ended
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
