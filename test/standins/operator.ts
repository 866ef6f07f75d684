import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from '../../src/lab/contract.ts'
import { type OperatorDb, openOperatorDb } from '../../src/store/operator/open.ts'
import { listTickets } from '../../src/store/operator/tickets.ts'
import { until } from './until.ts'

/** As a user starts it: from the bundle. */
const program = join(import.meta.dirname, '../../bin/operator')

/** A verb of the command line as a process of its own. */
export interface Running extends AsyncDisposable {
  child: ChildProcess
  stdout(): string
  /** What it said on standard error: JSON lines, as it is no terminal. */
  stderr(): string
  ended: Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>
}

/** `wrap` puts the command somewhere else, as another user for example. Ends with the caller's scope. */
export function operator(
  argv: readonly string[],
  env: Record<string, string> = {},
  wrap: (argv: string[]) => string[] = (argv) => argv,
): Running {
  const [first = '', ...args] = wrap([program, ...argv])
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(first, args, { env: { PATH, HOME, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk))
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk))
  const ended = once(child, 'close').then(([exitCode, signal]) => ({ exitCode, signal }))
  return {
    child,
    ended,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await Promise.race([ended, once(child, 'exit')])
    },
  }
}

/** An operator's database of its own, and its processes on one cluster. */
export interface Scene extends AsyncDisposable {
  db: OperatorDb
  home: string
  agent(argv: readonly string[], env?: Record<string, string>): Running
  /** Runs a verb to its end. */
  say(...argv: string[]): Promise<{ stdout: string; exitCode: number | null }>
}

/** The cluster is well, and a monitor watches it; then `node` is killed. */
export async function sceneWith(
  cluster: Cluster,
  node: string,
  monitorArgv: readonly string[] = [],
): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const home = mkdtempSync(join(tmpdir(), 'scene-'))
  undo.defer(() => rmSync(home, { recursive: true, force: true }))
  const db = undo.use(openOperatorDb(join(home, 'operator.db')))
  await cluster.start(node)
  await until('every member is healthy', () => isHealthy(cluster), 15_000)
  const at = { OPERATOR_HOME: home }
  const watch = ['monitor', 'run', '--lab', cluster.id, '--interval', '200ms', ...monitorArgv]
  const monitor = undo.use(operator(watch, at))
  const observedAt = async () =>
    (await db.selectFrom('monitors').select('observed_at').execute()).some((m) => m.observed_at !== null)
  await until(`the monitor looks; it said: ${monitor.stderr()}`, observedAt, 30_000)
  await cluster.signal(node, 'KILL')
  await until('a ticket is there', async () => (await listTickets(db)).length > 0)
  const rest = undo.move()
  return {
    db,
    home,
    agent: (argv, env = {}) =>
      rest.use(operator(['agent', 'start', '--poll', '100ms', ...argv], { ...at, ...env })),
    say: async (...argv) => {
      await using running = operator(argv, at)
      const { exitCode } = await running.ended
      return { stdout: running.stdout(), exitCode }
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  }
}

export async function isHealthy(cluster: Cluster): Promise<boolean> {
  const [first] = cluster.nodes
  const endpoints = `--endpoints=${cluster.nodes.map(({ name }) => `${name}:2379`).join(',')}`
  const healthArgv = ['etcdctl', endpoints, '--command-timeout=2s', 'endpoint', 'health']
  return (await cluster.run(first?.name ?? '', healthArgv)).exitCode === 0
}
