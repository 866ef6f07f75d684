import { sql } from 'kysely'
import type { Outcome } from '../core/work/outcome.ts'
import type { Entry, EntryKind } from './audit/audit.ts'
import { unpackBody } from './audit/body.ts'
import { type Head, headColumns, headOf } from './audit/head.ts'
import type { TrialRow } from './eval/schema.ts'
import type { EvalDb } from './eval/trials.ts'
import type { Db } from './operator/db.ts'

/** A number that changes whenever another process has written to the database. */
export async function dataVersion(db: EvalDb | Db): Promise<number> {
  const { rows } = await sql<{ data_version: number }>`pragma data_version`.execute(db)
  return rows[0]?.data_version ?? 0
}

export interface CampaignHead {
  id: number
  name: string
  seed: number
  startedAt: number
  endedAt: number | null
}

/** Every campaign there is, the newest first. */
export async function campaignHeads(db: EvalDb): Promise<CampaignHead[]> {
  const rows = await db
    .selectFrom('campaigns')
    .select(['id', 'name', 'seed', 'started_at', 'ended_at'])
    .orderBy('id', 'desc')
    .execute()
  return rows.map(({ started_at, ended_at, ...same }) => ({
    ...same,
    startedAt: started_at,
    endedAt: ended_at,
  }))
}

/** The part of a trial's row that shows whether the rest has changed: equal stamps mean equal trials. */
export async function trialStamps(db: EvalDb, campaignId: number): Promise<Map<number, number>> {
  const rows = await db
    .selectFrom('trials')
    .select(['id', 'state', 'started_at', 'ended_at', 'scorer_version'])
    .where('campaign_id', '=', campaignId)
    .orderBy('id')
    .execute()
  return new Map(rows.map((row) => [row.id, stampOf(row)]))
}

type Stamped = Pick<TrialRow, 'state' | 'started_at' | 'ended_at' | 'scorer_version'>

/** An ended trial only changes when another scorer judges it. */
const stampOf = ({ state, started_at, ended_at, scorer_version }: Stamped): number =>
  state === 'done' ? (ended_at ?? 0) * 1_000 + (scorer_version ?? 0) : -(started_at ?? 0)

/** By campaign: a number that changes whenever another scorer has judged its trials. */
export async function scorerSums(db: EvalDb): Promise<Map<number, number>> {
  const rows = await db
    .selectFrom('trials')
    .select(['campaign_id', (e) => e.fn.sum<number | null>('scorer_version').as('sum')])
    .groupBy('campaign_id')
    .execute()
  return new Map(rows.map(({ campaign_id, sum }) => [campaign_id, sum ?? 0]))
}

/** A trial as lists have it, read from an index alone. */
export interface ListedTrial {
  id: number
  state: TrialRow['state']
  startedAt: number | null
  endedAt: number | null
  outcomeKind: Outcome['kind'] | null
  /** For a trial that has figures. */
  figures: ListedFigures | null
  /** The stamp of `trialStamps`. */
  stamp: number
}

/** Times in ms since the injection. */
export interface ListedFigures {
  subject: string
  chaos: string
  damage: string
  arm: string
  target: string
  seed: number
  detectMs: number | null
  resolveMs: number | null
  recoverMs: number | null
  watchedMs: number
  /** null: no agent worked. */
  commands: number | null
  /** null: a price is unknown. */
  costUsd: number | null
  /** For an invalid trial: where and why it broke. */
  phase: string | null
  reason: string | null
}

/** The next trials of a campaign after one, up to another, oldest first. */
export async function listedTrials(
  db: EvalDb,
  campaignId: number,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<ListedTrial[]> {
  const rows = await db
    .selectFrom('trials')
    .select(['id', 'state', 'started_at', 'ended_at', 'scorer_version', 'outcome_kind', 'line'])
    .where('campaign_id', '=', campaignId)
    .where('id', '>', after)
    .where('id', '<=', upTo)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    state: row.state,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcomeKind: row.outcome_kind as Outcome['kind'] | null,
    figures: row.line === null ? null : figuresOf(JSON.parse(row.line)),
    stamp: stampOf(row),
  }))
}

type Text = string | null
type Figure = number | null
/** In the order of the column. Missing parts of a summary are null. */
type LineColumn = [
  ...[subject: Text, chaos: Text, damage: Text, arm: Text, target: Text, seed: Figure],
  ...[detectMs: Figure, resolveMs: Figure, recoverMs: Figure, watchedMs: Figure],
  ...[commands: Figure, costUsd: Figure, phase: Text, reason: Text],
]

function figuresOf(line: LineColumn): ListedFigures {
  const [subject, chaos, damage, arm, target, seed, detectMs, resolveMs, recoverMs, watchedMs, ...rest] = line
  const [commands, costUsd, phase, reason] = rest
  return {
    subject: subject ?? '',
    chaos: chaos ?? '',
    damage: damage ?? '',
    arm: arm ?? '',
    target: target ?? '',
    seed: seed ?? 0,
    detectMs,
    resolveMs,
    recoverMs,
    watchedMs: watchedMs ?? 0,
    commands,
    costUsd,
    phase,
    reason,
  }
}

