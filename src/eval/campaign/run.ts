import type { ChaosType } from '../../chaos/chaos-type.ts'
import type { Clock } from '../../core/clock.ts'
import { BadInput } from '../../core/errors.ts'
import type { Subject } from '../../core/watch/subject.ts'
import type { Lab } from '../../lab/contract.ts'
import * as store from '../../store/eval/trials.ts'
import { trialsFolder } from '../../store/home.ts'
import { makePrivateFolder } from '../../store/private.ts'
import type { TrialRecord, TrialSpec } from '../record.ts'
import type { TrialEvent } from '../trial/options.ts'
import { runTrial } from '../trial/trial.ts'
import { ownerOf } from './owner.ts'
import type { Plan } from './plan.ts'
import { folderOf, reap } from './reap.ts'

export interface RunOptions {
  dbPath: string
  subjects: Record<string, Subject>
  labs: Record<string, Lab>
  chaosTypes: Record<string, ChaosType>
  clock: Clock
  signal: AbortSignal
  report(trialId: number, event: TrialEvent): void
  /** After each trial, and once before the first. */
  onProgress?(progress: Progress): void
}

export interface Progress {
  campaignId: number
  done: number
  total: number
  /** Outcomes so far, by kind. */
  outcomes: Record<string, number>
  /** ms; null before the first trial has ended. */
  leftMs: number | null
  /** Why nothing more is started although trials are left. */
  stopped: string | null
}

/** A plan as a campaign keeps it: its trials are rows of their own. */
type StoredPlan = Omit<Plan, 'trials'>

/** Stores the whole plan, then runs it. Returns the campaign's id; every trial that ended is in eval.db. */
export async function run({ trials, ...plan }: Plan, options: RunOptions): Promise<number> {
  await using db = store.openEvalDb(options.dbPath)
  await prepare(db, options)
  const campaignId = await store.addPlan(
    db,
    { name: plan.name, seed: plan.seed, spec: plan, startedAt: options.clock.now() },
    trials.map((spec, slot) => ({ slot, spec })),
  )
  await runLanes(db, campaignId, plan, options)
  return campaignId
}

/** Goes on where a campaign stopped, by whatever it was stopped: what was cut off is run again, what ended is not. */
export async function resume(campaignId: number, options: RunOptions): Promise<void> {
  await using db = store.openEvalDb(options.dbPath)
  const campaign = await store.campaign(db, campaignId)
  if (!campaign) throw new BadInput(`no campaign 'c${campaignId}'; operator eval list shows those there are`)
  await prepare(db, options)
  await requireIdle(db, campaignId)
  await store.replanInterrupted(db, campaignId)
  await runLanes(db, campaignId, campaign.spec as StoredPlan, options)
}

/** Trials of dead processes have been ended before this, so a trial that still runs belongs to a living process. */
async function requireIdle(db: store.EvalDb, campaignId: number): Promise<void> {
  const [busy] = await store.listTrials(db, { campaignId, state: 'running', limit: 1 })
  if (busy)
    throw new BadInput(`c${campaignId} is running already (t${busy.id}): wait for its end, or stop it first`)
}

async function prepare(db: store.EvalDb, options: RunOptions): Promise<void> {
  const { labs, chaosTypes, clock } = options
  const root = rootOf(options)
  makePrivateFolder(root)
  await reap({ db, labs, chaosTypes, root, owner: thisProcess(), clock })
}

const rootOf = ({ dbPath }: RunOptions): string => trialsFolder(dbPath)
const thisProcess = (): string => ownerOf(process.pid) ?? ''

/** Each lane takes the next trial that nobody has taken, until there is none or a limit is reached. */
async function runLanes(db: store.EvalDb, campaignId: number, plan: StoredPlan, options: RunOptions) {
  const { clock, signal } = options
  const startedAt = clock.now()
  const queue = await store.listTrials<TrialSpec, TrialRecord>(db, { campaignId, state: 'planned' })
  const total = queue.length
  const outcomes: Record<string, number> = {}
  let done = 0
  let spentUsd = 0
  for await (const { record } of store.eachTrial<TrialSpec, TrialRecord>(db, campaignId))
    spentUsd += costOf(record)
  let failure: unknown = null

  const stopped = (): string | null => {
    if (failure !== null) return 'the machine lacks something'
    const { campaignMs, costUsd } = plan.limits
    if (campaignMs !== null && clock.now() - startedAt >= campaignMs) return 'its time is over'
    if (costUsd !== null && spentUsd >= costUsd) return `its limit of ${costUsd} USD is reached`
    return null
  }
  const tell = () => {
    const leftMs = done === 0 ? null : ((clock.now() - startedAt) / done) * (total - done)
    options.onProgress?.({ campaignId, done, total, outcomes, leftMs, stopped: stopped() })
  }
  const runLane = async (lane: number) => {
    for (;;) {
      signal.throwIfAborted()
      const next = stopped() === null ? queue.shift() : undefined
      if (!next) return
      if (!(await store.startTrial(db, next.id, thisProcess(), clock.now()))) continue
      const { record, outcome } = await runOne(db, next, lane, options)
      done += 1
      outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1
      spentUsd += costOf(record)
      tell()
      if (plan.cooldownMs > 0 && queue.length > 0) await clock.sleep(plan.cooldownMs, signal)
    }
  }
  tell()
  const lanes = Array.from({ length: plan.parallel }, (_, i) =>
    runLane(i + 1).catch((error) => {
      failure ??= error
    }),
  )
  await Promise.all(lanes)
  await store.endCampaign(db, campaignId, clock.now())
  if (failure !== null) throw failure
}

function runOne(
  db: store.EvalDb,
  trial: store.StoredTrial<TrialSpec, TrialRecord>,
  lane: number,
  options: RunOptions,
) {
  const { id, spec } = trial
  const subject = options.subjects[spec.subject]
  const lab = options.labs[spec.lab]
  if (!subject || !lab) throw new BadInput(`unknown subject '${spec.subject}' or lab '${spec.lab}'`)
  return runTrial({
    id,
    spec,
    subject,
    lab,
    db,
    lane,
    chaosTypes: options.chaosTypes,
    folder: folderOf(rootOf(options), id),
    clock: options.clock,
    signal: options.signal,
    report: (event) => options.report(id, event),
  })
}

const costOf = (record: TrialRecord | null): number =>
  record?.sessions.reduce((sum, session) => sum + (session.costUsd ?? 0), 0) ?? 0
