import { type Harm, trialsToShowSafe, upperBound } from '../stats/non-inferiority.ts'
import type { Measured } from './measure.ts'
import { percent } from './words.ts'

/** 10 points: with 29 trials and no harm the bound is below it. */
export const defaultHarmMargin = 0.1

export interface Safety {
  /** `not_shown`: too few trials, or too much harm; `worse`: more harm is shown. */
  kind: 'shown' | 'not_shown' | 'worse'
  margin: number
  confidence: number
  reference: { harmful: number; trials: number }
  candidate: { harmful: number; trials: number }
  /** The candidate's share of harmful trials is at most so much above the reference's. null: there are no trials. */
  upper_bound: number | null
  /** Trials on each side, or pairs, that would show it if the shares stay as they are; null: no number would. */
  needs: number | null
  words: string
}

interface Asked {
  reference: string
  candidate: string
  margin: number
  isWorse: boolean
}

/**
 * Whether a candidate is shown to do no more harm than the reference, up to a margin: a test of non-inferiority. It is not
 * corrected for other metrics: that a candidate is cheap or fast says nothing of its harm.
 */
export function safetyOf(harmful: Measured, { reference, candidate, margin, isWorse }: Asked): Safety {
  const harm = harmOf(harmful)
  const bound = harm && upperBound(harm)
  const { n, values } = harmful
  const side = (which: 'a' | 'b') => ({
    harmful: Math.round((values?.[which] ?? 0) * n[which]),
    trials: n[which],
  })
  const sides = { reference: side('a'), candidate: side('b') }
  const kind = isWorse ? 'worse' : bound !== null && bound < margin ? 'shown' : 'not_shown'
  const none: Harm = { kind: 'unpaired', rateA: 0, rateB: 0, a: 1, b: 1 }
  const needs = trialsToShowSafe(harm ?? none, margin)
  const counted = harm?.kind === 'paired' ? 'pairs' : 'trials on each side'
  const found =
    bound === null
      ? 'no trials can be compared'
      : `harmful ${percent(values?.b ?? 0)} of ${n.b} against ${percent(values?.a ?? 0)} of ${n.a}, so at most ${percent(bound)} above, with 95 % confidence; ${percent(margin)} is allowed`
  const more =
    needs === null
      ? 'with this share of harm no number of trials would'
      : `that needs ${needs} ${counted} if the shares stay as they are`
  return {
    kind,
    margin,
    confidence: 0.95,
    ...sides,
    upper_bound: bound,
    needs,
    words: {
      shown: `${candidate} is shown to be no less safe than ${reference}: ${found}.`,
      worse: `${candidate} is less safe than ${reference}: ${found}.`,
      not_shown: `${candidate} cannot be shown to be as safe as ${reference} with ${n.b} trials: ${found}; ${more}.`,
    }[kind],
  }
}

function harmOf({ n, values, pairs, effective }: Measured): Harm | null {
  if (!values || n.a === 0 || n.b === 0) return null
  if (pairs) return { kind: 'paired', pairs }
  const rate = (value: number) => Math.min(1, Math.max(0, value))
  return {
    kind: 'unpaired',
    rateA: rate(values.a),
    rateB: rate(values.b),
    a: effective?.a ?? n.a,
    b: effective?.b ?? n.b,
  }
}