/** The plan of trials. */
export async function trialSpecs<Spec>(db: EvalDb, ids: readonly number[]): Promise<Map<number, Spec>> {
  const rows = await db.selectFrom('trials').select(['id', 'spec']).where('id', 'in', ids).execute()
  return new Map(rows.map(({ id, spec }) => [id, JSON.parse(spec)]))
}

export interface RunningTrial<Spec> {
  id: number
  spec: Spec
  /** The process that runs it. */
  owner: string | null
  startedAt: number | null
  /** The phase that began last. */
  phase: { phase: string; startedAt: number; endedAt: number | null } | null
}

/** The running trials of a campaign, oldest first. */
export async function runningTrials<Spec>(db: EvalDb, campaignId: number): Promise<RunningTrial<Spec>[]> {
  const { rows } = await sql<RunningRow>`
    select t.id, t.spec, t.owner, t.started_at, p.phase, p.started_at as since, p.ended_at
    from trials t left join phases p on p.trial_id = t.id
      and p.started_at = (select max(started_at) from phases where trial_id = t.id)
    where t.state = 'running' and t.campaign_id = ${campaignId} group by t.id order by t.id`.execute(db)
  return rows.map(({ id, spec, owner, started_at, phase, since, ended_at }) => ({
    id,
    owner,
    spec: JSON.parse(spec),
    startedAt: started_at,
    phase: phase === null || since === null ? null : { phase, startedAt: since, endedAt: ended_at },
  }))
}

interface RunningRow {
  id: number
  spec: string
  owner: string | null
  started_at: number | null
  phase: string | null
  since: number | null
  ended_at: number | null
}

/** An entry with the beginning of its text. */
export interface EntryHead extends Entry {
  /** Whether `body` is all of it. */
  isWhole: boolean
}

interface Stretch {
  /** The entry before the first one. */
  after: number
  limit: number
  /** Length per text. */
  bytes: number
}

/** The next entries of a transcript, oldest first, without reading long texts whole. */
export async function trialEntryHeads(
  db: EvalDb,
  trialId: number,
  { after, limit, bytes }: Stretch,
): Promise<EntryHead[]> {
  const { rows } = await sql<HeadRow>`
    select seq, session_id, at, kind, meta, summary, ${headColumns(sql.ref('body'), bytes + 1)}
    from entries where trial_id = ${trialId} and seq > ${after} order by seq limit ${limit}`.execute(db)
  return Promise.all(rows.map((row) => entryHead(row, bytes)))
}

/** The same for a session of operator.db; null: all sessions. */
export async function sessionEntryHeads(
  db: Db,
  sessionId: string | null,
  { after, limit, bytes }: Stretch,
): Promise<EntryHead[]> {
  const which = sessionId === null ? sql`` : sql`and session_id = ${sessionId}`
  const { rows } = await sql<HeadRow>`
    select e.seq, session_id, at, kind, meta, s.text as summary, ${headColumns(sql.ref('body'), bytes + 1)}
    from entries e left join summaries s on s.seq = e.seq
    where e.seq > ${after} ${which} order by e.seq limit ${limit}`.execute(db)
  return Promise.all(rows.map((row) => entryHead(row, bytes)))
}

interface HeadRow extends Head {
  seq: number
  session_id: string
  at: number
  kind: EntryKind
  meta: string
  summary: string | null
}

async function entryHead(row: HeadRow, bytes: number): Promise<EntryHead> {
  // Reads one byte more than is shown, to know whether there is more.
  const head = await headOf(row, bytes + 1)
  const isWhole = Buffer.byteLength(head) <= bytes
  return {
    seq: row.seq,
    sessionId: row.session_id,
    at: row.at,
    kind: row.kind,
    body: isWhole ? head : head.slice(0, -1),
    isWhole,
    meta: JSON.parse(row.meta),
    summary: row.summary,
  }
}

/** All of an entry's text; null: there is no such entry. */
export async function trialEntryText(db: EvalDb, trialId: number, seq: number): Promise<string | null> {
  const row = await db
    .selectFrom('entries')
    .select('body')
    .where('trial_id', '=', trialId)
    .where('seq', '=', seq)
    .executeTakeFirst()
  return row ? unpackBody(row.body) : null
}

/** The same for operator.db. */
export async function sessionEntryText(db: Db, sessionId: string, seq: number): Promise<string | null> {
  const row = await db
    .selectFrom('entries')
    .select('body')
    .where('session_id', '=', sessionId)
    .where('seq', '=', seq)
    .executeTakeFirst()
  return row ? unpackBody(row.body) : null
}

/** The names of all clusters that ever had a ticket. */
export async function ticketClusters(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('tickets').select('cluster').distinct().orderBy('cluster').execute()
  return rows.map(({ cluster }) => cluster)
}
