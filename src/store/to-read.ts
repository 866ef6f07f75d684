import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { Kysely } from 'kysely'
import { headsFile } from './audit/kept-heads.ts'
import {
  busyTimeoutMs,
  explained,
  type Hooks,
  isOlder,
  isUnwritable,
  kyselyOf,
  type Migration,
  openDatabase,
  upgrade,
} from './sqlite.ts'

/** A database that somebody only looks at. */
export interface ToRead<Schema> {
  db: Kysely<Schema>
  /** The file that was opened: the one that was asked for, or a private copy of it, which goes with `db`. */
  file: string
  /** It stands still: what is written to the file from now on is not seen. */
  isSnapshot: boolean
}

/**
 * For whoever only looks: nothing can be written through it, and its readers never wait for a writer, nor a writer for
 * them. An older schema is brought up to date before, under the rule of `openDatabase`.
 *
 * SQLite shares what readers and writers must know of each other in a file beside the database. Where none is there and
 * none can be made, nobody writes now: the file is read as one that does not change; where it would not do (an older
 * schema, a last transaction that is still in the log beside it), a private copy of it.
 */
export function openToRead<Schema>(path: string, migrations: readonly Migration[]): ToRead<Schema> {
  try {
    if (isOlderFile(path, path, migrations)) upgrade(path, migrations)
    return { db: kyselyOf(toRead(path)), file: path, isSnapshot: false }
  } catch (error) {
    if (!isUnwritable(error)) throw explained(error, path)
  }
  try {
    return standing(path, migrations)
  } catch (error) {
    throw explained(error, path)
  }
}

/** For verbs that work on what is there: to be written to where that is allowed, and else to be read. */
export function openExisting<Schema>(
  path: string,
  migrations: readonly Migration[],
  hooks: Hooks = {},
): Kysely<Schema> {
  try {
    return openDatabase(path, migrations, hooks)
  } catch (error) {
    if (!isUnwritable(error)) throw error
    return openToRead<Schema>(path, migrations).db
  }
}

const toRead = (place: string): DatabaseSync =>
  new DatabaseSync(place, { readOnly: true, timeout: busyTimeoutMs })

/** `place` as SQLite takes it, `path` as the person gave it. */
function isOlderFile(place: string, path: string, migrations: readonly Migration[]): boolean {
  using db = toRead(place)
  return isOlder(db, path, migrations)
}

function standing<Schema>(path: string, migrations: readonly Migration[]): ToRead<Schema> {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  // https://www.sqlite.org/uri.html#uriimmutable
  const unchanging = `${pathToFileURL(resolve(path))}?immutable=1`
  const isAllThere = !log || log.size === 0
  if (isAllThere && !isOlderFile(unchanging, path, migrations))
    return { db: kyselyOf(toRead(unchanging)), file: path, isSnapshot: true }
  const folder = mkdtempSync(join(tmpdir(), 'operator-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const file = join(folder, basename(path))
  try {
    for (const end of ['', ...(log ? ['-wal'] : [])]) {
      copyFileSync(path + end, file + end)
      chmodSync(file + end, 0o600) // it may be brought up to date
    }
    if (existsSync(headsFile(path))) copyFileSync(headsFile(path), headsFile(file))
    return { db: openDatabase(file, migrations, { closed: remove }), file, isSnapshot: true }
  } catch (error) {
    remove()
    throw error
  }
}
