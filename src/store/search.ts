import { stripVTControlCharacters } from 'node:util'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Entry } from './audit/audit.ts'
import { type Head, headColumns, headOf } from './audit/head.ts'
import type { EvalSchema } from './eval/schema.ts'

type Db = Kysely<EvalSchema> | Transaction<EvalSchema>

export const textKinds = ['command', 'output', 'reasoning'] as const
export type TextKind = (typeof textKinds)[number]

/** Only the beginning and the end of a long text can be found: its middle is mostly repetition by a machine. */
const indexed = { headChars: 48 * 1024, tailChars: 16 * 1024 }

// A row of the index has one number, made of the trial's and the entry's. Newer trials have greater ones.
const entriesATrial = 1_048_576
const rowidOf = (trialId: number, seq: number) => trialId * entriesATrial + seq

/** Makes an entry of a trial's transcript searchable. Call it once per entry, in the transaction that stores it. */
export async function indexEntry(db: Db, trialId: number, { seq, kind, body, meta }: Entry): Promise<void> {
  if (seq >= entriesATrial) return
  const text = { command: '', output: '', reasoning: '' }
  if (kind === 'tool_call') {
    text.command = body
    text.reasoning = typeof meta.reasoning === 'string' ? meta.reasoning : ''
  } else text[kind === 'tool_result' ? 'output' : 'reasoning'] = body
  const [command, output, reasoning] = [words(text.command), words(text.output), words(text.reasoning)]
  await db
    .insertInto('search_index')
    .values({ rowid: rowidOf(trialId, seq), command, output, reasoning })
    .execute()
}

function words(text: string): string | null {
  if (text === '') return null
  const { headChars, tailChars } = indexed
  const short =
    text.length <= headChars + tailChars ? text : `${text.slice(0, headChars)}\n${text.slice(-tailChars)}`
  return stripVTControlCharacters(short)
}

export interface SearchFilter {
  kinds: readonly TextKind[]
  campaignId?: number | undefined
  subject?: string | undefined
  chaos?: string | undefined
  outcome?: string | undefined
}

/** An entry that contains all the words. */
export interface Hit {
  trialId: number
  campaignId: number
  seq: number
  at: number
  kind: Entry['kind']
  /** The beginning of its text. */
  body: string
  meta: Record<string, unknown>
  subject: string | null
  chaos: string | null
  arm: string | null
  outcomeKind: string | null
  state: string
}

export interface Found {
  hits: Hit[]
  /** Start of the next page; null: there is none. */
  before: number | null
}

/** Limit of entries examined for one page, when filters leave few of them. */
const entriesAPage = 20_000
const headBytes = 64 * 1024

/**
 * Entries with all the words, the newest trials first. A query has bare words, "several in a row", and beginnings of words
 * as `etc*`. Everything else in it is ignored; a query without a word finds nothing.
 */
export async function searchEntries(
  db: Db,
  query: string,
  filter: SearchFilter,
  { limit, before }: { limit: number; before?: number | undefined },
): Promise<Found> {
  const terms = termsOf(query)
  if (terms.length === 0 || filter.kinds.length === 0) return { hits: [], before: null }
  const match = `{${filter.kinds.join(' ')}} : (${terms.map(quoted).join(' AND ')})`
  const conditions = [
    ...(filter.campaignId === undefined ? [] : [sql`t.campaign_id = ${filter.campaignId}`]),
    ...(filter.subject === undefined ? [] : [sql`t.subject = ${filter.subject}`]),
    ...(filter.chaos === undefined ? [] : [sql`t.chaos = ${filter.chaos}`]),
    ...(filter.outcome === undefined ? [] : [sql`t.outcome_kind = ${filter.outcome}`]),
  ]
  // Literal numbers: a bound number would be a float, and so would the result of a division.
  const perTrial = sql.lit(entriesATrial)
  const { rows } = await sql<HitRow>`
    with hits as materialized (
      select rowid as id from search_index
      where search_index match ${match} and rowid < ${before ?? Number.MAX_SAFE_INTEGER}
      order by rowid desc limit ${conditions.length === 0 ? limit + 1 : entriesAPage}
    )
    select h.id, t.id as trial_id, t.campaign_id, t.state, t.subject, t.chaos, t.arm, t.outcome_kind,
      e.seq, e.at, e.kind, e.meta, ${headColumns(sql.ref('e.body'), headBytes)}
    from hits h cross join trials t on t.id = h.id / ${perTrial}
      cross join entries e on e.trial_id = t.id and e.seq = h.id % ${perTrial}
    where ${conditions.length === 0 ? sql`1` : sql.join(conditions, sql` and `)}
    order by h.id desc limit ${limit + 1}`.execute(db)
  const shown = rows.slice(0, limit)
  return {
    hits: await Promise.all(shown.map(hitOf)),
    before: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
  }
}

interface HitRow extends Head {
  id: number
  trial_id: number
  campaign_id: number
  state: string
  subject: string | null
  chaos: string | null
  arm: string | null
  outcome_kind: string | null
  seq: number
  at: number
  kind: Entry['kind']
  meta: string
}

const hitOf = async (row: HitRow): Promise<Hit> => ({
  trialId: row.trial_id,
  campaignId: row.campaign_id,
  seq: row.seq,
  at: row.at,
  kind: row.kind,
  body: await headOf(row, headBytes),
  meta: JSON.parse(row.meta),
  subject: row.subject,
  chaos: row.chaos,
  arm: row.arm,
  outcomeKind: row.outcome_kind,
  state: row.state,
})

/** Terms of a query: words, "phrases" and beginnings* of words. */
export function termsOf(query: string): string[] {
  const found = query
    .normalize('NFC')
    .replace(/\p{Cc}/gu, ' ')
    .matchAll(/"([^"]*)"|(\S+)/g)
  return [...found]
    .map(([, phrase, word]) => phrase ?? word ?? '')
    .filter((term) => /[\p{L}\p{N}_]/u.test(term))
}

const quoted = (term: string): string => {
  const isBeginning = term.endsWith('*')
  return `"${term.replaceAll('"', ' ').replace(/\*$/, '')}"${isBeginning ? ' *' : ''}`
}
