import { setImmediate as others } from 'node:timers/promises'
import type { TrialSpec } from '../../eval/record.ts'
import { damageWords } from '../../eval/report/summary.ts'
import type { EvalDb } from '../../store/eval/trials.ts'
import {
  type CampaignHead,
  campaignHeads,
  dataVersion,
  type ListedFigures,
  type ListedTrial,
  listedTrials,
  scorerSums,
  trialSpecs,
  trialStamps,
} from '../../store/reading.ts'
import type { Standing } from '../parts/outcome.ts'

/** A trial as lists show it. */
export interface Line extends Omit<ListedFigures, 'phase'> {
  id: number
  standing: Standing
  totalMs: number | null
  /** Changes whenever another value of the line does. */
  stamp: number
}

export interface Campaign {
  campaign: CampaignHead
  /** Oldest first. */
  lines: readonly Line[]
}

/**
 * Every trial in one line, kept in memory: pages filter, sort and count, and ask the database only for changes.
 */
export interface Board {
  /** The newest first. */
  campaigns(): Promise<CampaignHead[]>
  /** Oldest first. */
  lines(campaignId: number): Promise<readonly Line[]>
  /** The newest first. */
  all(): Promise<Campaign[]>
}

interface Kept {
  version: number
  lines: readonly Line[]
  /** None of its trials runs or waits. */
  isOver: boolean
  /** When all campaigns were last asked for. */
  scorerSum?: number
}

/** About 80 MB. The campaigns that were unused for longest are dropped and read again when needed. */
const maxLines = 300_000
const readAtATime = 200

export function openBoard(db: EvalDb): Board {
  const kept = new Map<number, Kept>()
  /** Simultaneous requests share one read. */
  const reading = new Map<number, { version: number; lines: Promise<readonly Line[]> }>()
  const words = new Map<string, string>()
  // A hundred thousand lines share the same few names.
  const once = (text: string): string => {
    const known = words.get(text)
    if (known !== undefined) return known
    if (words.size < 10_000) words.set(text, text)
    return text
  }
  // The map is in the order of last use.
  const forgetOldest = () => {
    let total = 0
    for (const [id, { lines }] of [...kept].reverse()) {
      total += lines.length
      if (total > maxLines) kept.delete(id)
    }
  }

  /** Reads in steps, so that other requests are answered between them. */
  async function* fresh(campaignId: number, [from, upTo]: readonly [number, number]) {
    for (let after = from - 1; after < upTo; ) {
      const trials = await listedTrials(db, campaignId, { after, upTo, limit: readAtATime })
      const bare = trials.filter(({ figures }) => figures === null).map(({ id }) => id)
      const specs = bare.length === 0 ? new Map() : await trialSpecs<TrialSpec>(db, bare)
      yield trials.map((trial) => lineOf(trial, specs.get(trial.id), once))
      after = trials.length < readAtATime ? upTo : (trials.at(-1)?.id ?? upTo)
      await others()
    }
  }
  const changed = async (campaignId: number, before: readonly Line[]): Promise<readonly Line[]> => {
    const stamps = await trialStamps(db, campaignId)
    const byId = new Map(before.map((line) => [line.id, line]))
    const ids = [...stamps].filter(([id, stamp]) => byId.get(id)?.stamp !== stamp).map(([id]) => id)
    const [first, last] = [ids[0], ids.at(-1)]
    if (first === undefined || last === undefined) return before
    for await (const lines of fresh(campaignId, [first, last]))
      for (const line of lines) byId.set(line.id, line)
    return [...byId.values()].sort((a, b) => a.id - b.id)
  }
  const read = async (campaignId: number, version: number): Promise<readonly Line[]> => {
    const before = kept.get(campaignId)?.lines
    const whole = [0, Number.MAX_SAFE_INTEGER] as const
    const lines = before
      ? await changed(campaignId, before)
      : (await Array.fromAsync(fresh(campaignId, whole))).flat()
    const isOver = lines.every(({ standing }) => standing !== 'running' && standing !== 'planned')
    kept.delete(campaignId)
    kept.set(campaignId, { version, lines, isOver })
    forgetOldest()
    return lines
  }
  const lines = async (campaignId: number): Promise<readonly Line[]> => {
    // Asked first, so that rows written during this read are read again.
    const version = await dataVersion(db)
    const before = kept.get(campaignId)
    if (before?.version === version) return before.lines
    const now = reading.get(campaignId)
    if (now?.version === version) return now.lines
    const next = { version, lines: read(campaignId, version) }
    reading.set(campaignId, next)
    try {
      return await next.lines
    } finally {
      if (reading.get(campaignId) === next) reading.delete(campaignId)
    }
  }
  let judged = { version: -1, sums: new Map<number, number>() }
  const scorerSumsNow = async (): Promise<Map<number, number>> => {
    const version = await dataVersion(db)
    if (judged.version !== version) judged = { version, sums: await scorerSums(db) }
    return judged.sums
  }
  const all = async (): Promise<Campaign[]> => {
    const campaigns: Campaign[] = []
    const sums = await scorerSumsNow()
    for (const campaign of await campaignHeads(db)) {
      const before = kept.get(campaign.id)
      const sum = sums.get(campaign.id) ?? 0
      const isOver = before?.isOver && before.scorerSum === sum && campaign.endedAt !== null
      campaigns.push({ campaign, lines: isOver ? before.lines : await lines(campaign.id) })
      const now = kept.get(campaign.id)
      if (now) now.scorerSum = sum
    }
    return campaigns
  }
  return { campaigns: () => campaignHeads(db), lines, all }
}

/** `spec`: for a trial without figures. */
function lineOf(
  { id, figures, outcomeKind, startedAt, endedAt, state, stamp }: ListedTrial,
  spec: TrialSpec | undefined,
  once: (text: string) => string,
): Line {
  const { subject, chaos, damage, arm, target, seed } = figures ?? (spec ? plannedOf(spec) : unknown)
  return {
    id,
    standing: outcomeKind ?? (state === 'done' ? 'invalid' : state),
    reason: figures && outcomeKind === 'invalid' ? once(`${figures.phase}: ${figures.reason}`) : null,
    subject: once(subject),
    chaos: once(chaos),
    damage: once(damage),
    arm: once(arm),
    target: once(target),
    seed,
    totalMs: startedAt === null || endedAt === null ? null : endedAt - startedAt,
    detectMs: figures?.detectMs ?? null,
    resolveMs: figures?.resolveMs ?? null,
    recoverMs: figures?.recoverMs ?? null,
    watchedMs: figures?.watchedMs ?? 0,
    commands: figures?.commands ?? null,
    costUsd: figures ? figures.costUsd : 0,
    stamp,
  }
}

const unknown = { subject: '', chaos: '', damage: '', arm: '', target: '', seed: 0 }

/** The known facts of a trial before it has ended. */
const plannedOf = (spec: TrialSpec) => ({
  subject: spec.subject,
  chaos: spec.faults.map(({ chaosType }) => chaosType).join('+'),
  damage: damageWords(spec),
  arm: spec.baseline ? 'baseline' : spec.variant.name,
  target: spec.faults.map(({ target }) => target).join('+'),
  seed: spec.seed,
})
