import { watch } from 'node:fs'
import { sql } from 'kysely'
import type { OperatorDb } from './operator/open.ts'

/** From the first sign of a write until it can be read: the log's bytes come before the transaction is visible. */
const settleMs = 5

/**
 * Calls `changed` soon after anything was written to a database, by whatever process, ourselves included: the kernel tells when
 * the write-ahead log grows. Costs nothing while nobody writes. It can miss a write, and tells nothing where the kernel has no
 * watch left or the database is in memory: whoever listens also looks now and then.
 */
export function watchDatabase(path: string, changed: () => void): Disposable {
  let soon: NodeJS.Timeout | undefined
  const tell = () => {
    soon ??= setTimeout(() => {
      soon = undefined
      changed()
    }, settleMs)
  }
  const watcher = watching(`${path}-wal`, tell)
  return {
    [Symbol.dispose]: () => {
      watcher?.close()
      clearTimeout(soon)
    },
  }
}

function watching(file: string, tell: () => void) {
  try {
    const watcher = watch(file, { persistent: false }, tell)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch (error) {
    if (['ENOENT', 'EMFILE', 'ENOSPC', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null
    throw error
  }
}

/** Whether another connection has written since this was asked last; the first time: yes. Reads one number in memory. */
export function changesSeenBy(db: OperatorDb): () => Promise<boolean> {
  let seen: number | null = null
  return async () => {
    const { rows } = await sql<{ data_version: number }>`pragma data_version`.execute(db)
    const version = rows[0]?.data_version ?? null
    const isNew = version === null || version !== seen
    seen = version
    return isNew
  }
}
