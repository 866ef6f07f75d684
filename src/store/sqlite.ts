import { statSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely'
import { BadInput, messageOf } from '../core/errors.ts'
import { keepPrivate, requireReadable } from './private.ts'

/** How long a writer waits for another process's transaction before SQLITE_BUSY, ms. */
export const busyTimeoutMs = 5_000
/** How long an upgrade of an older schema waits for others to close the file, ms. */
const upgradeTimeoutMs = 1_000

/** Takes a schema one version further: by SQL, or by code where SQL cannot do it. */
export type Migration = string | ((db: DatabaseSync) => void)

export interface Hooks {
  /** Called once it is closed. */
  closed?(): void
  /** Called after every transaction that was committed. */
  committed?(db: DatabaseSync): void
}

/**
 * Opens a database file, creates or migrates its schema, and wraps it in Kysely. Every transaction begins IMMEDIATE, so that
 * no other process can write between a read and the write that depends on it. Throws BadInput for a schema newer than this
 * program and for other kinds of files, without changing them. An older schema is upgraded while no other process has the
 * file open, and refused otherwise: the other process may be an older program that continues to write in the old form.
 */
export function openDatabase<Schema>(
  path: string,
  migrations: readonly Migration[],
  hooks: Hooks = {},
): Kysely<Schema> {
  const isThere = path !== ':memory:' && statSync(path, { throwIfNoEntry: false })?.isFile()
  try {
    if (isThere && isOlderFile(path, migrations)) upgrade(path, migrations)
    const db = connect(path)
    try {
      migrate(db, path, migrations)
    } catch (error) {
      db.close()
      throw error
    }
    return kyselyOf(db, hooks)
  } catch (error) {
    throw explained(error, path)
  }
}

function isOlderFile(path: string, migrations: readonly Migration[]): boolean {
  using db = connect(path)
  return versionOf(db) > 0 && isOlder(db, path, migrations)
}

export function kyselyOf<Schema>(db: DatabaseSync, hooks: Hooks = {}): Kysely<Schema> {
  const close = () => {
    if (!db.isOpen) return
    db.close()
    hooks.closed?.()
  }
  const kysely = new Kysely<Schema>({
    dialect: new SqliteDialect({ database: { ...adapt(db, hooks), close } }),
  })
  const destroy = kysely.destroy.bind(kysely)
  // Kysely closes only what it has used.
  kysely.destroy = () => destroy().then(close)
  return kysely
}

/** For callers that need existing data: reading must not create a database, or turn an empty file into one. */
export function mustExist(path: string, maker: string): void {
  if (path === ':memory:') return
  requireReadable(path)
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new BadInput(`there is no database ${path} yet; ${maker} makes it`)
  if (!found.isFile())
    throw new BadInput(`${path} is ${found.isDirectory() ? 'a folder' : 'no file'}, and not a database`)
  if (found.size === 0) throw new BadInput(`${path} is empty, and not a database; ${maker} makes one`)
}

function connect(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') keepPrivate(path)
    return new DatabaseSync(path, { timeout: busyTimeoutMs })
  } catch (error) {
    throw new BadInput(`cannot open the database ${path}`, { cause: error })
  }
}

/** https://www.sqlite.org/rescode.html */
const codes = {
  busy: 5,
  locked: 6,
  readonly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
}
const unavailable = [codes.busy, codes.locked, codes.readonly, codes.ioError, codes.full, codes.cannotOpen]
// A full disk has no room for the files that SQLite makes beside a database.
const unwritable = [codes.readonly, codes.cannotOpen, codes.full, codes.ioError]

// The low byte has the kind of error, the others the cause.
const codeOf = (error: unknown): number => ((error as { errcode?: number }).errcode ?? 0) & 0xff

/** Whether the same write may succeed later: another process has locked the database, or its disk is full. */
export const isUnavailable = (error: unknown): boolean => unavailable.includes(codeOf(error))

/** The file or its folder is not writable, or the disk is full. */
export const isUnwritable = (error: unknown): boolean => unwritable.includes(codeOf(error))

/** SQLite's finding about the file itself, with the file's name and what to do. */
export function explained(error: unknown, path: string): unknown {
  if (codeOf(error) === codes.notADatabase) return new BadInput(`${path} is not a database`)
  if (codeOf(error) !== codes.corrupt) return error
  return new BadInput(
    `${path} is damaged (${messageOf(error)}): put a copy in its place, or save what can be read with: sqlite3 ${path} .recover`,
  )
}

