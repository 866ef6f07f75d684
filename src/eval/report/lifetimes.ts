import { isRecovered, type Outcome } from '../../core/work/outcome.ts'
import type { Lifetime } from '../stats/survival.ts'
import type { TrialSummary } from './summary.ts'

/**
 * What a trial tells of a time: how long it took, or for how long it was waited for in vain. Only what ended well was
 * resolved or recovered: data that are gone are no recovery, however well the rest serves. null: the stored figures of an
 * older program do not tell it.
 */
export function lifetimeOf(
  { outcome, detectMs, resolveMs, recoverMs, watchedMs }: TrialSummary,
  time: 'detect' | 'resolve' | 'recover',
): Lifetime | null {
  const ms = { detect: detectMs, resolve: resolveMs, recover: recoverMs }[time]
  const counts = time === 'detect' || isRecovered(outcome)
  const happened = counts && ms !== null
  const lasted = happened ? ms : watchedMs
  return ms === undefined || !isKnown(lasted) || lasted < 0 ? null : { ms: lasted, happened }
}

/** Whether a stored summary has this number: one of an older program may lack it. */
export const isKnown = (value: number | null | undefined): value is number => Number.isFinite(value)

/**
 * Only a clock ends the wait for an agent that is still at it. What was given up, claimed falsely or harmed would be a
 * recovery that was merely not seen, and giving up early a way to look fast.
 */
export const endedByClock = (outcome: Outcome): boolean =>
  outcome.kind === 'unresolved' && (outcome.reason === 'timeout' || outcome.reason === 'undetected')
