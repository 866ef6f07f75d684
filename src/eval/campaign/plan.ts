import { rngFrom } from '../../core/rng.ts'
import { type Variant, workerBy } from '../../core/work/variant.ts'
import type { FaultSpec, TrialSpec } from '../record.ts'
import type { CampaignFile } from './file.ts'
import { variantsOf } from './file.ts'

/** All trials of a run, fixed before the first one starts. Plain JSON. */
export interface Plan {
  name: string
  seed: number
  /** Trials at a time. */
  parallel: number
  cooldownMs: number
  limits: { campaignMs: number | null; costUsd: number | null }
  /** In the order in which they are to run. */
  trials: TrialSpec[]
}

/** The settings that all trials of a plan share. `agent` and `model` are used where a variant names none. */
export type TrialBase = Omit<TrialSpec, 'subject' | 'faults' | 'seed' | 'variant' | 'baseline'>

/** Some trials of one kind: the first has the seed that was asked for, the others are drawn from it. */
export function planTrials(
  base: Omit<TrialSpec, 'seed'>,
  options: Pick<Plan, 'name' | 'seed' | 'parallel'> & { trials: number },
): Plan {
  const rng = rngFrom(options.seed)
  const seeds = Array.from({ length: options.trials }, (_, i) => (i === 0 ? options.seed : rng.int(2 ** 31)))
  return {
    name: options.name,
    seed: options.seed,
    parallel: options.parallel,
    cooldownMs: 0,
    limits: { campaignMs: null, costUsd: null },
    trials: seeds.map((seed) => ({ ...base, ...workerBy(base.variant, base), seed })),
  }
}

/**
 * The whole matrix of a campaign. Pure: the same file and seed give the same plan. A trial's seed depends on its place in
 * the matrix and not on its arm, so that every arm has the same faults on the same targets and can be paired.
 */
export function planCampaign(
  file: CampaignFile,
  options: { seed: number; base: TrialBase; variants: ReadonlyMap<string, Variant> },
): Plan {
  const rng = rngFrom(options.seed)
  const arms = armsOf(file, options.variants)
  const trials: TrialSpec[] = []
  for (const subject of file.subjects) {
    for (const chaos of file.chaos_types) {
      const faults = [chaos, ...chaos.with].map(faultSpecOf)
      for (let repeat = 0; repeat < file.trials_per_combination; repeat++) {
        const seed = rng.int(2 ** 31)
        for (const arm of arms)
          trials.push({
            ...options.base,
            ...arm,
            ...workerBy(arm.variant, options.base),
            subject,
            faults,
            seed,
          })
      }
    }
  }
  const { campaign_minutes: minutes, cost_usd: costUsd } = file.limits
  return {
    name: file.name,
    seed: options.seed,
    parallel: file.parallel,
    cooldownMs: file.cooldown_seconds * 1_000,
    limits: { campaignMs: minutes === undefined ? null : minutes * 60_000, costUsd: costUsd ?? null },
    // Changes of the machine during a campaign must not affect one arm only.
    trials: rng.shuffle(trials),
  }
}

type FileFault = CampaignFile['chaos_types'][number]['with'][number]

/** A fault as a campaign file names it. */
export const faultSpecOf = ({
  type,
  target,
  params,
  allow_quorum_loss: allowQuorumLoss,
}: FileFault): FaultSpec => ({
  chaosType: type,
  target,
  params,
  ...(allowQuorumLoss ? { allowQuorumLoss } : {}),
})

function armsOf(file: CampaignFile, known: ReadonlyMap<string, Variant>) {
  const agents = variantsOf(file).map((name) => ({
    variant: known.get(name) ?? { name },
    baseline: false,
  }))
  const none = { variant: { name: 'baseline' }, baseline: true }
  return file.include_baseline ? [...agents, none] : agents
}

/**
 * Estimated duration of a plan in ms, from measurements on two cores with the runbook; a model takes longer. Without an agent,
 * real damage stays until the time limit.
 */
export function estimateMs(
  { trials, parallel, cooldownMs }: Plan,
  harmless: (type: string) => boolean,
): number {
  const perTrial = trials.map(({ baseline, faults, settleMs, timeoutMs }) => {
    const stays = baseline && !faults.every(({ chaosType }) => harmless(chaosType))
    return 7_000 + (stays ? timeoutMs : settleMs) + cooldownMs
  })
  return perTrial.reduce((sum, ms) => sum + ms, 0) / parallel
}

/**
 * How many trials at a time a machine carries: five on two cores, as a trial takes 2.9 s of a processor in 6.6 s (docs/bench.md),
 * and 1 GiB each for three nodes with their disks and the operator's processes.
 */
export const lanesOf = (machine: { cores: number; freeBytes: number }): number =>
  Math.max(1, Math.min(Math.floor(machine.cores * 2.5), Math.floor(machine.freeBytes / 2 ** 30)))
