import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TrialRecord } from '../../src/eval/record.ts'
import type { documentOf } from '../../src/eval/report/document.ts'
import { listTrials, readEvalDb } from '../../src/store/eval/trials.ts'
import { operator, type Running } from './operator.ts'

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** A folder in which evaluations keep everything: databases in `path`, temporary files in `tmp`. */
export interface Home extends Disposable {
  path: string
  evalDb: string
  tmp: string
  start(...args: string[]): Running
  run(...args: string[]): Promise<Ended>
}

export type TrialDocument = ReturnType<typeof documentOf>
export const trialsIn = (stdout: string): TrialDocument[] => JSON.parse(stdout).trials

export function home(): Home {
  const path = mkdtempSync(join(tmpdir(), 'eval-runs-'))
  const tmp = join(path, 'tmp')
  mkdirSync(tmp)
  // In a process group of its own, so that a test can interrupt it as a terminal does.
  const { DOCKER_HOST } = process.env
  const env = { OPERATOR_HOME: path, TMPDIR: tmp, ...(DOCKER_HOST !== undefined && { DOCKER_HOST }) }
  const start = (...args: string[]) => operator(args, env, (argv) => ['setsid', ...argv])
  return {
    path,
    tmp,
    evalDb: join(path, 'eval.db'),
    start,
    run: async (...args) => {
      const { ended, stdout, stderr } = start(...args)
      const { exitCode } = await ended
      return { code: exitCode, stdout: stdout(), stderr: stderr() }
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** The arguments of a quick trial that the runbook repairs. */
export const quickTrial = (...more: string[]): string[] => [
  'eval',
  'run',
  '--subject',
  'etcd',
  '--chaos',
  'node_kill',
  '--agent',
  'runbook',
  '--seed',
  '7',
  '--settle',
  '1s',
  ...more,
]

/** What the monitor had seen when the tickets of all trials here last fired, by name. */
export async function ticketValues({ evalDb }: Home): Promise<string[]> {
  await using db = readEvalDb(evalDb).db
  const trials = await listTrials<unknown, TrialRecord>(db)
  return trials.flatMap(({ record }) => record?.tickets.flatMap(({ values }) => Object.keys(values)) ?? [])
}
