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

/** A database that is opened for reading only. */
export interface ToRead<Schema> {
  db: Kysely<Schema>
  /** The file that was opened: the requested one, or a private copy, which is removed with `db`. */
  file: string
  /** A snapshot: later writes to the file are not seen. */
  isSnapshot: boolean
}

/**
 * Opens a database read-only. Its readers never wait for a writer, nor a writer for them. An older schema is upgraded first,
 * under the rule of `openDatabase`. SQLite keeps the state shared by readers and writers in a file beside the database.
 * Where that file is missing and cannot be made, no process is writing: the file is read as immutable. Where that is not
 * enough (an older schema, or a last transaction that is still in the log beside it), a private copy is read.
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

/** For verbs that work on existing data: opened for writing where that is allowed, otherwise for reading. */
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

/** `place` in SQLite's form, `path` as the person gave it. */
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
      chmodSync(file + end, 0o600) // it may be upgraded
    }
    if (existsSync(headsFile(path))) copyFileSync(headsFile(path), headsFile(file))
    return { db: openDatabase(file, migrations, { closed: remove }), file, isSnapshot: true }
  } catch (error) {
    remove()
    throw error
  }
}
