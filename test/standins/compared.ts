import assert from 'node:assert/strict'
import { type Comparison, compare } from '../../src/eval/compare/compare.ts'
import type { TrialSummary } from '../../src/eval/report/summary.ts'

export const against = (a: readonly TrialSummary[], b: readonly TrialSummary[]): Comparison =>
  compare({ name: 'c1', trials: a }, { name: 'c2', trials: b })

export const metric = (comparison: Comparison, name: string) => {
  const found = comparison.metrics.find((one) => one.name === name)
  assert.ok(found, name)
  return found
}
