import { once } from 'node:events'
import { iso } from '../../core/clock.ts'
import { BadInput } from '../../core/errors.ts'
import type { WorkloadSample, WorkloadVerdict } from '../../core/watch/subject.ts'
import { plainEnv, self } from '../../daemon.ts'
import type { Cluster } from '../../lab/contract.ts'
import { endpointArgv } from '../../operate.ts'
import { spawn } from '../../spawn.ts'
import { subjectNamed } from '../../subjects/subjects.ts'
import { humanMs, table } from '../../tui/text.ts'
import type { Io } from '../terminal/io.ts'
import type { Place } from './wait.ts'

export interface LoadOptions {
  /** Per node. */
  clients: number
  /** Per second and client. */
  ops: number
  /** ms. */
  for: number
  seed: number
  json?: boolean
}

/** Starts the same where the cluster's nodes are reached; what it says is said here. */
export async function loadOn(cluster: Cluster, options: LoadOptions, io: Io): Promise<void> {
  const how = ['--clients', options.clients, '--ops', options.ops, '--seed', options.seed].map(String)
  const what = ['lab', 'load', '--subject', cluster.subject, ...endpointArgv(cluster.endpoints)]
  const more = ['--for', `${options.for}ms`, ...(options.json ? ['--json'] : [])]
  const [program = '', ...args] = cluster.join([...self(), ...what, ...how, ...more])
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: plainEnv() })
  const stop = () => child.kill('SIGTERM')
  io.signal.addEventListener('abort', stop, { once: true })
  const [code] = await once(child, 'close')
  io.signal.removeEventListener('abort', stop)
  if (code !== 0) process.exitCode = code ?? 1
}

/** The load of a trial, until it is told to stop; then everything that was acknowledged is read back. */
export async function loadFromHere(name: string, { endpoints, access }: Place, options: LoadOptions, io: Io) {
  const { workload } = subjectNamed(name)
  if (!workload) throw new BadInput(`${name} has no load: it can only be watched`)
  const { clients, ops: opsPerSecond, seed } = options
  await using load = workload(endpoints, { clients, opsPerSecond, seed, access })
  const samples: WorkloadSample[] = []
  load.onSample((sample) => {
    samples.push(sample)
    if (!options.json) io.print(lineOf(sample))
  })
  await io.clock.sleep(options.for, io.signal).catch((error) => {
    if (!io.signal.aborted) throw error
  })
  // After Ctrl-C the writes are still checked, so no aborted signal is passed on.
  const verdict = await load.stop(new AbortController().signal)
  if (options.json) io.printJson({ samples: samples.map((one) => ({ ...one, at: iso(one.at) })), verdict })
  else io.print(`\n${tableOf(verdict)}`)
  if (verdict.lostWrites.length + verdict.phantomReads.length > 0) io.answerNo()
}

const lineOf = ({ at, ops, failed, p50Ms, p99Ms }: WorkloadSample): string =>
  `${iso(at).slice(11, 19)}  ${ops} operations  ${failed} failed  p50 ${humanMs(p50Ms)}  p99 ${humanMs(p99Ms)}`

const tableOf = ({ ops, failed, acknowledged, lostWrites, phantomReads, unreadable }: WorkloadVerdict) =>
  table(
    [
      'operations',
      'failed',
      'writes acknowledged',
      'of those lost',
      'not readable',
      'read but never written',
    ],
    [[ops, failed, acknowledged, lostWrites.length, unreadable, phantomReads.length]],
  )
