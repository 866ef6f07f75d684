import { type Interval, wilson } from '../stats/rates.ts'
import type { Verdict } from './judge.ts'
import { labelledClaims } from './labelled-claims.ts'
import type { Diagnosis } from './root-cause.ts'

interface Share {
  of: number
  /** null: there were no cases. */
  share: number | null
  /** 95 % confidence interval. */
  interval: Interval | null
}

/** Accuracy of a judge that tells right claims from wrong ones. */
export interface JudgeAccuracy {
  claims: number
  /** Claims without a verdict; they are in none of the figures below. */
  unscored: number
  /** Precision: the share of the claims judged right that are right. */
  precision: Share
  /** Recall: the share of the right claims that were judged right. */
  recall: Share
  misses: { truth: string; claim: string; label: Verdict; said: Verdict }[]
}

/** The rules were fitted to the first half only. In the list, claims of both halves alternate. */
export const claimHalves = ['rules', 'held-out'] as const
export type ClaimHalf = (typeof claimHalves)[number]

export const claimsOf = (half: ClaimHalf) =>
  labelledClaims.filter((_, i) => i % claimHalves.length === claimHalves.indexOf(half))

/** Measures verdicts on labelled claims, in their order. */
export function judgeAccuracy(half: ClaimHalf, verdicts: readonly (Verdict | Diagnosis)[]): JudgeAccuracy {
  const all = claimsOf(half).map((one, i) => ({ ...one, said: verdictOf(verdicts[i]) }))
  const scored = all.filter(({ said }) => said !== 'unscored')
  const both = scored.filter(({ label, said }) => label === 'right' && said === 'right').length
  return {
    claims: all.length,
    unscored: all.length - scored.length,
    precision: shareOf(both, scored.filter(({ said }) => said === 'right').length),
    recall: shareOf(both, scored.filter(({ label }) => label === 'right').length),
    misses: scored.filter(({ label, said }) => label !== said),
  }
}

/** A claim that names no cause counts as wrong. */
const verdictOf = (said: Verdict | Diagnosis | undefined): Verdict =>
  said === 'unclaimed' ? 'wrong' : (said ?? 'unscored')

const shareOf = (part: number, of: number): Share => ({
  of,
  share: of === 0 ? null : part / of,
  interval: wilson(part, of),
})
