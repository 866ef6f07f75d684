import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { bellOf } from '../core/bell.ts'
import { iso } from '../core/clock.ts'
import { BadInput } from '../core/errors.ts'
import { wholeCluster } from '../core/invariant.ts'
import type { Observation, Subject, WatchSettings } from '../core/subject.ts'
import type { Endpoints } from '../core/topology.ts'
import { defaultVariant } from '../core/variant.ts'
import { self } from '../daemon.ts'
import { variantFolders, variantNamed } from '../eval/variant-file.ts'
import { attachCluster } from '../lab/labs.ts'
import { type Check, unobservable } from '../monitor/check.ts'
import { type LookOptions, look, type MonitorEvent, runMonitor } from '../monitor/monitor.ts'
import { endpointArgv } from '../operate.ts'
import { spawn } from '../spawn.ts'
import { watchDatabase } from '../store/changes.ts'
import { listMonitors, monitorState } from '../store/monitors.ts'
import { existingOperatorDb, openOperatorDb } from '../store/operator-db.ts'
import { subjectNamed, subjects } from '../subjects/subjects.ts'
import { humanMs, inert, table } from '../tui/text.ts'
import { type AccessOptions, accessOf, withAccessOptions } from './access-options.ts'
import type { Io, Verb } from './io.ts'
import { daemonLog, type Log } from './log.ts'
import {
  dataPathOption,
  dbOption,
  durationPair,
  endpointsOption,
  integer,
  jsonOption,
  logPathOption,
  type NodeOptions,
  pause,
  portMapOption,
  subcommand,
  withParentOption,
  withPaths,
} from './options.ts'
import { untilParentGone } from './parent.ts'

interface RunOptions extends NodeOptions, AccessOptions {
  subject?: string
  endpoints?: Endpoints
  lab?: string
  cluster?: string
  interval: number
  grace: Record<string, number>
  skip: string[]
  rules?: string[]
  match?: string
  nodeLabel?: string
  variant?: string
  attempts: number
  once?: boolean
  withParent?: boolean
  db: string
  json?: boolean
}

