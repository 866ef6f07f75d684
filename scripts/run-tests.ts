/**
 * Runs test files, tries once more what failed, and sums up (summary.ts). scripts/test calls it.
 *   run-tests.ts [--test-name-pattern=RE] [--at-a-time=N] [--beside=N] [--into=FILE] FILE...
 * --beside: so many files are run at the same time by another run. --into writes the results to a file for a summary of
 * several runs, instead of summing up.
 * The whole run has no limit, which a slow machine would meet: it is ended when it is stuck, not when it is slow.
 */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { longestFirst } from './longest-first.ts'
import { measureSlowness, mostTimes } from './slowness.ts'
import { type Part, summaryOf, titles } from './summary.ts'
import { type Failure, failuresOf, nameOf, resultOf, type TestResult } from './test-results.ts'

/** For one test, on a machine as fast as the one that limits were measured on. */
const testLimitMs = 120_000
/** What is worth a second attempt. More than that is no bad luck. */
const fewFailures = 12

const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    'test-name-pattern': { type: 'string', multiple: true },
    'at-a-time': { type: 'string', default: '2' },
    beside: { type: 'string', default: '0' },
    into: { type: 'string' },
  },
})
const patterns = values['test-name-pattern'] ?? []
const atATime = Number(values['at-a-time'])

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort(signal))

const measured = await measureSlowness()
// Limits were made for two files at a time.
const slowness = Math.min(mostTimes, measured * Math.max(1, (atATime + Number(values.beside)) / 2))
// Read by test/standins/until.ts.
process.env.TEST_SLOWNESS = String(slowness)
const limitMs = Math.round(testLimitMs * slowness)
if (measured > 1.5)
  say(`This machine is slow or busy: limits of tests are ${slowness.toFixed(1)} times as long.`)

let leftToAll = 0
const results = await runFiles(longestFirst(files), atATime, patterns)
const failures = failuresOf(results)
const failed = stopped.signal.aborted || failures.length > fewFailures ? failures : await tryAgain(failures)
const unreliable = failures.filter((failure) => !failed.includes(failure))
const part: Part = { results, unreliable, failed, leftToAll }
if (values.into === undefined) process.stdout.write(summaryOf([part]))
else writeFileSync(values.into, JSON.stringify(part))
const nothingRan = !results.some(({ kind }) => kind === 'test')
process.exitCode = failed.length > 0 || nothingRan ? 1 : 0
// Ctrl-C reaches the tests, too; run() itself does not end them, and would wait for them.
if (stopped.signal.aborted) process.exit(130)

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
    if (type === 'test:diagnostic') leftToAll += Number(/^left to --all: (\d+)$/.exec(data.message)?.[1] ?? 0)
    if (type === 'test:summary' && data.file !== undefined) {
      endFile(nameOf(data.file))
      running.delete(nameOf(data.file))
    }
  })
  const output = stream.compose(spec())
  output.on('data', (text: string) => process.stdout.write(text))
  // The stream of a run that was stopped does not end.
  const ended = Promise.race([
    finished(output),
    once(AbortSignal.any([stopped.signal, stuck.signal]), 'abort'),
  ])
  await ended.finally(() => clearTimeout(alarm))
  results.push(...ofThisFile)
  return results
}

function say(text: string): void {
  process.stderr.write(`\n*** ${text}\n\n`)
}
