import type { Kysely, Selectable } from 'kysely'
import { wellFormed, wellFormedJson } from '../../core/text.ts'
import type { Usage } from '../../core/work/agent.ts'
import type { Db } from '../operator/db.ts'
import type { EntryRow, OperatorSchema } from '../operator/schema.ts'
import { packBody, unpackBody } from './body.ts'
import { hashOf, lastHash } from './chain.ts'
import { atomically, enter } from './ledger.ts'

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

/** For an `error`: it did not end the session. */
export const goesOn = ({ meta }: Pick<Entry, 'meta'>): boolean => meta.goesOn === true

/** Consumption of the turn that begins with this entry; null: no turn begins, no model worked, or the audit is older. */
export function usageIn({ usage }: Entry['meta']): Usage | null {
  const { tokensIn, tokensOut, tokensCached = 0, costUsd = null } = (usage ?? {}) as Partial<Usage>
  if (tokensIn === undefined || tokensOut === undefined) return null
  return { tokensIn, tokensOut, tokensCached, costUsd }
}

/** Appends to the chain: read of the last hash and insert are one transaction. Returns the entry's seq. */
export async function appendEntry(db: Kysely<OperatorSchema>, entry: NewEntry): Promise<number> {
  const meta = wellFormedJson(entry.meta ?? {})
  const body = wellFormed(entry.body)
  return db.transaction().execute(async (tx) => {
    const prevHash = await lastHash(tx, 'entries')
    const row = await tx
      .insertInto('entries')
      .values({
        session_id: entry.sessionId,
        at: entry.at,
        kind: entry.kind,
        body: packBody(body),
        meta,
        prev_hash: prevHash,
        hash: hashOf([prevHash, entry.sessionId, entry.at, entry.kind, meta, body]),
      })
      .returning('seq')
      .executeTakeFirstOrThrow()
    return row.seq
  })
}

/**
 * The text that an entry's hash covers, whether it is stored compressed or not. null: a text that can no longer be
 * decompressed.
 */
export function entryHash(row: Selectable<EntryRow>): string | null {
  try {
    return hashOf([row.prev_hash, row.session_id, row.at, row.kind, row.meta, unpackBody(row.body)])
  } catch {
    return null
  }
}

/** A summary helps readers and is written later by a model. It is no evidence; its last version is in the ledger. */
export async function summarizeEntry(db: Db, seq: number, text: string, by: string): Promise<void> {
  await atomically(db, async (tx) => {
    await tx
      .insertInto('summaries')
      .values({ seq, text, by })
      .onConflict((conflict) => conflict.column('seq').doUpdateSet({ text, by }))
      .execute()
    await enter(tx, 'summaries', seq)
  })
}

/** Entries in the order of writing. */
export const sessionEntries = (db: Db, sessionId: string): Promise<Entry[]> =>
  entries(db, (query) => query.where('entries.session_id', '=', sessionId))

/** Everything written after an entry, by any session. */
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
