import { DatabaseSync } from 'node:sqlite'
import { type Kysely, sql } from 'kysely'
import { messageOf } from '../../core/errors.ts'
import { operatorMigrations } from '../operator/migrations.ts'
import type { OperatorDb } from '../operator/open.ts'
import { applyAll } from '../sqlite.ts'
import { entryHash } from './audit.ts'
import { type Chain, genesis, type Head, hashOf } from './chain.ts'
import { headsFile, readHeads } from './kept-heads.ts'
import {
  type Image,
  imageOf,
  keyOf,
  type LedgeredTable,
  ledgeredTables,
  type Row,
  termsOf,
} from './ledger.ts'

export type AuditVerdict =
  /**
   * `head`: the hash of the last entry. Kept elsewhere, it proves that no earlier entry was ever rewritten. `outside`:
   * whether heads kept outside of the database were available to compare with.
   */
  | { ok: true; entries: number; head: string; changes: number; ledgerHead: string; outside: boolean }
  /** The first entry that differs from what was written. */
  | { ok: false; seq: number; why: string }
  /** The first row of another table; `row`: its key. */
  | { ok: false; table: string; row: string; why: string }

type Broken = Extract<AuditVerdict, { ok: false }>
/** Thrown from within the walks, so that the first finding ends them. */
class Found extends Error {
  readonly broken: Broken
  constructor(broken: Broken) {
    super(broken.why)
    this.broken = broken
  }
}

/**
 * Walks the chains of entries and of the ledger, compares every other row with its last line in the ledger, and names the
 * first row that differs from what was written. It reads one snapshot of the database, also while others write. `known`:
 * hashes of rows, noted elsewhere, that must still be there.
 */
export async function verifyAudit(db: OperatorDb, known: readonly string[] = []): Promise<AuditVerdict> {
  // Read this before the database, which then has at least these heads.
  const kept = await keptHeads(db)
  return db.connection().execute(async (tx) => {
    // Read-only, so that no writer has to wait.
    await sql`begin deferred`.execute(tx)
    try {
      return await walk(tx, kept, known)
    } catch (error) {
      if (error instanceof Found) return error.broken
      throw error
    } finally {
      // No commit: a commit writes the heads to their file, and heads of a changed database must not be kept.
      await sql`rollback`.execute(tx)
    }
  })
}

async function walk(tx: OperatorDb, kept: Head[] | null, known: readonly string[]): Promise<AuditVerdict> {
  const outside: Outside = { kept: kept ?? [], missing: new Set(known) }
  const entries = tx.selectFrom('entries').selectAll().orderBy('seq').stream()
  const last = await follow(tx, 'entries', outside, entries, entryHash)

  const images = new Map<string, Image>()
  const ledger = tx.selectFrom('ledger').selectAll().orderBy('seq').stream()
  const lastLine = await follow(tx, 'ledger', outside, ledger, (row) => {
    images.set(`${row.table_name} ${row.key}`, JSON.parse(row.image))
    return hashOf([row.prev_hash, row.table_name, row.key, row.image])
  })

  for (const table of ledgeredTables) await compareRows(tx, table, images)
  for (const name of images.keys()) {
    const [table = '', key = ''] = name.split(/ (.*)/s)
    throw new Found({ ok: false, table, row: key, why: 'the row is missing' })
  }
  for (const hash of outside.missing)
    throw new Found({ ok: false, table: 'entries', row: hash, why: 'no row has this hash any more' })
  await checkFile(tx)
  return {
    ok: true,
    entries: last.seq,
    head: last.hash,
    changes: lastLine.seq,
    ledgerHead: lastLine.hash,
    outside: kept !== null,
  }
}

/** Heads of the chains that are known from elsewhere. */
interface Outside {
  kept: readonly Head[]
  /** Hashes that no row has matched yet. */
  missing: Set<string>
}

interface Link {
  seq: number
  prev_hash: string
  hash: string
}