const versionOf = (db: DatabaseSync): number =>
  (db.prepare('pragma user_version').get() as { user_version: number }).user_version

/** Throws BadInput for another kind of database, or of a later version. */
function refuse(db: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  const first = /create table (\w+)/.exec(String(migrations[0]))?.[1] ?? ''
  const tables = db.prepare("select name from sqlite_schema where type = 'table'").all()
  if (tables.length > 0 && !tables.some(({ name }) => name === first))
    throw new BadInput(`${path} is another kind of database: it has no table '${first}'`)
  if (versionOf(db) > migrations.length)
    throw new BadInput(
      `${path}: its schema is version ${versionOf(db)}, this program knows up to ${migrations.length}; use a newer operator, or another file`,
    )
}

/** Whether an older version made it. Throws BadInput for another kind of database. */
export function isOlder(db: DatabaseSync, path: string, migrations: readonly Migration[]): boolean {
  refuse(db, path, migrations)
  return versionOf(db) < migrations.length
}

/** Exclusive: SQLite gives no exclusive lock while another process, even an idle one, has the file open. */
export function upgrade(path: string, migrations: readonly Migration[]): void {
  using db = new DatabaseSync(path, { timeout: upgradeTimeoutMs })
  db.exec('pragma locking_mode = exclusive')
  try {
    bringUpToDate(db, path, migrations)
  } catch (error) {
    if (codeOf(error) !== codes.busy) throw error
    using seen = new DatabaseSync(path, { timeout: busyTimeoutMs })
    // Another process of this version was faster.
    if (!isOlder(seen, path, migrations)) return
    throw new BadInput(
      `${path}: its schema is version ${versionOf(seen)}, this program's is ${migrations.length}, and another process has it open, maybe an older operator at work: end that one first, then the schema is brought up to date`,
    )
  }
}

function migrate(db: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  refuse(db, path, migrations)
  useWal(db)
  // NORMAL loses nothing that was committed when a process dies.
  db.exec('pragma synchronous = normal; pragma foreign_keys = on')
  if (versionOf(db) < migrations.length) bringUpToDate(db, path, migrations)
}

function bringUpToDate(db: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  db.exec('begin immediate')
  try {
    refuse(db, path, migrations)
    applyAll(db, migrations.slice(versionOf(db)))
    db.exec(`pragma user_version = ${migrations.length}`)
    db.exec('commit')
  } catch (error) {
    if (db.isTransaction) db.exec('rollback')
    throw error
  }
}

export function applyAll(db: DatabaseSync, migrations: readonly Migration[]): void {
  for (const migration of migrations) {
    if (typeof migration === 'string') db.exec(migration)
    else migration(db)
  }
}

/** Readers never wait for the writer. SQLite itself does not wait when others switch the mode at the same moment. */
function useWal(db: DatabaseSync): void {
  const pauseMs = 20
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      db.exec('pragma journal_mode = wal')
      return
    } catch (error) {
      if (codeOf(error) !== codes.busy || waitedMs >= busyTimeoutMs) throw error
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
  }
}

/** node:sqlite with the few methods that Kysely's SQLite dialect needs. */
function adapt(db: DatabaseSync, { committed }: Hooks): Omit<SqliteDatabase, 'close'> {
  return {
    prepare: (sql) => {
      // A full disk rolls back by itself; a second rollback would hide the reason.
      if (sql === 'rollback' && !db.isTransaction) return nothingToDo
      const statement = named(db, () => db.prepare(sql === 'begin' ? 'begin immediate' : sql))
      const values = (parameters: ReadonlyArray<unknown>) => parameters as SQLInputValue[]
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => named(db, () => statement.all(...values(parameters))),
        run: (parameters) => {
          const result = named(db, () => statement.run(...values(parameters)))
          if (sql === 'commit') committed?.(db)
          return result
        },
        iterate: (parameters) => statement.iterate(...values(parameters)),
      }
    },
  }
}

/** Adds the file's name to every error of SQLite. */
function named<T>(db: DatabaseSync, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const path = db.location() ?? ':memory:'
    const told = explained(error, path)
    if (told === error && error instanceof Error) error.message = `${path}: ${error.message}`
    throw told
  }
}

const nothingToDo = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
}
