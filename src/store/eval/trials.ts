import type { Kysely, Selectable } from 'kysely'
import type { Outcome, Phase } from '../../core/work/outcome.ts'
import type { Entry } from '../audit/audit.ts'
import { packBody, unpackBody } from '../audit/body.ts'
import { indexEntry } from '../search.ts'
import { mustExist, openDatabase } from '../sqlite.ts'
import { openExisting, openToRead, type ToRead } from '../to-read.ts'
import { type CampaignRow, type EvalSchema, evalMigrations, type TrialRow } from './schema.ts'

export type EvalDb = Kysely<EvalSchema>

/** The evaluation's database, apart from every operator.db. `await using` closes it. */
export const openEvalDb = (path: string): EvalDb => openDatabase(path, evalMigrations)

/** For commands that need an existing database. Throws BadInput when there is none. */
export function existingEvalDb(path: string): EvalDb {
  mustExist(path, '`operator eval run`')
  return openExisting(path, evalMigrations)
}

/** Read-only. Throws BadInput when there is no database. */
export function readEvalDb(path: string): ToRead<EvalSchema> {
  mustExist(path, '`operator eval run`')
  return openToRead(path, evalMigrations)
}

export interface Campaign {
  id: number
  name: string
  spec: unknown
  seed: number
  startedAt: number
  endedAt: number | null
}

/** A stored trial. `spec` and `record` belong to the evaluation; the store only keeps them. */
export interface StoredTrial<Spec = unknown, Record_ = unknown> {
  id: number
  campaignId: number
  spec: Spec
  state: TrialRow['state']
  owner: string | null
  clusterId: string | null
  startedAt: number | null
  endedAt: number | null
  record: Record_ | null
  outcome: Outcome | null
  interrupted: boolean
  /** Version of the program that decided the outcome. */
  scorerVersion: number | null
  /** The trial's figures, as the evaluation derives them. */
  summary: unknown
}

export async function addCampaign(db: EvalDb, campaign: Omit<Campaign, 'id' | 'endedAt'>): Promise<number> {
  const row = await db
    .insertInto('campaigns')
    .values({
      name: campaign.name,
      spec: JSON.stringify(campaign.spec),
      seed: campaign.seed,
      started_at: campaign.startedAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** Waits until the last running trial of the campaign has ended, in any process. */
export async function endCampaign(db: EvalDb, id: number, now: number): Promise<void> {
  await db
    .updateTable('campaigns')
    .set({ ended_at: now })
    .where('id', '=', id)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('trials').select('id').where('campaign_id', '=', id).where('state', '=', 'running'),
        ),
      ),
    )
    .execute()
}

/** The newest, first; `before`: only those older than this one. */
export async function listCampaigns(
  db: EvalDb,
  { limit, before }: { limit: number; before?: number },
): Promise<Campaign[]> {
  let query = db.selectFrom('campaigns').selectAll().orderBy('id', 'desc').limit(limit)
  if (before !== undefined) query = query.where('id', '<', before)
  return (await query.execute()).map(campaignOf)
}

export async function campaign(db: EvalDb, id: number): Promise<Campaign | null> {
  const row = await db.selectFrom('campaigns').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? campaignOf(row) : null
}

const campaignOf = (row: Selectable<CampaignRow>): Campaign => ({
  id: row.id,
  name: row.name,
  spec: JSON.parse(row.spec),
  seed: row.seed,
  startedAt: row.started_at,
  endedAt: row.ended_at,
})

type PlannedTrial = { slot: number; spec: unknown }

/** Stores a campaign with all its trials, or nothing, so that a crash leaves no empty campaign. */
export const addPlan = (
  db: EvalDb,
  campaign: Omit<Campaign, 'id' | 'endedAt'>,
  trials: readonly PlannedTrial[],
): Promise<number> =>
  db.transaction().execute(async (tx) => {
    const id = await addCampaign(tx, campaign)
    await insertTrials(tx, id, trials)
    return id
  })

/** Plans trials, in the order of their slots: all or none. */
export const addTrials = (db: EvalDb, campaignId: number, trials: readonly PlannedTrial[]): Promise<void> =>
  db.transaction().execute((tx) => insertTrials(tx, campaignId, trials))

