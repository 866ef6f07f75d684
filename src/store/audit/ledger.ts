import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { sql, type Transaction } from 'kysely'
import type { Db } from '../operator/db.ts'
import type { OperatorSchema } from '../operator/schema.ts'
import { genesis, hashOf, lastHash } from './chain.ts'

/**
 * The tables that the ledger covers, with the columns that name a row. Each change of such a row appends the row's new state
 * in the same transaction. `passing`: columns that are rewritten all the time while `while` holds, without a line in the
 * ledger; their value is part of the next line.
 */
export const ledgered = {
  tickets: {
    key: ['id'],
    passing: {
      columns: ['message', 'metrics', 'last_seen_at'],
      while: (row: Row) => row.state !== 'resolved',
    },
  },
  ticket_events: { key: ['id'] },
  sessions: {
    key: ['id'],
    passing: { columns: ['lease_until'], while: (row: Row) => row.state === 'running' },
  },
  session_tickets: { key: ['session_id', 'ticket_id'] },
  summaries: { key: ['seq'] },
  monitors: { key: ['id'], passing: { columns: ['beat_at', 'observed_at'], while: () => true } },
} satisfies Partial<Record<keyof OperatorSchema, Ledgered>>

interface Ledgered {
  key: readonly string[]
  passing?: { columns: readonly string[]; while(row: Row): boolean }
}

export type LedgeredTable = keyof typeof ledgered
export const ledgeredTables = Object.keys(ledgered) as LedgeredTable[]
export const termsOf = (table: LedgeredTable): Ledgered => ledgered[table]

export type Row = Record<string, unknown>
type Key = string | number

/** A row in the form of the ledger: short values as they are, long ones as hashes, so that a line stays short. */
export type Image = Record<string, unknown>

const longestValue = 100

export const imageOf = (row: Row): Image =>
  Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      typeof value === 'string' && value.length > longestValue ? { sha256: sha256(value) } : value,
    ]),
  )

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Names a row of a table: JSON of the values of its key. */
export const keyOf = (table: LedgeredTable, row: Row): string =>
  JSON.stringify(termsOf(table).key.map((column) => row[column]))

/** Writes a row's current state to the ledger. Call it after each change, within the transaction of that change. */
export async function enter(tx: Transaction<OperatorSchema>, table: LedgeredTable, ...key: Key[]) {
  const conditions = termsOf(table).key.map((column, i) => sql`${sql.ref(column)} = ${key[i]}`)
  const { rows } = await sql<Row>`
    select * from ${sql.table(table)} where ${sql.join(conditions, sql` and `)}`.execute(tx)
  for (const row of rows) {
    const line = lineOf(table, row, await lastHash(tx, 'ledger'))
    await tx.insertInto('ledger').values(line).execute()
  }
}

function lineOf(table: LedgeredTable, row: Row, prevHash: string) {
  const [key, image] = [keyOf(table, row), JSON.stringify(imageOf(row))]
  return { table_name: table, key, image, prev_hash: prevHash, hash: hashOf([prevHash, table, key, image]) }
}

/** Joins the caller's transaction, or begins one. */
export const atomically = <T>(db: Db, work: (tx: Transaction<OperatorSchema>) => Promise<T>): Promise<T> =>
  db.isTransaction ? work(db as Transaction<OperatorSchema>) : db.transaction().execute(work)

/** For a database without a ledger: enters every row in its current state, which the ledger covers from then on. */
export function seal(db: DatabaseSync): void {
  const insert = db.prepare(
    'insert into ledger (table_name, key, image, prev_hash, hash) values (?, ?, ?, ?, ?)',
  )
  let head = genesis
  for (const table of ledgeredTables)
    for (const row of db
      .prepare(`select * from ${table} order by ${termsOf(table).key.join(', ')}`)
      .iterate()) {
      const line = lineOf(table, row, head)
      insert.run(line.table_name, line.key, line.image, line.prev_hash, line.hash)
      head = line.hash
    }
}
