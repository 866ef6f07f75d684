import { type RawBuilder, sql } from 'kysely'
import { headOfPacked } from './body.ts'

/** The beginning of a body, or all of it if it is compressed. */
export interface Head {
  is_packed: number
  /** null: the body is empty. */
  head: Uint8Array | null
}

/**
 * Columns of a query that give the beginning of a body. They are bytes, because SQLite takes a NUL for the end of a text.
 */
export const headColumns = (body: RawBuilder<unknown>, bytes: number): RawBuilder<Head> =>
  sql`typeof(${body}) = 'blob' as is_packed,
    case typeof(${body}) when 'blob' then ${body} else substr(cast(${body} as blob), 1, ${bytes}) end as head`

/** The first bytes, up to this many. A character that the limit would split is left out. */
export async function headOf({ is_packed, head }: Head, bytes: number): Promise<string> {
  if (!head) return ''
  const plain = is_packed ? await headOfPacked(head, bytes) : head
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(plain, { stream: true })
}
