import { dirname, resolve } from 'node:path'
import { Option } from 'commander'
import { wakeUpSignal } from '../core/wake-up.ts'
import { attachCluster } from '../lab/labs.ts'
import { defaultVerifyMs } from '../monitor/verify.ts'
import { labSandbox } from '../sandbox/lab.ts'
import { watchDatabase } from '../store/changes.ts'
import { openOperatorDb } from '../store/operator/open.ts'
import { workOnTickets } from './agent/work.ts'
import { recordInJournal } from './lab/journal.ts'
import { type AgentSettings, addAgentOptions, chooseModel } from './options/agent.ts'
import { dbOption, duration, durationFrom, subcommand, withParentOption } from './options/common.ts'
import type { Io, Verb } from './terminal/io.ts'
import { daemonLog } from './terminal/log.ts'
import { untilParentGone, word } from './terminal/parent.ts'

interface StartOptions extends AgentSettings {
  lab?: string
  verifyWindow: number
  poll: number
  lease: number
  withParent?: boolean
  waitForWord?: boolean
  db: string
}

export const register: Verb['register'] = (program, io) => {
  const agent = program.command('agent').description('work on tickets')
  addAgentOptions(
    subcommand(agent, 'start', 'poll for tickets and work on them, until stopped', [
      'operator agent start --agent runbook',
      'ANTHROPIC_API_KEY=... operator agent start --lab 7f3a01bc --cost 2',
      'operator agent start --model openai-compatible:qwen3 --base-url http://127.0.0.1:11434/v1 --cost none',
    ]),
  )
    .option('--lab <id>', 'work only on tickets of this lab cluster (default: any cluster)')
    .option(
      '--verify-window <duration>',
      'how long the monitor may take to confirm a claim',
      duration,
      defaultVerifyMs,
    )
    .option(
      '--poll <duration>',
      'time between two polls for tickets, in case a wake-up is missed',
      durationFrom('10ms'),
      1_000,
    )
    .option(
      '--lease <duration>',
      'how long tickets stay claimed after the agent was last heard of',
      durationFrom('1s'),
      15_000,
    )
    .addOption(withParentOption())
    .addOption(new Option('--wait-for-word', 'begin when standard input says anything').hideHelp())
    .addOption(dbOption())
    .action((options: StartOptions) => start(options, io))
}

async function start(options: StartOptions, io: Io): Promise<void> {
  const log = daemonLog(io)
  const model = chooseModel(options, log.warn)
  await using db = openOperatorDb(options.db)
  const wakeUp = wakeUpSignal(io.clock)
  using _watch = watchDatabase(options.db, wakeUp.notify)
  const signal = options.withParent ? untilParentGone(io.signal) : io.signal
  if (options.waitForWord) await word(signal)
  log.info(`${model ? model.spec : 'runbook'} waits for tickets${options.lab ? ` of ${options.lab}` : ''}`)
  await workOnTickets({
    ...options,
    settings: options,
    model,
    clusters: options.lab === undefined ? null : [options.lab],
    worksite: async (job) => {
      const cluster = await attachCluster(job.cluster)
      // A trial's own agent has its commands in the trial's database; any other one works past that.
      if (cluster.journal !== undefined && dirname(cluster.journal) !== dirname(resolve(options.db)))
        recordInJournal(cluster, ['agent', 'start'], io)
      return { settings: options, sandbox: labSandbox(cluster), runs: cluster.subject }
    },
    database: options.db,
    db,
    wakeUp,
    log,
    clock: io.clock,
    signal,
  })
}
