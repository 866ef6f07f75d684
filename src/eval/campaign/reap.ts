import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChaosType, Fault } from '../../chaos/chaos-type.ts'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Lab } from '../../lab/contract.ts'
import * as store from '../../store/eval/trials.ts'
import { emptyRecord, type TrialRecord, type TrialSpec } from '../record.ts'
import { keepTrial } from '../report/summaries.ts'
import { keepOperatorHistory } from '../report/transcript.ts'
import { seenIn } from '../trial/seen.ts'
import { isAlive } from './owner.ts'

export interface ReapOptions {
  db: store.EvalDb
  labs: Record<string, Lab>
  chaosTypes: Record<string, ChaosType>
  /** Where trials keep their own files, each in a folder of its own. */
  root: string
  /** The process that reaps. */
  owner: string
  clock: Clock
}

type Trial = store.StoredTrial<TrialSpec, TrialRecord>

/** How long a cluster may take to go with its owner. */
const goneMs = 5_000
const pollMs = 50

export const folderOf = (root: string, trialId: number): string => join(root, `t${trialId}`)

/**
 * Ends what dead runs left: reverts their faults where the cluster survived, keeps what was recorded, and stores each
 * trial as `invalid` in the phase in which it died. Returns the ids of the trials it ended. Any number of processes may
 * do this at once; trials of living ones are left alone.
 */
export async function reap(options: ReapOptions): Promise<number[]> {
  const { db, owner } = options
  const ended: number[] = []
  for (const trial of await store.listTrials<TrialSpec, TrialRecord>(db, { state: 'running' })) {
    if (trial.owner !== null && isAlive(trial.owner)) continue
    if (!(await store.takeTrial(db, trial.id, { from: trial.owner, to: owner }))) continue
    await bury(options, trial, await undoFaults(options, trial.id))
    ended.push(trial.id)
  }
  await removeLeftFolders(options)
  return ended
}

/** Returns what could not be undone. */
async function undoFaults(options: ReapOptions, trialId: number): Promise<string[]> {
  const { db, labs, chaosTypes } = options
  const problems: string[] = []
  for (const { id, lab, clusterId, fault } of await store.openFaults<Fault>(db, trialId)) {
    const type = chaosTypes[fault.chaosType]
    const problem =
      labs[lab] && type
        ? await undoFault(labs[lab], type, clusterId, fault, options.clock)
        : `nobody knows how to revert ${fault.chaosType} in ${lab}`
    if (problem === null) await store.setFaultState(db, id, 'reverted')
    else problems.push(problem)
  }
  return problems
}

async function undoFault(lab: Lab, type: ChaosType, clusterId: string, fault: Fault, clock: Clock) {
  const survives = async () => (await lab.list()).some((cluster) => cluster.id === clusterId)
  if (!(await survives())) return null
  try {
    await type.revert(await lab.attach(clusterId), fault)
    return null
  } catch (error) {
    // It may just be on its way out, with its owner.
    const deadline = clock.now() + goneMs
    while (clock.now() < deadline) {
      if (!(await survives())) return null
      await clock.sleep(pollMs)
    }
    return messageOf(error)
  }
}

async function bury(options: ReapOptions, trial: Trial, problems: string[]): Promise<void> {
  const { db, clock } = options
  const folder = folderOf(options.root, trial.id)
  const record = emptyRecord(trial.spec)
  const phases = await store.trialPhases(db, trial.id)
  for (const { phase, startedAt, endedAt } of phases) record.phases[phase] = { startedAt, endedAt }
  const open = phases.findLast((phase) => phase.endedAt === null) ?? phases.at(-1)
  record.faults = await store.trialFaults<Fault>(db, trial.id)
  record.injectedAt = record.phases.inject?.startedAt ?? null
  Object.assign(record, await seenIn(folder))
  record.revertFailed = problems.length > 0 ? problems.join('; ') : null
  const lost = await keepOperatorHistory(db, trial.id, record, folder).then(
    () => '',
    (error) => `; what its operator did is lost: ${messageOf(error)}`,
  )
  record.invalid = { phase: open?.phase ?? 'up', reason: `the process that ran it died${lost}` }
  await keepTrial(db, trial.id, { record, interrupted: true }, clock.now())
  await rm(folder, { recursive: true, force: true })
}

/** Removes folders of runs that died after storing a trial and before removing its files. */
async function removeLeftFolders({ db, root }: ReapOptions): Promise<void> {
  for (const name of readdirSync(root)) {
    const id = Number(/^t(\d+)$/.exec(name)?.[1] ?? Number.NaN)
    const trial = Number.isNaN(id) ? null : await store.trial(db, id)
    if (trial?.state === 'done') await rm(folderOf(root, id), { recursive: true, force: true })
  }
}
