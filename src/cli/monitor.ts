import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { iso } from '../core/clock.ts'
import { BadInput } from '../core/errors.ts'
import { wakeUpSignal } from '../core/wake-up.ts'
import type { Endpoints } from '../core/watch/topology.ts'
import { defaultVariant } from '../core/work/variant.ts'
import { self } from '../daemon.ts'
import { variantFolders, variantNamed } from '../eval/campaign/variant-file.ts'
import { attachCluster } from '../lab/labs.ts'
import type { Check } from '../monitor/check.ts'
import { type MonitorEvent, runMonitor } from '../monitor/monitor.ts'
import { endpointArgv } from '../operate.ts'
import { startReceiver } from '../receive/receiver.ts'
import { spawn } from '../spawn.ts'
import { watchDatabase } from '../store/changes.ts'
import { listMonitors, monitorState } from '../store/operator/monitors.ts'
import { existingOperatorDb, type OperatorDb, openOperatorDb } from '../store/operator/open.ts'
import { receivedAlerts } from '../store/operator/received.ts'
import { subjects } from '../subjects/subjects.ts'
import { humanMs, inert, table } from '../tui/text.ts'
import { observeOnce, textOf } from './monitor/once.ts'
import { placeIn, placeOf, type RunOptions } from './monitor/where.ts'
import { sendersOf, withAccessOptions } from './options/access.ts'
import {
  address,
  dataPathOption,
  dbOption,
  duration,
  durationPair,
  endpointsOption,
  integer,
  jsonOption,
  logPathOption,
  pause,
  portMapOption,
  subcommand,
  withParentOption,
} from './options/common.ts'
import type { Io, Verb } from './terminal/io.ts'
import { daemonLog, type Log } from './terminal/log.ts'
import { untilParentGone } from './terminal/parent.ts'

