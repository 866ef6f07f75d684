import { once } from 'node:events'
import { Option } from 'commander'
import { iso } from '../core/clock.ts'
import type { Endpoints } from '../core/watch/topology.ts'
import { composeOf } from '../lab/docker/compose.ts'
import { labs } from '../lab/labs.ts'
import { spawn } from '../spawn.ts'
import { labSubjects, subjects } from '../subjects/subjects.ts'
import { table } from '../tui/text.ts'
import { down } from './lab/down.ts'
import { running, theCluster } from './lab/find.ts'
import { recordInJournal } from './lab/journal.ts'
import { loadFromHere, loadOn } from './lab/load.ts'
import { own, topologyOf, up } from './lab/up.ts'
import { type Place, untilHealthy, waitFor } from './lab/wait.ts'
import { type AccessOptions, accessOf, withAccessOptions } from './options/access.ts'
import {
  dataPathOption,
  duration,
  endpointsOption,
  integer,
  jsonOption,
  logPathOption,
  type NodeOptions,
  oneOf,
  portMapOption,
  subcommand,
  withPaths,
} from './options/common.ts'
import type { Io, Verb } from './terminal/io.ts'

/** In one word: more than one argument of an option would take those of the verb. */
const extrasOption = () =>
  new Option('--with <names>', `more programs to start beside the nodes: ${extrasLine()}`)
    .argParser((text) => text.split(',').map((name) => name.trim()))
    .default([], 'nothing')

const extrasLine = (): string =>
  Object.values(subjects)
    .flatMap(({ name, extras }) => (extras ? [`${extras.join(',')} (${name})`] : []))
    .join('; ')

const labOption = ['--lab <id>', 'id of the cluster; needed when more than one is running'] as const

/** The endpoints of the command line, with what gets in there. */
const whereOf = (endpoints: Endpoints, options: NodeOptions & AccessOptions): Place => ({
  endpoints: withPaths(endpoints, options),
  access: accessOf(options, endpoints),
})

