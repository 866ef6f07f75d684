import type { Clock } from '../../../core/clock.ts'
import { openInside, textOf } from '../../../inside.ts'
import { type LogRates, logRates, logReader } from './log.ts'

/** If more than this was written between two polls, only the end is read. */
const mostBytes = 512 * 1024

/**
 * Follows a log from its current end, through rotation by renaming and by truncation. Polls never delay other work and never
 * pile up; null: the file could not be read. Its writer is not trusted: links and pipes are refused, and only counts are
 * returned.
 */
export function logFollower(path: string, clock: Clock): (signal: AbortSignal) => Promise<LogRates | null> {
  const reader = logReader()
  const rates = logRates()
  let place: { inode: number; offset: number } | null = null
  let pending: Promise<LogRates | null> | null = null

  async function news(): Promise<LogRates | null> {
    await using file = await openInside(path)
    if (!file) return null
    const { ino, size } = await file.stat()
    // The first poll starts at the end. A new file, or one that was truncated, is read from its beginning.
    const before = place ?? { inode: ino, offset: size }
    const rotated = before.inode !== ino || size < before.offset
    if (rotated) rates.add(reader.flush(), clock.now())
    const start = Math.max(rotated ? 0 : before.offset, size - mostBytes)
    rates.add(reader.write(await textOf(file, start, size)), clock.now())
    place = { inode: ino, offset: size }
    return rates.now(clock.now())
  }

  return (signal) => {
    pending ??= news()
      .catch(() => null) // callers treat an unreadable log as unknown
      .finally(() => {
        pending = null
      })
    const late = new Promise<null>((resolve) =>
      signal.addEventListener('abort', () => resolve(null), { once: true }),
    )
    return Promise.race([pending, late])
  }
}