async function insertTrials(tx: EvalDb, campaignId: number, trials: readonly PlannedTrial[]): Promise<void> {
  for (const { slot, spec } of trials)
    await tx
      .insertInto('trials')
      .values({ campaign_id: campaignId, slot, spec: JSON.stringify(spec), state: 'planned', interrupted: 0 })
      .execute()
}

/** Plans interrupted slots again: every slot without a trial that has ended by itself, is running, or is waiting. */
export async function replanInterrupted(db: EvalDb, campaignId: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const rows = await tx
      .selectFrom('trials')
      .select(['slot', 'spec', 'interrupted'])
      .where('campaign_id', '=', campaignId)
      .orderBy('id')
      .execute()
    const settled = new Set(rows.filter((row) => row.interrupted === 0).map((row) => row.slot))
    const open = new Map(rows.filter((row) => !settled.has(row.slot)).map((row) => [row.slot, row.spec]))
    for (const [slot, spec] of open)
      await tx
        .insertInto('trials')
        .values({ campaign_id: campaignId, slot, spec, state: 'planned', interrupted: 0 })
        .execute()
    await tx.updateTable('campaigns').set({ ended_at: null }).where('id', '=', campaignId).execute()
  })
}

/** False: another process has taken it. */
export async function startTrial(db: EvalDb, id: number, owner: string, now: number): Promise<boolean> {
  const row = await db
    .updateTable('trials')
    .set({ state: 'running', owner, started_at: now })
    .where('id', '=', id)
    .where('state', '=', 'planned')
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Takes a running trial over from a dead owner. False: another process has it now. */
export async function takeTrial(db: EvalDb, id: number, { from, to }: { from: string | null; to: string }) {
  const row = await db
    .updateTable('trials')
    .set({ owner: to })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where('owner', 'is', from)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

export async function setTrialCluster(db: EvalDb, id: number, clusterId: string): Promise<void> {
  await db.updateTable('trials').set({ cluster_id: clusterId }).where('id', '=', id).execute()
}

/** Stores record, outcome and summary in one statement. Without a summary, a later reader derives it from the record. */
export async function endTrial(
  db: EvalDb,
  id: number,
  end: {
    record: unknown
    outcome: Outcome
    scorerVersion: number
    interrupted: boolean
    summary: unknown
  },
  now: number,
): Promise<void> {
  await db
    .updateTable('trials')
    .set({
      state: 'done',
      ended_at: now,
      record: packBody(JSON.stringify(end.record)),
      outcome: JSON.stringify(end.outcome),
      summary: end.summary === null ? null : JSON.stringify(end.summary),
      scorer_version: end.scorerVersion,
      interrupted: Number(end.interrupted),
    })
    .where('id', '=', id)
    .where('state', '<>', 'done')
    .execute()
}

export interface TrialFilter {
  campaignId?: number
  state?: TrialRow['state']
  limit?: number
}

/** Oldest first. */
export async function listTrials<Spec, Record_>(db: EvalDb, filter: TrialFilter = {}) {
  let query = db.selectFrom('trials').selectAll().orderBy('id', 'desc')
  if (filter.campaignId !== undefined) query = query.where('campaign_id', '=', filter.campaignId)
  if (filter.state) query = query.where('state', '=', filter.state)
  if (filter.limit !== undefined) query = query.limit(filter.limit)
  return (await query.execute()).map((row) => trialOf<Spec, Record_>(row)).reverse()
}

/** Every trial of a campaign, or of all campaigns, oldest first; only a few are in memory at a time. */
export async function* eachTrial<Spec, Record_>(
  db: EvalDb,
  campaignId: number | null,
): AsyncGenerator<StoredTrial<Spec, Record_>> {
  const atATime = 50
  for (let after = 0; ; ) {
    let query = db.selectFrom('trials').selectAll().where('id', '>', after).orderBy('id').limit(atATime)
    if (campaignId !== null) query = query.where('campaign_id', '=', campaignId)
    const rows = await query.execute()
    for (const row of rows) yield trialOf(row)
    const last = rows.at(-1)
    if (!last || rows.length < atATime) return
    after = last.id
  }
}

export async function trial<Spec, Record_>(
  db: EvalDb,
  id: number,
): Promise<StoredTrial<Spec, Record_> | null> {
  const row = await db.selectFrom('trials').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? trialOf(row) : null
}

const trialOf = <Spec, Record_>(row: Selectable<TrialRow>): StoredTrial<Spec, Record_> => ({
  id: row.id,
  campaignId: row.campaign_id,
  spec: JSON.parse(row.spec),
  state: row.state,
  owner: row.owner,
  clusterId: row.cluster_id,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  record: row.record === null ? null : (recordOf(row.id, row.record) as Record_),
  outcome: row.outcome === null ? null : JSON.parse(row.outcome),
  interrupted: row.interrupted === 1,
  scorerVersion: row.scorer_version,
  summary: JSON.parse(row.summary ?? 'null'),
})

function recordOf(id: number, packed: string | Uint8Array): unknown {
  try {
    return JSON.parse(unpackBody(packed))
  } catch (error) {
    throw new Error(`the record of t${id} cannot be read: the database is damaged`, { cause: error })
  }
}

export async function startPhase(db: EvalDb, trialId: number, phase: Phase, now: number): Promise<void> {
  await db.insertInto('phases').values({ trial_id: trialId, phase, started_at: now }).execute()
}

export async function endPhase(db: EvalDb, trialId: number, phase: Phase, now: number): Promise<void> {
  await db
    .updateTable('phases')
    .set({ ended_at: now })
    .where('trial_id', '=', trialId)
    .where('phase', '=', phase)
    .execute()
}

export async function trialPhases(db: EvalDb, trialId: number) {
  const rows = await db
    .selectFrom('phases')
    .selectAll()
    .where('trial_id', '=', trialId)
    .orderBy('started_at')
    .execute()
  return rows.map((row) => ({ phase: row.phase as Phase, startedAt: row.started_at, endedAt: row.ended_at }))
}

/** Stores the revert record, before anything is broken. */
export async function armFault(
  db: EvalDb,
  fault: { trialId: number; lab: string; clusterId: string; fault: unknown },
  now: number,
): Promise<number> {
  const row = await db
    .insertInto('faults')
    .values({
      trial_id: fault.trialId,
      lab: fault.lab,
      cluster_id: fault.clusterId,
      fault: JSON.stringify(fault.fault),
      state: 'armed',
      armed_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export async function setFaultState(db: EvalDb, id: number, state: 'injected' | 'reverted'): Promise<void> {
  await db.updateTable('faults').set({ state }).where('id', '=', id).execute()
}

/** All faults planned for a trial, in their order, whether or not they were injected. */
export async function trialFaults<Fault>(db: EvalDb, trialId: number): Promise<Fault[]> {
  const rows = await db
    .selectFrom('faults')
    .select('fault')
    .where('trial_id', '=', trialId)
    .orderBy('id')
    .execute()
  return rows.map((row) => JSON.parse(row.fault))
}

/** Faults that may still have to be reverted. */
export async function openFaults<Fault>(db: EvalDb, trialId: number) {
  const rows = await db
    .selectFrom('faults')
    .selectAll()
    .where('trial_id', '=', trialId)
    .where('state', '<>', 'reverted')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    lab: row.lab,
    clusterId: row.cluster_id,
    fault: JSON.parse(row.fault) as Fault,
  }))
}

/** Stores all entries of a trial's operator with the trial, or none. Idempotent. */
export async function keepTranscript(db: EvalDb, trialId: number, entries: readonly Entry[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const entry of entries) {
      const row = {
        trial_id: trialId,
        seq: entry.seq,
        session_id: entry.sessionId,
        at: entry.at,
        kind: entry.kind,
        body: packBody(entry.body),
        meta: JSON.stringify(entry.meta),
        summary: entry.summary,
      }
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('entries')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows) await indexEntry(tx, trialId, entry)
    }
  })
}

export async function transcript(db: EvalDb, trialId: number): Promise<Entry[]> {
  const rows = await db
    .selectFrom('entries')
    .selectAll()
    .where('trial_id', '=', trialId)
    .orderBy('seq')
    .execute()
  return rows.map((row) => ({
    seq: row.seq,
    sessionId: row.session_id,
    at: row.at,
    kind: row.kind as Entry['kind'],
    body: unpackBody(row.body),
    meta: JSON.parse(row.meta),
    summary: row.summary,
  }))
}