export const register: Verb['register'] = (program, io) => {
  const lab = program
    .command('lab')
    .description('start and use real clusters on this machine')
    .addHelpText(
      'after',
      '\nExamples:\n  operator lab up etcd\n  operator lab exec etcd-1 -- etcdctl endpoint status\n  operator lab shell\n  operator lab down',
    )

  subcommand(lab, 'up <subject>', `start a cluster: ${labSubjects().join(', ')}`, [
    'operator lab up etcd',
    'operator lab up etcd --size 5 --id mine',
    'operator lab up tikv --lab docker --with prometheus,grafana',
  ])
    .option('--size <n>', 'number of nodes', integer(1, 99), 3)
    .option('--id <id>', 'name of the cluster (default: a random one)')
    .option(
      '--lab <kind>',
      'kind of lab: netns (Linux namespaces) or docker',
      oneOf(Object.keys(labs)),
      'netns',
    )
    .addOption(extrasOption())
    .option('--timeout <duration>', 'how long to wait until every node is healthy', duration, 60_000)
    .option('--foreground', 'keep running; the cluster ends with this process')
    .addOption(jsonOption())
    .action((subject, options) => (options.foreground ? own : up)(subject, options, io))

  subcommand(lab, 'compose <subject>', 'print the same cluster as a file for docker compose', [
    'operator lab compose tikv | docker compose -f - up',
  ])
    .option('--size <n>', 'number of nodes', integer(1, 99), 3)
    .addOption(extrasOption())
    .action((subject, options) => io.print(composeOf(topologyOf(subject, options)).trimEnd()))

  subcommand(lab, 'list', 'list running clusters', ['operator lab list', 'operator lab list --json'])
    .alias('ls')
    .addOption(jsonOption())
    .action(async (options) => {
      const all = await running()
      if (options.json) return io.printJson(all.map((info) => ({ ...info, startedAt: iso(info.startedAt) })))
      if (all.length === 0) return io.print('no clusters are running; start one: operator lab up etcd')
      const rows = all.map((c) => [c.id, c.lab, c.subject, c.nodes.join(' '), c.ownerPid, iso(c.startedAt)])
      io.print(table(['id', 'lab', 'subject', 'nodes', 'owner', 'started'], rows))
    })

  const wait = subcommand(lab, 'wait [id]', 'wait until every node is healthy', [
    'operator lab wait',
    'operator lab wait 7f3a01bc --timeout 2m',
  ])
  withAccessOptions(wait, { hidden: true })
    .option('--timeout <duration>', 'how long to wait', duration, 60_000)
    .option('--subject <name>', 'kind of system at --endpoints, which are asked from this host')
    .addOption(endpointsOption().hideHelp())
    .addOption(dataPathOption().hideHelp())
    .addOption(logPathOption().hideHelp())
    .addOption(portMapOption().hideHelp())
    .action(async (id, options) => {
      const { timeout, subject, endpoints } = options
      if (subject && endpoints) return untilHealthy(subject, whereOf(endpoints, options), timeout, io)
      await waitFor(await theCluster(id), timeout, io)
    })

  const load = subcommand(
    lab,
    'load [id]',
    'load a cluster as applications would, and check at the end that no write was lost',
    ['operator lab load', 'operator lab load 7f3a01bc --for 5m --clients 4 --json'],
  )
  withAccessOptions(load, { hidden: true })
    .option('--clients <n>', 'clients for each node', integer(1, 64), 2)
    .option('--ops <n>', 'operations a second of each client', integer(1, 1000), 25)
    .option('--for <duration>', 'how long to load the cluster', duration, 60_000)
    .option('--seed <n>', 'seed of the keys and values', integer(0, 2 ** 31 - 1), 0)
    .option('--subject <name>', 'kind of system at --endpoints, which are loaded from this host')
    .addOption(endpointsOption().hideHelp())
    .addOption(dataPathOption().hideHelp())
    .addOption(logPathOption().hideHelp())
    .addOption(portMapOption().hideHelp())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit code 1: a write that was acknowledged is lost, or something was read that nobody wrote.',
    )
    .action(async (id, options) => {
      const { subject, endpoints } = options
      if (subject && endpoints) return loadFromHere(subject, whereOf(endpoints, options), options, io)
      const cluster = await theCluster(id)
      recordInJournal(cluster, ['lab', 'load'], io)
      await loadOn(cluster, options, io)
    })

  subcommand(
    lab,
    'exec <node> <command...>',
    'run a command in the network of a node, as root of the cluster',
    [
      'operator lab exec etcd-1 -- etcdctl endpoint status',
      'operator lab exec etcd-2 --lab 7f3a01bc -- ss -tlnp',
    ],
  )
    .option(...labOption)
    .action(async (node, command, options) => {
      const cluster = await theCluster(options.lab)
      recordInJournal(cluster, ['lab', 'exec', node, '--', ...command], io)
      await inherit(cluster.enter(command, node), io)
    })

  subcommand(lab, 'shell', 'open a shell in the place where agents work', [
    'operator lab shell',
    'operator lab shell --lab 7f3a01bc',
  ])
    .option(...labOption)
    .action(async (options) => {
      const cluster = await theCluster(options.lab)
      recordInJournal(cluster, ['lab', 'shell'], io)
      const term = ['env', `TERM=${process.env.TERM ?? 'dumb'}`]
      // `script` brings a terminal of the cluster's own: job control does not reach over a process namespace.
      const shell = process.stdin.isTTY ? [...term, 'script', '-qc', 'bash', '/dev/null'] : ['bash']
      await inherit(cluster.enter(shell), io)
    })

  subcommand(lab, 'down [id]', 'end clusters', ['operator lab down', 'operator lab down --all'])
    .option('--all', 'every cluster that `operator lab up` started')
    .addOption(jsonOption())
    .action((id, options) => down(id, options, io))
}

/** Runs it on our own terminal; its exit code is ours. */
async function inherit(argv: readonly string[], io: Io): Promise<void> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { stdio: 'inherit' })
  const stop = () => child.kill('SIGTERM')
  io.signal.addEventListener('abort', stop, { once: true })
  const [code] = await once(child, 'close')
  io.signal.removeEventListener('abort', stop)
  process.exitCode = code ?? 1
}
