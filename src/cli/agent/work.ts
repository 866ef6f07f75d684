import { hostname } from 'node:os'
import { type AgentEvent, type Job, runAgent } from '../../agent/loop.ts'
import { modelSpec, type ResolvedModel, resolveModel } from '../../agent/model/model.ts'
import { redactor, secretsOf } from '../../agent/secrets/redact.ts'
import { summarizer } from '../../agent/summarize.ts'
import type { Clock } from '../../core/clock.ts'
import type { WakeUp } from '../../core/wake-up.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import type { OperatorDb } from '../../store/operator/open.ts'
import type { Budget } from '../../store/operator/spending.ts'
import { subjectNamed } from '../../subjects/subjects.ts'
import { inert } from '../../tui/text.ts'
import { type AgentSettings, budgetsOf, limitsOf } from '../options/agent.ts'
import type { Log } from '../terminal/log.ts'
import { kindOf, workerFor } from './worker.ts'

/** Where and how the tickets of a job are worked on. */
export interface Worksite {
  settings: AgentSettings
  sandbox: Sandbox
  /** The subject that runs there. Alerts may be of another one. */
  runs: string
  /** What all sessions on this cluster may consume within 24 hours. */
  day?: Budget
}

export interface WorkOptions {
  /** Of the agent; a worksite may have its own. */
  settings: AgentSettings
  /** Path of the database that is open as `db`. */
  database: string
  db: OperatorDb
  /** null: the runbook works where a variant leaves that open. */
  model: ResolvedModel | null
  /** Take only these clusters' tickets; null: any. */
  clusters: readonly string[] | null
  /** Rejects when the cluster cannot be worked on now. */
  worksite(job: Job): Promise<Worksite>
  verifyWindow: number
  poll: number
  lease: number
  wakeUp: WakeUp
  log: Log
  clock: Clock
  signal: AbortSignal
}

/** Works on tickets until the signal aborts, on one cluster at a time. */
export async function workOnTickets(options: WorkOptions): Promise<void> {
  const { settings, model, clock, signal, log } = options
  const started = model ? 'llm' : 'runbook'
  const summarize = (settings: AgentSettings, model: ResolvedModel | null) =>
    summarizer({ model: summaryModel(settings, model), clock, signal })
  await runAgent({
    db: options.db,
    agent: started,
    model: modelSpec(settings.model),
    owner: `${hostname()}:${process.pid}`,
    clusters: options.clusters,
    workplace: async (job, trouble) => {
      const watched = subjectNamed(job.subject)
      const { settings, sandbox, runs, day } = await options.worksite(job)
      const worker = workerFor(job.variant, started, settings)
      const thinks = worker.agent === 'llm' ? worker.model : model
      // Alerts may be about a cluster of another subject: that one's runbook and briefing are what helps.
      const subject = watched.runbook || watched.name === runs ? watched : subjectNamed(runs)
      return {
        sandbox,
        briefing: [...new Set([watched.prompt, subject.prompt])].join('\n\n'),
        kind: kindOf(worker, subject, { ...settings, db: options.database }, trouble),
        limits: worker.limits,
        ...(day && { day }),
        isPaid: worker.agent === 'llm',
        summarize: summarize(settings, thinks),
      }
    },
    limits: limitsOf(settings),
    budgets: budgetsOf(settings),
    summarize: summarize(settings, model),
    verifyMs: options.verifyWindow,
    redact: redactor(secretsOf(process.env)),
    pollMs: options.poll,
    wakeUp: options.wakeUp,
    leaseMs: options.lease,
    clock,
    signal,
    onEvent: (event) => say(log, event),
  })
}

/** Summaries use the small model where its provider can be reached with what there is; else the first sentence. */
function summaryModel(settings: AgentSettings, model: ResolvedModel | null): ResolvedModel | null {
  if (model?.provider !== 'anthropic') return null
  return resolveModel(
    settings.summaryModel,
    process.env,
    settings.baseUrl ? { baseUrl: settings.baseUrl } : {},
  )
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
