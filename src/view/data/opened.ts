import { statSync } from 'node:fs'
import type { Clock } from '../../core/clock.ts'
import type { ToRead } from '../../store/to-read.ts'
import { when } from '../parts/format.ts'

/** A database that is shown. */
export interface Opened<Schema> extends ToRead<Schema> {
  /** The file name as the person gave it. */
  path: string
  /** The reason why the page may be older than the file; null: it is current. */
  notice(): string | null
}

/** Opens it, and closes it with `undo`. */
export function opened<Schema>(
  path: string,
  read: (path: string) => ToRead<Schema>,
  { undo, clock }: { undo: AsyncDisposableStack; clock: Clock },
): Opened<Schema> {
  const before = fileState(path)
  const found = read(path)
  undo.use(found.db)
  const at = `${when(clock.now())} UTC`
  const again = 'start the viewer again to see it as it is'
  const notice = (): string | null => {
    const now = fileState(path)
    if (!now) return `${path} is gone. This is what was in it.`
    if (now.file !== before?.file)
      return `${path} is another file than when the viewer was started: ${again}.`
    if (!found.isSnapshot) return null
    if (now.state !== before.state)
      return `${path} was written to since ${at}, of which this is a snapshot: ${again}.`
    return `A snapshot of ${at}: the folder of ${path} cannot be written to, and so what is written to it cannot be followed.`
  }
  return { ...found, path, notice }
}

/** Identity of the file, and a value that changes with every write; null: there is no file. */
function fileState(path: string): { file: string; state: string } | null {
  const [main, log] = [path, `${path}-wal`].map((name) => statSync(name, { throwIfNoEntry: false }))
  if (!main) return null
  return {
    file: `${main.dev} ${main.ino}`,
    state: [main, log].map((one) => `${one?.size ?? 0} ${one?.size ? one.mtimeMs : 0}`).join(' '),
  }
}
