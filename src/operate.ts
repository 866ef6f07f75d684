/**
 * READ FIRST. How Operator works on a cluster, in the order in which it happens:
 *
 * 1. observe    subjects/<subject>/observe.ts   asks every node; errors are data
 * 2. check      monitor/check.ts                every invariant: ok, violated or unknown
 * 3. lifecycle  monitor/lifecycle.ts            what lasted its grace opens a ticket, what stayed clear is gone
 * 4. ticket     store/operator/tickets.ts                one unresolved ticket for each violation
 * 5. claim      agent/loop.ts                   an agent takes all tickets of a cluster, with a lease
 * 6. session    agent/session.ts                the agent works: model <-> shell, everything in the audit
 * 7. verify     monitor/verify.ts               only the monitor resolves; otherwise open again, with history
 *
 * Steps 1 to 4 and 7 are the monitor's process, 5 and 6 the agent's. They share nothing but operator.db: either may
 * die, start again or run ten times over. The monitor stands in the cluster's network; the agent stays on the host,
 * because it holds the model's key, and only its commands go where the cluster is.
 */
import { join } from 'node:path'
import type { Endpoints } from './core/watch/topology.ts'
import type { Variant } from './core/work/variant.ts'
import { type Daemon, plainEnv, self, startDaemon } from './daemon.ts'
import type { Cluster } from './lab/contract.ts'

export interface OperateOptions {
  dbPath: string
  /** Folder of the processes' logs. */
  logDir: string
  intervalMs: number
  verifyMs: number
  /** Variant of the agent, stamped on its tickets. */
  variant: Variant
  /** The agent's options as its command line takes them; they apply where the variant sets nothing. null: monitor only. */
  agent: readonly string[] | null
  /** The agent process is ready, but looks for tickets only after it has been sent a first line. */
  agentWaits: boolean
}

export interface Operation extends AsyncDisposable {
  monitor: Daemon
  agent: Daemon | null
}

/** Starts the operator of one cluster as real processes, which end with us. */
export async function operate(cluster: Cluster, options: OperateOptions): Promise<Operation> {
  await using started = new AsyncDisposableStack()
  const monitor = started.use(
    await startDaemon(cluster.join([...self(), ...monitorArgv(cluster, options)]), {
      env: plainEnv(),
      logFile: join(options.logDir, 'monitor.log'),
    }),
  )
  const agent =
    options.agent &&
    started.use(
      await startDaemon([...self(), ...agentArgv(cluster, options, options.agent)], {
        env: { ...(process.env as Record<string, string>) },
        logFile: join(options.logDir, 'agent.log'),
      }),
    )
  const all = started.move()
  return { monitor, agent, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

const monitorArgv = (cluster: Cluster, options: OperateOptions): string[] => [
  'monitor',
  'run',
  '--with-parent',
  '--db',
  options.dbPath,
  '--subject',
  cluster.subject,
  '--cluster',
  cluster.id,
  ...endpointArgv(cluster.endpoints),
  '--interval',
  `${options.intervalMs}ms`,
  // Without an agent nothing reads it.
  ...(options.agent ? ['--variant', JSON.stringify(options.variant)] : []),
]

const agentArgv = (cluster: Cluster, options: OperateOptions, settings: readonly string[]) => [
  'agent',
  'start',
  '--with-parent',
  '--db',
  options.dbPath,
  '--lab',
  cluster.id,
  '--verify-window',
  `${options.verifyMs}ms`,
  ...settings,
  ...(options.agentWaits ? ['--wait-for-word'] : []),
]

/** Endpoints as the command line takes them. */
export function endpointArgv(endpoints: Endpoints): string[] {
  const all = Object.entries(endpoints)
  return [
    '--endpoints',
    all.map(([name, { url }]) => `${name}=${url}`).join(','),
    ...all.flatMap(([name, { dataPath }]) => (dataPath ? ['--data-path', `${name}=${dataPath}`] : [])),
    ...all.flatMap(([name, { logPath }]) => (logPath ? ['--log-path', `${name}=${logPath}`] : [])),
    ...all.flatMap(([name, { ports = {} }]) =>
      Object.entries(ports).flatMap(([port, place]) => ['--port-map', `${name}:${port}=${place}`]),
    ),
  ]
}