export const register: Verb['register'] = (program, io) => {
  const monitor = program
    .command('monitor')
    .description('watch a cluster and open a ticket when an invariant is violated')

  const runCommand = subcommand(
    monitor,
    'run',
    'observe a cluster every interval and open tickets, until stopped',
    [
      'operator monitor run --lab 7f3a01bc',
      'operator monitor run --subject etcd --endpoints etcd-1=http://10.0.0.1:2379,etcd-2=http://10.0.0.2:2379',
      'operator monitor run --subject etcd --endpoints etcd-1=https://10.0.0.1:2379 --ca ca.pem --cert me.pem --key me-key.pem',
      'operator monitor run --subject etcd --endpoints ... --once --json',
      'operator monitor run --subject prometheus --endpoints prometheus=http://127.0.0.1:9090',
      "operator monitor run --subject prometheus --endpoints http://127.0.0.1:9090 --rules 'rules/*.yml' --match 'severity=\"critical\"'",
    ],
  )
    .option('--subject <name>', `kind of system: ${Object.keys(subjects).join(', ')}`)
    .addOption(endpointsOption())
    .addOption(dataPathOption())
    .addOption(logPathOption())
    .addOption(portMapOption())
  withAccessOptions(runCommand)
    .option(
      '--rules <file|glob>',
      "alerting rules of your own, which Prometheus evaluates; repeatable (default: Prometheus' own alerts)",
      (text: string, all: string[] = []) => [...all, text],
    )
    .option(
      '--match <matchers>',
      'which alerts become tickets: \'severity=~"critical|warning"\' (default: all)',
    )
    .option('--node-label <label>', 'label that names the node of an alert (default: instance)')
    .option(
      '--alertmanager <url>',
      'watch the alerts of this Alertmanager, instead of a subject and its endpoints',
    )
    .option(
      '--alertmanager-listen <host:port>',
      'receive notifications of Alertmanager at this address (docs/prometheus.md has the receiver to paste)',
      address,
    )
    .option('--alertmanager-repeat <duration>', "Alertmanager's repeat_interval (default: 4h)", duration)
    .option(
      '--receiver-token-file <file>',
      'file with the token that notifications have to carry; only its owner may read it',
    )
    .option(
      '--receiver-user-file <file>',
      'file with the user:password that notifications have to carry; only its owner may read it',
    )
    .option('--lab <id>', 'watch this lab cluster, by its id in `operator lab list`, instead of endpoints')
    .option(
      '--cluster <name>',
      "name of the cluster in tickets (default: the lab cluster's id, else the first endpoint)",
    )
    .option('--interval <duration>', 'time between two observations', pause, 1_000)
    .option(
      '--grace <invariant=duration>',
      'how long an invariant has to be violated before a ticket opens (repeatable)',
      durationPair,
      {},
    )
    .option(
      '--skip <invariant[/node]>',
      'switch a check off, everywhere or for one node (repeatable)',
      (text: string, all: string[]) => [...all, text],
      [],
    )
    .option('--variant <name|file|json>', 'configuration of the agent that works on these tickets')
    .option(
      '--attempts <n>',
      'how many claims may fail before a ticket is escalated to a person',
      integer(1, 100),
      3,
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

async function run(options: RunOptions, subjectName: string, given: Endpoints, io: Io): Promise<void> {
  const at = placeOf(options, subjectName, given, io)
  const { subject, endpoints } = at
  const variant =
    options.variant === undefined ? defaultVariant : variantNamed(options.variant, variantFolders())
  const log = daemonLog(io)
  const cluster = options.cluster ?? Object.values(endpoints)[0]?.url ?? subjectName
  await using db = openOperatorDb(options.db)
  const wakeUp = wakeUpSignal(io.clock)
  using _watch = watchDatabase(options.db, wakeUp.notify)
  await using _receiver = await receiverOf(options, db, cluster, log, io)
  const watch = { ...at.settings.watch, inbox: () => receivedAlerts(db, cluster) }
  log.info(
    `watching ${cluster} (${subject.name}, ${Object.keys(endpoints).length} nodes) every ${humanMs(options.interval)}`,
  )
  if (options.skip.length > 0) log.warn(`switched off: ${options.skip.join(', ')}`)
  await runMonitor({
    id: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    ...at,
    ...(options.alertmanagerListen && { settings: { ...at.settings, watch } }),
    db,
    cluster,
    intervalMs: options.interval,
    variant,
    maxAttempts: options.attempts,
    wakeUp,
    signal: options.withParent ? untilParentGone(io.signal) : io.signal,
    onEvent: (event) => say(log, event),
    onObservation: sayOnce(log),
  })
}

async function receiverOf(options: RunOptions, db: OperatorDb, cluster: string, log: Log, io: Io) {
  if (!options.alertmanagerListen) return null
  const receiver = await startReceiver({
    ...options.alertmanagerListen,
    ...sendersOf(options),
    db,
    cluster,
    clock: io.clock,
    onTrouble: (message) => log.warn(inert(message)),
  })
  log.info(`notifications of Alertmanager are received at ${receiver.url}`)
  return receiver
}

function say(log: Log, event: MonitorEvent): void {
  switch (event.kind) {
    case 'opened':
    case 'recurred':
    case 'returned':
    case 'resolved': {
      const { id, key, state, severity, message, resolvedBy } = event.ticket
      const how = event.kind === 'returned' ? `not confirmed, ${state}` : event.kind
      const by = resolvedBy ? ` by ${resolvedBy}` : ''
      log.info(`ticket #${id} ${how}${by}: ${inert(key)} (${severity}) ${inert(message)}`, {
        ticket: id,
        key,
      })
      return
    }
    case 'trouble':
      log.warn(`cannot do my work, trying again: ${inert(event.message)}`)
      return
    default:
      event satisfies never
  }
}

/** Logs once that a check has nothing to check here. */
function sayOnce(log: Log): (checks: readonly Check[]) => void {
  const said = new Set<string>()
  return (checks) => {
    for (const check of checks) {
      if (check.verdict.kind !== 'not_applicable' || check.verdict.reason === 'switched off') continue
      if (!said.has(check.key)) log.info(`not checked: ${inert(check.key)}: ${textOf(check)}`)
      said.add(check.key)
    }
  }
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