export const register: Verb['register'] = (program, io) => {
  const monitor = program
    .command('monitor')
    .description(
      'watch a cluster: invariants that break become tickets, and only what is seen healthy resolves them',
    )

  const runCommand = subcommand(monitor, 'run', 'look at it every interval, until stopped', [
    'operator monitor run --lab 7f3a01bc',
    'operator monitor run --subject etcd --endpoints etcd-1=http://10.0.0.1:2379,etcd-2=http://10.0.0.2:2379',
    'operator monitor run --subject etcd --endpoints etcd-1=https://10.0.0.1:2379 --ca ca.pem --cert me.pem --key me-key.pem',
    'operator monitor run --subject etcd --endpoints ... --once --json',
    'operator monitor run --subject prometheus --endpoints prometheus=http://127.0.0.1:9090',
    "operator monitor run --subject prometheus --endpoints http://127.0.0.1:9090 --rules 'rules/*.yml' --match 'severity=\"critical\"'",
  ])
    .option('--subject <name>', `what it is: ${Object.keys(subjects).join(', ')}`)
    .addOption(endpointsOption())
    .addOption(dataPathOption())
    .addOption(logPathOption())
    .addOption(portMapOption())
  withAccessOptions(runCommand)
    .option(
      '--rules <file|glob>',
      "alerting rules of your own, which Prometheus evaluates (repeatable) (default: Prometheus' own alerts)",
      (text: string, all: string[] = []) => [...all, text],
    )
    .option(
      '--match <matchers>',
      'which alerts become tickets: \'severity=~"critical|warning"\' (default: all)',
    )
    .option('--node-label <label>', 'the label that says which node an alert is about (default: instance)')
    .option('--lab <id>', 'a cluster of `operator lab list` instead of endpoints')
    .option(
      '--cluster <name>',
      "its name in tickets (default: the lab cluster's id, else the first endpoint)",
    )
    .option('--interval <duration>', 'between looks', pause, 1_000)
    .option(
      '--grace <invariant=duration>',
      'how long it may be violated before a ticket opens (repeatable)',
      durationPair,
      {},
    )
    .option(
      '--skip <invariant[/node]>',
      'a check that is switched off, everywhere or at one node (repeatable)',
      (text: string, all: string[]) => [...all, text],
      [],
    )
    .option('--variant <name|file|json>', 'the configuration of the agent that its tickets carry')
    .option('--attempts <n>', 'claims that may fail before a ticket waits for a person', integer(1, 100), 3)
    .option(
      '--once',
      'look until all is known, for 10 s at most; print it, store nothing; exit 1 unless all is well',
    )
    .addOption(withParentOption())
    .addOption(dbOption())
    .addOption(jsonOption())
    .action((options: RunOptions) => {
      if (options.lab) return runInLab(options.lab, options.cluster, io)
      const { subject, endpoints } = options
      if (!subject || !endpoints)
        throw new BadInput('say what to watch: --lab ID, or --subject NAME and --endpoints LIST')
      return options.once ? lookOnce(options, subject, endpoints, io) : run(options, subject, endpoints, io)
    })

  subcommand(monitor, 'list', 'monitors and when they were last heard of', [
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

/** What to look at, and how. */
function placeOf(
  options: RunOptions,
  subjectName: string,
  given: Endpoints,
  io: Io,
): LookOptions<Observation> {
  const subject = subjectNamed(subjectName)
  const known = [...subject.invariants.map((invariant) => invariant.name), unobservable]
  const watch = watchOf(options, subject)
  // Alerts have names that are known only at run time.
  const isStrange = (name: string) => !known.includes(name) && !subject.alerts
  const stranger = Object.keys(options.grace).find(isStrange)
  if (stranger !== undefined)
    throw new BadInput(`--grace: no invariant '${stranger}'; known: ${known.join(', ')}`)
  for (const skipped of options.skip) {
    const [invariant = '', node] = skipped.split('/')
    if (isStrange(invariant))
      throw new BadInput(`--skip: no invariant '${invariant}'; known: ${known.join(', ')}`)
    const places = [...Object.keys(given), wholeCluster]
    if (node !== undefined && !places.includes(node) && !subject.alerts)
      throw new BadInput(`--skip: no node '${node}'; known: ${places.join(', ')}`)
  }
  return {
    subject,
    endpoints: withPaths(given, options),
    access: accessOf(options, given),
    settings: { graces: options.grace, skipped: new Set(options.skip), watch },
    clock: io.clock,
    signal: io.signal,
  }
}

/** @throws BadInput for what the subject does not heed. */
function watchOf({ rules, match, nodeLabel }: RunOptions, { name, alerts }: Subject): WatchSettings {
  const given = { rules, match, nodeLabel }
  const options = { rules: '--rules', match: '--match', nodeLabel: '--node-label' } as const
  for (const key of ['rules', 'match', 'nodeLabel'] as const)
    if (given[key] !== undefined && !alerts)
      throw new BadInput(
        `${options[key]} is for alerts, and ${name} has invariants of its own; use --subject prometheus`,
      )
  return {
    ...(rules && { rules }),
    ...(match !== undefined && { match }),
    ...(nodeLabel !== undefined && { nodeLabel }),
  }
}

async function run(options: RunOptions, subjectName: string, given: Endpoints, io: Io): Promise<void> {
  const at = placeOf(options, subjectName, given, io)
  const { subject, endpoints } = at
  const variant =
    options.variant === undefined ? defaultVariant : variantNamed(options.variant, variantFolders())
  const log = daemonLog(io)
  const cluster = options.cluster ?? Object.values(endpoints)[0]?.url ?? subjectName
  await using db = openOperatorDb(options.db)
  const news = bellOf(io.clock)
  using _watch = watchDatabase(options.db, news.ring)
  log.info(
    `watching ${cluster} (${subject.name}, ${Object.keys(endpoints).length} nodes) every ${humanMs(options.interval)}`,
  )
  if (options.skip.length > 0) log.warn(`switched off: ${options.skip.join(', ')}`)
  await runMonitor({
    id: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    ...at,
    db,
    cluster,
    intervalMs: options.interval,
    variant,
    maxAttempts: options.attempts,
    news,
    signal: options.withParent ? untilParentGone(io.signal) : io.signal,
    onEvent: (event) => say(log, event),
    onLook: sayOnce(log),
  })
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

/** Rates need a second look, and some numbers a few: until then they are unknown, which is no answer. */
const onceMs = 10_000
const betweenMs = 500

async function lookOnce(options: RunOptions, subjectName: string, given: Endpoints, io: Io): Promise<void> {
  const place = placeOf(options, subjectName, given, io)
  await using connection = place.subject.connect(place.endpoints, place.access, place.settings.watch)
  const end = io.clock.now() + onceMs
  let { observation, checks } = await look(place, connection)
  const settled = () => {
    const kinds = checks.filter((check) => check.invariant !== unobservable).map((c) => c.verdict.kind)
    return kinds.includes('violated') || !kinds.includes('unknown')
  }
  while (!settled() && io.clock.now() < end) {
    await io.clock.sleep(betweenMs, io.signal)
    ;({ observation, checks } = await look(place, connection))
  }
  const left = checks.filter((check) => check.verdict.kind === 'not_applicable')
  const bad = checks.filter(({ verdict }) => verdict.kind === 'violated' || verdict.kind === 'unknown')
  const healthy = bad.length === 0 && left.length < checks.length
  if (options.json)
    io.printJson({
      healthy,
      at: iso(observation?.at ?? io.clock.now()),
      nodes: observation?.nodes ?? {},
      checks: checks.map(({ key, severity, verdict }) => ({ key, severity, ...verdict })),
    })
  else {
    const nodes = Object.entries(observation?.nodes ?? {})
    io.print(
      table(
        ['node', 'healthy', 'role', 'trouble'],
        nodes.map(([name, view]) => [
          name,
          view.healthy === null ? 'unknown' : view.healthy ? 'yes' : 'no',
          view.role ?? '',
          inert(view.error ?? ''),
        ]),
      ),
    )
    io.print(
      healthy
        ? `\nall ${checks.length - left.length} checks are ok`
        : `\n${bad.length} of ${checks.length - left.length} checks are not ok:`,
    )
    for (const check of bad) io.print(`  ${check.key}  ${check.severity}  ${textOf(check)}`)
    if (left.length > 0) io.print('\nnot checked:')
    for (const check of left) io.print(`  ${check.key}  ${textOf(check)}`)
  }
  if (!healthy) io.answerNo()
}

function textOf({ verdict }: Check): string {
  switch (verdict.kind) {
    case 'violated':
      return inert(verdict.message)
    case 'unknown':
      return inert(`unknown: ${verdict.reason}`)
    case 'not_applicable':
      return inert(verdict.reason)
    case 'ok':
      return ''
    default:
      return verdict satisfies never
  }
}

/** That a check has nothing to check here is said once. */
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

/** The same command again, standing in the cluster's network: that is where its endpoints can be reached. */
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
  // Its standard input ends with us; what we are told to stop by reaches it through that.
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
