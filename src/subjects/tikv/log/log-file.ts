import type { Clock } from '../../../core/clock.ts'
import { openInside, textOf } from '../../../inside.ts'
import { type LogRates, logRates, logReader } from './log.ts'

/** More than this between two looks is a flood: the end of it is enough. */
const mostBytes = 512 * 1024

/**
 * Follows a log from its end on, over rotation by name and by truncation. Looks at it never delay others and never pile up;
 * null: it could not be read. Whoever writes it is not trusted: no links, no pipes, and only counts come out of it.
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
    // The first look begins at the end; another file, or one that was cut, begins at its start.
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
      .catch(() => null) // unreadable is a thing to know, not a failure
      .finally(() => {
        pending = null
      })
    const late = new Promise<null>((resolve) =>
      signal.addEventListener('abort', () => resolve(null), { once: true }),
    )
    return Promise.race([pending, late])
  }
}
