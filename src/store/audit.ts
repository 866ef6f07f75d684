import { createHash } from 'node:crypto'
import type { Kysely, Selectable } from 'kysely'
import type { Usage } from '../core/agent.ts'
import { messageOf } from '../core/errors.ts'
import { packBody, unpackBody } from './body.ts'
import type { EntryRow, OperatorSchema } from './operator-schema.ts'
import type { Db } from './tickets.ts'

const genesis = '0'.repeat(64)

export type EntryKind = EntryRow['kind']

/** One line of a session's audit. `meta` holds what is not prose: exit code, duration, which call. */
export interface Entry {
  seq: number
  sessionId: string
  at: number
  kind: EntryKind
  body: string
  meta: Record<string, unknown>
  summary: string | null
}

export interface NewEntry {
  sessionId: string
  at: number
  kind: EntryKind
  body: string
  meta?: Record<string, unknown>
}

/** Of an `error`: it did not end the session. */
export const goesOn = ({ meta }: Pick<Entry, 'meta'>): boolean => meta.goesOn === true

/** What the turn that begins with this entry consumed; null: it begins none, no model worked, or it is an older audit. */
export function usageIn({ usage }: Entry['meta']): Usage | null {
  const { tokensIn, tokensOut, tokensCached = 0, costUsd = null } = (usage ?? {}) as Partial<Usage>
  if (tokensIn === undefined || tokensOut === undefined) return null
  return { tokensIn, tokensOut, tokensCached, costUsd }
}

/** Appends to the chain: read of the last hash and insert are one transaction. Returns the entry's seq. */
export async function appendEntry(db: Kysely<OperatorSchema>, entry: NewEntry): Promise<number> {
  const meta = JSON.stringify(entry.meta ?? {})
  return db.transaction().execute(async (tx) => {
    const last = await tx
      .selectFrom('entries')
      .select('hash')
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst()
    const prevHash = last?.hash ?? genesis
    const row = await tx
      .insertInto('entries')
      .values({
        session_id: entry.sessionId,
        at: entry.at,
        kind: entry.kind,
        body: packBody(entry.body),
        meta,
        prev_hash: prevHash,
        hash: hashOf(prevHash, entry.sessionId, entry.at, entry.kind, meta, entry.body),
      })
      .returning('seq')
      .executeTakeFirstOrThrow()
    return row.seq
  })
}

/** Of the text, stored compressed or not; as JSON of an array no two different rows have the same text to hash. */
function hashOf(prev: string, sessionId: string, at: number, kind: string, meta: string, body: string) {
  return createHash('sha256')
    .update(JSON.stringify([prev, sessionId, at, kind, meta, body]))
    .digest('hex')
}

/** A summary is a reader's aid, written later by a model: it is no evidence and not part of the chain. */
export async function summarizeEntry(db: Db, seq: number, text: string, by: string): Promise<void> {
  await db
    .insertInto('summaries')
    .values({ seq, text, by })
    .onConflict((conflict) => conflict.column('seq').doUpdateSet({ text, by }))
    .execute()
}

/** In the order in which they were written. */
export const sessionEntries = (db: Db, sessionId: string): Promise<Entry[]> =>
  entries(db, (query) => query.where('entries.session_id', '=', sessionId))

/** Everything written after an entry, by whichever session. */
export const entriesAfter = (db: Db, seq: number): Promise<Entry[]> =>
  entries(db, (query) => query.where('entries.seq', '>', seq))

const allEntries = (db: Db) =>
  db
    .selectFrom('entries')
    .leftJoin('summaries', 'summaries.seq', 'entries.seq')
    .selectAll('entries')
    .select('summaries.text as summary')
    .orderBy('entries.seq')

type Entries = ReturnType<typeof allEntries>

async function entries(db: Db, which: (query: Entries) => Entries): Promise<Entry[]> {
  const rows = await which(allEntries(db)).execute()
  return rows.map((row) => ({
    seq: row.seq,
    sessionId: row.session_id,
    at: row.at,
    kind: row.kind,
    body: unpackBody(row.body),
    meta: JSON.parse(row.meta),
    summary: row.summary,
  }))
}

export type AuditVerdict =
  /** `head`: the hash of the last row. Kept elsewhere, it proves that nothing before it was ever rewritten. */
  { ok: true; entries: number; head: string } | { ok: false; seq: number; why: string }

/** Walks the whole chain, also while others append to it; names the first row that is not what was written. */
export async function verifyAudit(db: Db): Promise<AuditVerdict> {
  // Asked first: what is appended during the walk is no gap.
  const written = await lastSeq(db)
  let head = genesis
  let prevSeq = 0
  try {
    for await (const row of db.selectFrom('entries').selectAll().orderBy('seq').stream()) {
      // Rows are numbered without gaps: every append is a transaction of its own that either holds or leaves no trace.
      if (row.seq !== prevSeq + 1) return broken(prevSeq + 1, 'the row is missing')
      if (row.prev_hash !== head) return broken(row.seq, 'it does not follow from the row before it')
      if (row.hash !== rehash(row)) return broken(row.seq, 'its content is not what was written')
      head = row.hash
      prevSeq = row.seq
    }
  } catch (error) {
    return broken(prevSeq + 1, `the row cannot be read: ${messageOf(error)}`)
  }
  if (written > prevSeq) return broken(prevSeq + 1, `the rows up to ${written} are missing`)
  return { ok: true, entries: prevSeq, head }
}

const broken = (seq: number, why: string): AuditVerdict => ({ ok: false, seq, why })

function rehash(row: Selectable<EntryRow>): string | null {
  try {
    return hashOf(row.prev_hash, row.session_id, row.at, row.kind, row.meta, unpackBody(row.body))
  } catch {
    return null // a compressed body that no longer decompresses was changed
  }
}

/** What AUTOINCREMENT remembers of the highest row ever written, also when the last rows were deleted. */
async function lastSeq(db: Db): Promise<number> {
  const sequence = (db as unknown as Kysely<{ sqlite_sequence: { name: string; seq: number } }>)
    .selectFrom('sqlite_sequence')
    .select('seq')
    .where('name', '=', 'entries')
  return (await sequence.executeTakeFirst())?.seq ?? 0
}
