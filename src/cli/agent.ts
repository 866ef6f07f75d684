import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { Option } from 'commander'
import { type AgentEvent, runAgent } from '../agent/loop.ts'
import { modelSpec, type ResolvedModel, resolveModel } from '../agent/model/model.ts'
import { redactor, secretsOf } from '../agent/secrets/redact.ts'
import { summarizer } from '../agent/summarize.ts'
import { wakeUpSignal } from '../core/wake-up.ts'
import { attachCluster } from '../lab/labs.ts'
import { defaultVerifyMs } from '../monitor/verify.ts'
import { labSandbox } from '../sandbox/lab.ts'
import { watchDatabase } from '../store/changes.ts'
import { openOperatorDb } from '../store/operator/open.ts'
import { subjectNamed } from '../subjects/subjects.ts'
import { inert } from '../tui/text.ts'
import { kindOf, workerFor } from './agent/worker.ts'
import { recordInJournal } from './lab/journal.ts'
import { type AgentSettings, addAgentOptions, budgetsOf, chooseModel, limitsOf } from './options/agent.ts'
import { dbOption, duration, durationFrom, subcommand, withParentOption } from './options/common.ts'
import type { Io, Verb } from './terminal/io.ts'
import { daemonLog, type Log } from './terminal/log.ts'
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
  const started = model ? 'llm' : 'runbook'
  await using db = openOperatorDb(options.db)
  const wakeUp = wakeUpSignal(io.clock)
  using _watch = watchDatabase(options.db, wakeUp.notify)
  const signal = options.withParent ? untilParentGone(io.signal) : io.signal
  if (options.waitForWord) await word(signal)
  log.info(`${model ? model.spec : 'runbook'} waits for tickets${options.lab ? ` of ${options.lab}` : ''}`)
  await runAgent({
    db,
    agent: started,
    model: modelSpec(options.model),
    owner: `${hostname()}:${process.pid}`,
    clusters: options.lab === undefined ? null : [options.lab],
    workplace: async (job, trouble) => {
      const watched = subjectNamed(job.subject)
      const worker = workerFor(job.variant, started, options)
      const thinks = worker.agent === 'llm' ? worker.model : model
      const cluster = await attachCluster(job.cluster)
      // A trial's own agent has its commands in the trial's database; any other one works past that.
      if (cluster.journal !== undefined && dirname(cluster.journal) !== dirname(resolve(options.db)))
        recordInJournal(cluster, ['agent', 'start'], io)
      // Alerts may be about a cluster of another subject: that one's runbook and briefing are what helps.
      const subject =
        watched.runbook || watched.name === cluster.subject ? watched : subjectNamed(cluster.subject)
      return {
        sandbox: labSandbox(cluster),
        briefing: [...new Set([watched.prompt, subject.prompt])].join('\n\n'),
        kind: kindOf(worker, subject, options, trouble),
        limits: worker.limits,
        isPaid: worker.agent === 'llm',
        summarize: summarizer({ model: summaryModel(options, thinks), clock: io.clock, signal }),
      }
    },
    limits: limitsOf(options),
    budgets: budgetsOf(options),
    summarize: summarizer({ model: summaryModel(options, model), clock: io.clock, signal }),
    verifyMs: options.verifyWindow,
    redact: redactor(secretsOf(process.env)),
    pollMs: options.poll,
    wakeUp,
    leaseMs: options.lease,
    clock: io.clock,
    signal,
    onEvent: (event) => say(log, event),
  })
}

/** Summaries use the small model where its provider can be reached with what there is; else the first sentence. */
function summaryModel(options: StartOptions, model: ResolvedModel | null): ResolvedModel | null {
  if (model?.provider !== 'anthropic') return null
  return resolveModel(options.summaryModel, process.env, options.baseUrl ? { baseUrl: options.baseUrl } : {})
}

function say(log: Log, event: AgentEvent): void {
  switch (event.kind) {
    case 'claimed':
      log.info(`session ${event.session.id}: ${event.tickets.map((t) => `#${t.id} ${t.key}`).join(', ')}`, {
        session: event.session.id,
      })
      return
    case 'ended': {
      const { end } = event
      const how =
        end.kind === 'claimed'
          ? `claims ${end.claim.status}: ${end.claim.rootCause}`
          : `interrupted: ${end.reason}`
      log.info(`session ${event.session.id} ${inert(how)}`, { session: event.session.id })
      return
    }
    case 'trouble':
      log.warn(inert(event.message))
      return
    default:
      event satisfies never
  }
}
