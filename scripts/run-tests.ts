/**
 * Runs test files, tries once more what failed, and sums up: the slowest tests, what was skipped and why, and as the last
 * line `N passed, N failed, N skipped`. scripts/test calls it.
 *   run-tests.ts [--test-name-pattern=RE] FILE...
 * The whole run has no limit, which a slow machine would meet: it is ended when it is stuck, not when it is slow.
 */
import { resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { measureSlowness } from './slowness.ts'
import { type Failure, failuresOf, nameOf, resultOf, type TestResult } from './test-results.ts'

/** For one test, on a machine as fast as the one that limits were measured on. */
const testLimitMs = 120_000
/** What is worth a second attempt. More than that is no bad luck. */
const fewFailures = 12

const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: { 'test-name-pattern': { type: 'string', multiple: true } },
})
const patterns = values['test-name-pattern'] ?? []

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort(signal))

const slowness = await measureSlowness()
// Read by test/standins/until.ts.
process.env.TEST_SLOWNESS = String(slowness)
const limitMs = Math.round(testLimitMs * slowness)
if (slowness > 1.5)
  say(`This machine is slow or busy: limits of tests are ${slowness.toFixed(1)} times as long.`)

const results = await runFiles(files, 2, patterns)
const failures = failuresOf(results)
const failed = stopped.signal.aborted || failures.length > fewFailures ? failures : await tryAgain(failures)
sumUp(results, failures, failed)
const nothingRan = !results.some(({ kind }) => kind === 'test')
process.exitCode = stopped.signal.aborted ? 130 : failed.length > 0 || nothingRan ? 1 : 0

/** Most tests are of processes that race on purpose: on a starved machine a bound can be too short. */
async function tryAgain(failures: readonly Failure[]): Promise<Failure[]> {
  if (failures.length > 0) say(`Failed, and tried once more, alone:\n${titles(failures)}`)
  const failed: Failure[] = []
  for (const failure of failures) {
    const results = await runFiles([failure.file], 1, failure.pattern === null ? patterns : [failure.pattern])
    // A pattern that matches nothing is no success.
    const ran = results.some((result) => result.kind === 'test' && result.skipped === null)
    if (!ran || failuresOf(results).length > 0) failed.push(failure)
  }
  return failed
}

async function runFiles(files: readonly string[], concurrency: number, testNamePatterns: readonly string[]) {
  const results: TestResult[] = []
  let ofThisFile: TestResult[] = []
  // A test says where it is written, which may be a suite that several files share; files are reported one after the other.
  const endFile = (file: string) => {
    results.push(...ofThisFile.map((result) => ({ ...result, file })))
    ofThisFile = []
  }
  const running = new Set<string>()
  const stuck = new AbortController()
  const stream = run({
    files: files.map((file) => resolve(file)),
    concurrency,
    timeout: limitMs,
    signal: AbortSignal.any([stopped.signal, stuck.signal]),
    ...(testNamePatterns.length > 0 && {
      testNamePatterns: testNamePatterns.map((text) => new RegExp(text)),
    }),
  })
  // A test ends by its own limit. Where nothing happens for longer, something that a file started keeps it from ending.
  const silentMs = 2 * limitMs + 60_000
  const alarm = setTimeout(() => {
    say(`Nothing happened for ${Math.round(silentMs / 1_000)} s; ended: ${[...running].join(', ')}`)
    stuck.abort(new Error(`nothing happened for ${silentMs} ms`))
  }, silentMs)
  stream.on('data', ({ type, data }) => {
    alarm.refresh()
    if (type === 'test:dequeue' && data.nesting === 0 && data.name === data.file)
      running.add(nameOf(data.file))
    if (type === 'test:pass' || type === 'test:fail') {
      const result = resultOf(data, type === 'test:pass')
      ofThisFile.push(result)
      if (result.kind === 'file') endFile(result.file)
    }
    if (type === 'test:summary' && data.file !== undefined) {
      endFile(nameOf(data.file))
      running.delete(nameOf(data.file))
    }
  })
  for await (const text of stream.compose(spec())) process.stdout.write(text)
  clearTimeout(alarm)
  results.push(...ofThisFile)
  return results
}

function sumUp(
  results: readonly TestResult[],
  failures: readonly Failure[],
  failed: readonly Failure[],
): void {
  const tests = results.filter(({ kind }) => kind === 'test')
  const slowest = tests.toSorted((a, b) => b.ms - a.ms).slice(0, 10)
  print(`\nThe slowest tests:`)
  for (const { ms, file, name } of slowest)
    print(`  ${(ms / 1_000).toFixed(1).padStart(6)} s  ${file}: ${name}`)
  const skipped = tests.filter((test) => test.skipped !== null)
  if (skipped.length > 0) print('\nSkipped:')
  for (const { file, name, skipped: why } of skipped) print(`  ${file}: ${name}: ${why}`)
  const unreliable = failures.filter((failure) => !failed.includes(failure))
  if (unreliable.length > 0) print(`\nNOT RELIABLE, passed only when tried alone:\n${titles(unreliable)}`)
  if (failed.length > 0) print(`\nFailed:\n${titles(failed)}`)
  const passed = tests.filter((test) => test.passed && test.skipped === null).length
  print(`\n${passed + unreliable.length} passed, ${failed.length} failed, ${skipped.length} skipped`)
}

function titles(failures: readonly Failure[]): string {
  return failures.map(({ file, title }) => `  ${file}: ${title}`).join('\n')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function say(text: string): void {
  process.stderr.write(`\n*** ${text}\n\n`)
}
