import type { Kysely } from 'kysely'
import { headKeeper } from '../audit/kept-heads.ts'
import { mustExist, openDatabase } from '../sqlite.ts'
import { openExisting, openToRead, type ToRead } from '../to-read.ts'
import { operatorMigrations } from './migrations.ts'
import type { OperatorSchema } from './schema.ts'

export type OperatorDb = Kysely<OperatorSchema>

/** The operator's database: violations, tickets, sessions, audit. Close it with `destroy()`. */
export const openOperatorDb = (path: string): OperatorDb =>
  openDatabase(path, operatorMigrations, hooksOf(path))

const hooksOf = (path: string) => (path === ':memory:' ? {} : { committed: headKeeper(path) })

/** The same, for verbs that only read or steer. Throws BadInput when there is no database. */
export function existingOperatorDb(path: string): OperatorDb {
  mustExist(path, '`operator monitor run`')
  return openExisting(path, operatorMigrations, hooksOf(path))
}

/** Read-only: nothing can be written through it. */
export function readOperatorDb(path: string): ToRead<OperatorSchema> {
  mustExist(path, '`operator monitor run`')
  return openToRead(path, operatorMigrations)
}
