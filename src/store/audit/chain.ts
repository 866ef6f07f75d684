import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Db } from '../operator/db.ts'

/** Tables whose rows are numbered without gaps and each carry the hash of the row before. */
export const chains = ['entries', 'ledger'] as const
export type Chain = (typeof chains)[number]

/** The hash that the first row of a chain refers to. */
export const genesis = '0'.repeat(64)

/** SHA-256 of an array's JSON: two different rows never have the same text to hash. */
export const hashOf = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

/** The hash that the next row has to carry. Read it in the transaction that inserts that row. */
export async function lastHash(db: Db, chain: Chain): Promise<string> {
  const last = await db.selectFrom(chain).select('hash').orderBy('seq', 'desc').limit(1).executeTakeFirst()
  return last?.hash ?? genesis
}

/** The end of a chain. */
export interface Head {
  chain: Chain
  seq: number
  hash: string
}

/** The last row of each chain that has one. */
export const headsOf = (db: DatabaseSync): Head[] =>
  chains.flatMap((chain) => {
    const row = db.prepare(`select seq, hash from ${chain} order by seq desc limit 1`).get()
    return row ? [{ chain, seq: Number(row.seq), hash: String(row.hash) }] : []
  })