/** Walks a chain from its first row to its last, and returns its end. `contentHash`: the hash that a row should carry. */
async function follow<Row extends Link>(
  tx: OperatorDb,
  chain: Chain,
  { kept, missing }: Outside,
  rows: AsyncIterable<Row>,
  contentHash: (row: Row) => string | null,
): Promise<{ seq: number; hash: string }> {
  // The first kept head counts: after its tail was cut off, the chain may have grown again.
  const noted = new Map(
    kept.toReversed().flatMap((head) => (head.chain === chain ? [[head.seq, head.hash]] : [])),
  )
  const reached = Math.max(await lastSeq(tx, chain), ...noted.keys())
  let [seq, hash] = [0, genesis]
  const broken = (at: number, why: string) =>
    new Found(
      chain === 'entries' ? { ok: false, seq: at, why } : { ok: false, table: chain, row: `${at}`, why },
    )
  try {
    for await (const row of rows) {
      // Rows are numbered without gaps: every append is a transaction of its own that either holds or leaves no trace.
      if (row.seq !== seq + 1) throw broken(seq + 1, 'the row is missing')
      if (row.prev_hash !== hash) throw broken(row.seq, 'it does not follow from the row before it')
      if (row.hash !== contentHash(row)) throw broken(row.seq, 'its content is not what was written')
      if (row.hash !== (noted.get(row.seq) ?? row.hash))
        throw broken(row.seq, 'it is not the row whose hash is kept outside of the database')
      missing.delete(row.hash)
      ;[seq, hash] = [row.seq, row.hash]
    }
  } catch (error) {
    throw error instanceof Found ? error : broken(seq + 1, `the row cannot be read: ${messageOf(error)}`)
  }
  if (reached > seq) throw broken(seq + 1, `the rows up to ${reached} are missing`)
  return { seq, hash }
}

/** Each row must have a last line in the ledger and equal it. Lines with a row are removed from `images`. */
async function compareRows(tx: OperatorDb, table: LedgeredTable, images: Map<string, Image>): Promise<void> {
  const { rows } = await sql<Row>`select * from ${sql.table(table)}`.execute(tx)
  for (const row of rows) {
    const key = keyOf(table, row)
    const broken = (why: string) => new Found({ ok: false, table, row: key, why })
    const image = images.get(`${table} ${key}`)
    if (!image) throw broken('it is not a row that was written')
    images.delete(`${table} ${key}`)
    const column = changedColumn(table, row, image)
    if (column) throw broken(`its ${column} is not what was written`)
  }
}

function changedColumn(table: LedgeredTable, row: Row, image: Image): string | undefined {
  const { passing } = termsOf(table)
  const skipped = passing?.while(row) ? passing.columns : []
  return Object.entries(imageOf(row)).find(
    ([column, value]) =>
      !skipped.includes(column) && JSON.stringify(value) !== JSON.stringify(image[column] ?? null),
  )?.[0]
}

/** Indexes agree with their tables, and tables and triggers are those that this program makes. */
async function checkFile(tx: OperatorDb): Promise<void> {
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check(1)`.execute(tx)
  const said = rows[0]?.integrity_check
  if (said !== 'ok') throw new Found({ ok: false, table: 'sqlite_schema', row: '', why: `damaged: ${said}` })
  const parts = sql<SchemaPart>`select type, name, sql from sqlite_schema where type <> 'index'`
  const found = new Map((await parts.execute(tx)).rows.map((part) => [part.name, part]))
  for (const part of madeHere()) {
    if (found.get(part.name)?.sql !== part.sql)
      throw new Found({
        ok: false,
        table: 'sqlite_schema',
        row: part.name,
        why: `this ${part.type} was changed`,
      })
    found.delete(part.name)
  }
  for (const { name, type } of found.values())
    if (!name.startsWith('sqlite_'))
      throw new Found({ ok: false, table: 'sqlite_schema', row: name, why: `this ${type} is not ours` })
}

interface SchemaPart {
  type: string
  name: string
  sql: string | null
}

function madeHere(): SchemaPart[] {
  using db = new DatabaseSync(':memory:')
  applyAll(db, operatorMigrations)
  return db.prepare("select type, name, sql from sqlite_schema where type <> 'index'").all() as never
}

/** The highest row ever written, which AUTOINCREMENT remembers even after the last rows were deleted. */
async function lastSeq(tx: OperatorDb, chain: Chain): Promise<number> {
  const sequence = (tx as unknown as Kysely<{ sqlite_sequence: { name: string; seq: number } }>)
    .selectFrom('sqlite_sequence')
    .select('seq')
    .where('name', '=', chain)
  return (await sequence.executeTakeFirst())?.seq ?? 0
}

async function keptHeads(db: OperatorDb): Promise<Head[] | null> {
  const { rows } = await sql<{ name: string; file: string }>`pragma database_list`.execute(db)
  const file = rows.find(({ name }) => name === 'main')?.file
  return file ? readHeads(headsFile(file)) : null
}
