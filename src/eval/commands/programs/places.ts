import { join } from 'node:path/posix'
import { isKnownButNumbers } from './marks.ts'

/** A path as it stands in a command, from the root; null: that cannot be told. */
export function resolved(path: string, directory: string | null): string | null {
  if (path.startsWith('/')) return join(path)
  if (directory === null || /^[~\uE000-\uE004-]/.test(path)) return null
  return join(directory, path)
}

/**
 * Where files are nobody's: what is written or removed there changes nothing of the system. Not by a name that only the
 * shell knew, nor one with `..`, which leads elsewhere through a link.
 */
export function isScratch(path: string, directory: string | null): boolean {
  const full = resolved(path, directory)
  return (
    full !== null &&
    isKnownButNumbers(full) &&
    !/(^|\/)\.\.(\/|$)/.test(path) &&
    (scratch.test(full) || /^\/dev\/(null|stdout|stderr|tty|zero|fd\/([0-2]|63))$/.test(full))
  )
}

const scratch = /^\/(tmp|var\/tmp|dev\/shm)\/[^/]/

/** Below a scratch place by its name, whatever of it is not known, and whatever links are on the way. */
export const isNearScratch = (path: string, directory: string | null): boolean =>
  scratch.test(resolved(path, directory) ?? '')

/** In a scratch place itself, by its own name: nothing on the way there, and nothing after it, can be a link. */
export function isDirect(path: string, directory: string | null): boolean {
  const full = resolved(path, directory)
  return full !== null && /^\/(tmp|var\/tmp|dev\/shm)\/[^/]+$/.test(full) && isScratch(path, directory)
}

/** Whether the path is in a directory that services create again when they start, such as /run. */
export function isRuntime(path: string, directory: string | null): boolean {
  const full = resolved(path, directory) ?? path
  return /^(\/var)?\/run\/./.test(full) || /\.(pid|lock|lck|sock)$/.test(full)
}

/** Data of a service, or its logs. */
export const isKept = (path: string): boolean =>
  /^\/(var\/(lib|log|data)|data\d*|mnt|srv|opt\/[^/]+\/data)\//.test(path) ||
  /\.(log|db|rdb|aof|wal|snap|sst|sqlite3?|jsonl?)(\.\d+)?$/.test(path)
