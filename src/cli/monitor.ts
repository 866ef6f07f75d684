import { once } from 'node:events'
import { iso } from '../core/clock.ts'
import { BadInput } from '../core/errors.ts'
import { wakeUpSignal } from '../core/wake-up.ts'
import type { Endpoints } from '../core/watch/topology.ts'
import { self } from '../daemon.ts'
import { attachCluster } from '../lab/labs.ts'
import { endpointArgv } from '../operate.ts'
import { spawn } from '../spawn.ts'
import { watchDatabase } from '../store/changes.ts'
import { listMonitors, monitorState } from '../store/operator/monitors.ts'
import { existingOperatorDb, openOperatorDb } from '../store/operator/open.ts'
import { humanMs, inert, table } from '../tui/text.ts'
import { observeOnce } from './monitor/once.ts'
import { watchCluster } from './monitor/watch.ts'
import { placeIn, type RunOptions } from './monitor/where.ts'
import { dbOption, jsonOption, subcommand, withParentOption } from './options/common.ts'
import { withWatchOptions } from './options/watch.ts'
import type { Io, Verb } from './terminal/io.ts'
import { daemonLog } from './terminal/log.ts'
import { untilParentGone } from './terminal/parent.ts'

export const register: Verb['register'] = (program, io) => {
  const monitor = program
    .command('monitor')
    .description('watch a cluster and open a ticket when an invariant is violated')

  withWatchOptions(
    subcommand(monitor, 'run', 'observe a cluster every interval and open tickets, until stopped', [
      'operator monitor run --lab 7f3a01bc',
      'operator monitor run --subject etcd --endpoints etcd-1=http://10.0.0.1:2379,etcd-2=http://10.0.0.2:2379',
      'operator monitor run --subject etcd --endpoints etcd-1=https://10.0.0.1:2379 --ca ca.pem --cert me.pem --key me-key.pem',
      'operator monitor run --subject etcd --endpoints ... --once --json',
      'operator monitor run --subject prometheus --endpoints prometheus=http://127.0.0.1:9090',
      "operator monitor run --subject prometheus --endpoints http://127.0.0.1:9090 --rules 'rules/*.yml' --match 'severity=\"critical\"'",
    ]),
  )
    .option('--lab <id>', 'watch this lab cluster, by its id in `operator lab list`, instead of endpoints')
    .option(
      '--cluster <name>',
      "name of the cluster in tickets (default: the lab cluster's id, else the first endpoint)",
    )
    .option(
      '--once',
      'check once (for up to 10 s, until nothing is unknown), print the result and store nothing; exit 1 unless all checks are ok',
    )
    .addOption(withParentOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action((options: RunOptions) => {
      if (options.lab) return runInLab(options.lab, options.cluster, io)
      const { subject, endpoints } = placeIn(options)
      if (!subject || !endpoints)
        throw new BadInput('say what to watch: --lab ID, or --subject NAME and --endpoints LIST')
      return options.once
        ? observeOnce(options, subject, endpoints, io)
        : run(options, subject, endpoints, io)
    })

  subcommand(monitor, 'list', 'list monitors and when each was last heard of', [
    'operator monitor list',
    'operator monitor list --json',
  ])
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (options) => {
      await using db = existingOperatorDb(options.db)
      const monitors = await listMonitors(db)
      if (options.json)
        return io.printJson(
          monitors.map((m) => ({
            ...m,
            startedAt: iso(m.startedAt),
            beatAt: iso(m.beatAt),
            observedAt: iso(m.observedAt),
            endedAt: iso(m.endedAt),
          })),
        )
      if (monitors.length === 0) return io.print('no monitors')
      const ago = (at: number | null) => (at === null ? 'never' : `${humanMs(io.clock.now() - at)} ago`)
      io.print(
        table(
          ['cluster', 'subject', 'pid', 'interval', 'beat', 'saw the cluster', 'state'],
          monitors.map((m) => [
            inert(m.cluster),
            m.subject,
            m.pid,
            humanMs(m.intervalMs),
            ago(m.beatAt),
            ago(m.observedAt),
            monitorState(m, io.clock.now()),
          ]),
        ),
      )
    })
}

async function run(options: RunOptions, subject: string, endpoints: Endpoints, io: Io): Promise<void> {
  await using db = openOperatorDb(options.db)
  const wakeUp = wakeUpSignal(io.clock)
  using _watch = watchDatabase(options.db, wakeUp.notify)
  const signal = options.withParent ? untilParentGone(io.signal) : io.signal
  await watchCluster(options, subject, endpoints, { db, wakeUp, log: daemonLog(io), clock: io.clock, signal })
}

/** Runs the same command in the cluster's network, where the endpoints can be reached. */
async function runInLab(id: string, name: string | undefined, io: Io): Promise<void> {
  const cluster = await attachCluster(id)
  const rest = withoutOption(process.argv.slice(2), '--lab')
  const named = name === undefined ? ['--cluster', cluster.id] : []
  const [program = '', ...args] = cluster.join([
    ...self(),
    ...rest,
    '--subject',
    cluster.subject,
    ...named,
    ...endpointArgv(cluster.endpoints),
  ])
  // Its standard input ends with this process, and so passes on a signal that stops this process.
  const child = spawn(program, [...args, '--with-parent'], { stdio: ['pipe', 'inherit', 'inherit'] })
  const stop = () => child.stdin?.end()
  io.signal.addEventListener('abort', stop)
  if (io.signal.aborted) stop()
  const [code] = await once(child, 'close')
  io.signal.removeEventListener('abort', stop)
  if (code !== 0) process.exitCode = code ?? 1
}

function withoutOption(argv: readonly string[], name: string): string[] {
  const at = argv.findIndex((word) => word === name || word.startsWith(`${name}=`))
  if (at < 0) return [...argv]
  return argv.toSpliced(at, argv[at] === name ? 2 : 1)
}
