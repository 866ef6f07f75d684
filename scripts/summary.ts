/**
 * Sums up what runs of tests came to: the slowest tests, what was skipped and why, and as the last line
 * `N passed, N failed, N skipped`.
 *   summary.ts FILE...   files that run-tests.ts --into wrote; one that is not there is a run that did not come to its end
 */
import { existsSync, readFileSync } from 'node:fs'
import type { Failure, TestResult } from './test-results.ts'

/** What one run of test files came to. */
export interface Part {
  results: readonly TestResult[]
  /** Failed, and passed when tried once more. */
  unreliable: readonly Failure[]
  failed: readonly Failure[]
  /** How many cells of the matrices only `scripts/test --all` plays. */
  leftToAll: number
}

export function summaryOf(parts: readonly Part[]): string {
  const tests = parts.flatMap(({ results }) => results).filter(({ kind }) => kind === 'test')
  const unreliable = parts.flatMap((part) => part.unreliable)
  const failed = parts.flatMap((part) => part.failed)
  const leftToAll = parts.reduce((sum, part) => sum + part.leftToAll, 0)
  const slowest = tests.toSorted((a, b) => b.ms - a.ms).slice(0, 10)
  const skipped = tests.filter((test) => test.skipped !== null)
  const passed = tests.filter((test) => test.passed && test.skipped === null).length
  const lines = [
    '\nThe slowest tests:',
    ...slowest.map(({ ms, file, name }) => `  ${(ms / 1_000).toFixed(1).padStart(6)} s  ${file}: ${name}`),
  ]
  if (skipped.length > 0) lines.push('\nSkipped:')
  for (const { file, name, skipped: why } of skipped) lines.push(`  ${file}: ${name}: ${why}`)
  if (unreliable.length > 0)
    lines.push(`\nNOT RELIABLE, passed only when tried alone:\n${titles(unreliable)}`)
  if (failed.length > 0) lines.push(`\nFailed:\n${titles(failed)}`)
  if (leftToAll > 0) lines.push(`\n${leftToAll} more cells of the matrices: scripts/test --all`)
  lines.push(`\n${passed + unreliable.length} passed, ${failed.length} failed, ${skipped.length} skipped`)
  return `${lines.join('\n')}\n`
}

export function titles(failures: readonly Failure[]): string {
  return failures.map(({ file, title }) => `  ${file}: ${title}`).join('\n')
}

if (import.meta.main) {
  const files = process.argv.slice(2).filter((file) => existsSync(file))
  process.stdout.write(summaryOf(files.map((file) => JSON.parse(readFileSync(file, 'utf8')))))
}
