import { isAlive } from '../../eval/campaign/owner.ts'
import type { TrialSpec } from '../../eval/record.ts'
import { damageWords } from '../../eval/report/summary.ts'
import { laneIn } from '../../eval/trial/seen.ts'
import type { EvalDb } from '../../store/eval/trials.ts'
import { type RunningTrial, runningTrials } from '../../store/reading.ts'
import { folderOfTrial } from './trials.ts'

/** A trial that runs now. */
export interface Running {
  id: number
  /** null: it was not noted, or the trial runs on another machine. */
  lane: number | null
  damage: string
  arm: string
  seed: number
  startedAt: number | null
  phase: RunningTrial<TrialSpec>['phase']
  /** No process of this machine runs it: its process died, or it belongs to another machine. */
  isLost: boolean
}

/** The running trials of a campaign, by lane. */
export async function runningIn(db: EvalDb, evalDbPath: string, campaignId: number): Promise<Running[]> {
  const trials = await runningTrials<TrialSpec>(db, campaignId)
  const running = trials.map(async ({ id, spec, owner, startedAt, phase }) => ({
    id,
    startedAt,
    phase,
    damage: damageWords(spec),
    seed: spec.seed,
    arm: spec.baseline ? 'baseline' : spec.variant.name,
    lane: await laneIn(folderOfTrial(evalDbPath, id)),
    isLost: owner === null || !isAlive(owner),
  }))
  return (await Promise.all(running)).toSorted((a, b) => (a.lane ?? 0) - (b.lane ?? 0) || a.id - b.id)
}
