import { countsForRecovery, isRecovered, type Outcome } from '../../core/work/outcome.ts'
import { type Interval, wilson } from '../../eval/stats/rates.ts'
import { kaplanMeier, type Lifetime, survivalQuantile } from '../../eval/stats/survival.ts'
import type { Counts, Standing } from '../parts/outcome.ts'
import type { Line } from './board.ts'

export function countsOf(lines: readonly Line[]): Counts {
  const counts: Counts = {}
  for (const { standing } of lines) counts[standing] = (counts[standing] ?? 0) + 1
  return counts
}

export interface Rate {
  recovered: number
  /** Valid trials in which something was wrong. */
  of: number
  /** null: there are none. */
  rate: number | null
  interval: Interval | null
}

/** Counts only valid trials in which something was wrong: the others say nothing about recovery. */
const isCounted = ({ standing }: Line): boolean =>
  standing !== 'planned' && standing !== 'running' && countsForRecovery({ kind: standing } as Outcome)

export const isWell = ({ standing }: Line): boolean => isRecovered({ kind: standing } as Outcome)

export function recoveryRate(lines: readonly Line[]): Rate {
  let [recovered, of] = [0, 0]
  for (const line of lines) {
    if (!isCounted(line)) continue
    of += 1
    if (isWell(line)) recovered += 1
  }
  return { recovered, of, rate: of === 0 ? null : recovered / of, interval: wilson(recovered, of) }
}

export const timeNames = ['detect', 'resolve', 'recover'] as const
export type TimeName = (typeof timeNames)[number]

/** Trials that count, each with its time to the event, or its time of waiting. */
export function lifetimes(lines: readonly Line[], name: TimeName): Lifetime[] {
  return lines.flatMap((line) => {
    if (!isCounted(line)) return []
    const ms = line[`${name}Ms`]
    return [ms === null ? { ms: line.watchedMs, happened: false } : { ms, happened: true }]
  })
}

/** The median time, as in `eval analyze`; null: it did not happen in half of the trials. */
export const medianMs = (lines: readonly Line[], name: TimeName): number | null =>
  survivalQuantile(kaplanMeier(lifetimes(lines, name)), 0.5)

/** null: a price is unknown. */
export function costUsd(lines: readonly Line[]): number | null {
  let sum = 0
  for (const line of lines) {
    if (line.costUsd === null) return null
    sum += line.costUsd
  }
  return sum
}

/** Different values in the order in which they first appear, with the lines of each. */
export function groups<K>(lines: readonly Line[], by: (line: Line) => K): Map<K, Line[]> {
  return Map.groupBy(lines, by)
}

/** A campaign in the figures of the list. */
export interface Digest {
  counts: Counts
  rate: Rate
  detectMs: number | null
  resolveMs: number | null
  recoverMs: number | null
  costUsd: number | null
  /** Outcomes of the newest trials, oldest first. */
  newest: Standing[]
  subject: ReadonlySet<string>
  chaos: ReadonlySet<string>
  arm: ReadonlySet<string>
}

const newestShown = 40

/** Rate and times cover the trials with an agent only. */
export const digestOf = remembered((lines: readonly Line[]): Digest => {
  const agent = lines.filter(({ arm }) => arm !== 'baseline')
  const ended = lines.filter(({ standing }) => standing !== 'planned' && standing !== 'running')
  return {
    counts: countsOf(lines),
    rate: recoveryRate(agent),
    detectMs: medianMs(agent, 'detect'),
    resolveMs: medianMs(agent, 'resolve'),
    recoverMs: medianMs(agent, 'recover'),
    costUsd: costUsd(lines),
    newest: ended.slice(-newestShown).map(({ standing }) => standing),
    subject: new Set(lines.map(({ subject }) => subject)),
    chaos: new Set(lines.map(({ chaos }) => chaos)),
    arm: new Set(lines.map(({ arm }) => arm)),
  }
})

/** Derived once per set of lines: the board returns a new set whenever something has changed. */
export function remembered<T>(derive: (lines: readonly Line[]) => T): (lines: readonly Line[]) => T {
  const known = new WeakMap<readonly Line[], T>()
  return (lines) => {
    const before = known.get(lines)
    if (before !== undefined) return before
    const now = derive(lines)
    known.set(lines, now)
    return now
  }
}

/** The same for slow derivations: simultaneous requests share one run, and a failure is tried again. */
export function promised<T>(
  known: WeakMap<readonly Line[], Promise<T>>,
  lines: readonly Line[],
  derive: () => Promise<T>,
): Promise<T> {
  const before = known.get(lines)
  if (before) return before
  const now = derive()
  known.set(lines, now)
  now.catch(() => known.delete(lines)) // the caller gets the error
  return now
}
