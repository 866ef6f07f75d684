import { fileSystemInside } from '../../inside.ts'

export interface Disk {
  totalBytes: number
  availableBytes: number
}

/** A look at a file system that hangs must neither delay the others nor pile up. */
export function diskWatcher(path: string): (signal: AbortSignal) => Promise<Disk | null> {
  let pending: Promise<Disk | null> | null = null
  return (signal) => {
    pending ??= fileSystemInside(path)
      .then(
        (found) =>
          found && { totalBytes: found.blocks * found.bsize, availableBytes: found.bavail * found.bsize },
        () => null,
      )
      .finally(() => {
        pending = null
      })
    const late = new Promise<null>((resolve) =>
      signal.addEventListener('abort', () => resolve(null), { once: true }),
    )
    return Promise.race([pending, late])
  }
}
