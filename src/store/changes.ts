import { watch } from 'node:fs'
import { sql } from 'kysely'
import type { OperatorDb } from './operator/open.ts'

/** Delay between the first sign of a write and its visibility: the log's bytes come before the transaction can be read. */
const settleMs = 5

/**
 * Calls `changed` soon after any process, also ourselves, writes to a database: the kernel reports that the write-ahead log
 * grows. Costs nothing while nothing is written. It can miss a write, and reports nothing where the kernel has no watch left
 * or the database is in memory, so callers also poll now and then.
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

/** Whether another connection has written since the last call; true at the first call. Reads one number in memory. */
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
