import { iso } from '../../core/clock.ts'
import { sumOf, type Usage } from '../../core/work/agent.ts'
import type { Ticket } from '../../core/work/ticket.ts'
import { type Entry, usageIn } from '../../store/audit/audit.ts'
import * as store from '../../store/eval/trials.ts'
import type { Session } from '../../store/operator/sessions.ts'
import type { Trial } from '../report/document.ts'
import { figuresIn, trialsIn } from '../report/summaries.ts'
import { figuresOf } from './figures.ts'
import { jsonText } from './json-text.ts'
import type { Source } from './source.ts'

/**
 * Agent Trajectory Interchange Format, https://github.com/harbor-framework/harbor/blob/main/rfcs/0001-trajectory-format.md.
 * Optional fields that we do not know are left out.
 */
export interface Trajectory {
  schema_version: 'ATIF-v1.7'
  /** The operator's session. */
  session_id: string
  /** Trial and number of the session in it: `t12-1`. */
  trajectory_id: string
  agent: { name: string; version: string; model_name?: string; extra: Record<string, unknown> }
  steps: Step[]
  notes: string
  final_metrics: {
    total_prompt_tokens?: number
    total_completion_tokens?: number
    total_cost_usd?: number
    total_steps: number
    extra: Record<string, unknown>
  }
  extra: Record<string, unknown>
}

interface Step {
  /** From 1, without gaps. */
  step_id: number
  timestamp: string
  source: 'system' | 'user' | 'agent'
  message: string
  /** Number of model calls for this step; 0: no model decided on it. */
  llm_call_count?: number
  tool_calls?: { tool_call_id: string; function_name: string; arguments: Record<string, unknown> }[]
  observation?: {
    results: { source_call_id: string; content: string; extra: Record<string, unknown> }[]
  }
  /** Usage of the turn that begins with this step. */
  metrics?: { prompt_tokens?: number; completion_tokens?: number; cached_tokens?: number; cost_usd?: number }
  extra?: Record<string, unknown>
}

const notes =
  'Derived from the audit. The prompt is not part of it: the first step names the tickets that the agent was given. ' +
  'Outputs are as the audit has them, whole; the agent saw long ones shortened to head and tail.'

/** JSON Lines: one trajectory for each session. */
export async function* atif(source: Source): AsyncGenerator<string> {
  for await (const trajectory of trajectories(source)) yield `${jsonText(trajectory)}\n`
}

/** The trajectories of all sessions of all trials, oldest first. A ticket that was reopened had several sessions. */
export async function* trajectories({ db, which }: Source): AsyncGenerator<Trajectory> {
  for await (const trial of trialsIn(db, which)) {
    const entries = await store.transcript(db, trial.id)
    const sessions = [...(trial.record?.sessions ?? [])].sort((a, b) => a.startedAt - b.startedAt)
    for (const [i, session] of sessions.entries()) yield trajectoryOf(trial, session, i, entries)
  }
}

function trajectoryOf(trial: Trial, session: Session, index: number, entries: readonly Entry[]): Trajectory {
  const { id, agent, model, variant, tokensIn, tokensOut, costUsd, turns, commands, claim, reason } = session
  const tickets = (trial.record?.tickets ?? []).filter((ticket) => ticket.openedAt <= session.startedAt)
  const own = entries.filter((entry) => entry.sessionId === id)
  const steps = [given(tickets, session), ...stepsOf(own, model === null && agent !== 'command')].map(
    (step, i) => ({ step_id: i + 1, ...step }),
  )
  return {
    schema_version: 'ATIF-v1.7',
    session_id: id,
    trajectory_id: `t${trial.id}-${index + 1}`,
    agent: {
      // A trial does not record which release of the program ran it.
      name: `operator ${agent}`,
      version: 'unknown',
      ...(model !== null && { model_name: model }),
      extra: { variant },
    },
    steps,
    notes,
    final_metrics: {
      // The tokens of another program are not known.
      ...(model !== null && tokensIn !== null && { total_prompt_tokens: tokensIn }),
      ...(model !== null && tokensOut !== null && { total_completion_tokens: tokensOut }),
      ...(model !== null && costUsd !== null && { total_cost_usd: costUsd }),
      total_steps: steps.length,
      extra: { turns, commands },
    },
    extra: { ...figuresOf({ ...trial, summary: figuresIn(trial) }), claim, ended_because: reason },
  }
}

const given = (tickets: readonly Ticket[], { startedAt }: Session): Omit<Step, 'step_id'> => ({
  timestamp: iso(startedAt),
  source: 'user',
  message: tickets.map(({ key, severity, message }) => `${key} (${severity}): ${message}`).join('\n'),
})

/** Text of the agent before a call belongs to the step of that call. */
function stepsOf(entries: readonly Entry[], isFixedProcedure: boolean): Omit<Step, 'step_id'>[] {
  const steps: Omit<Step, 'step_id'>[] = []
  const noModel = isFixedProcedure ? { llm_call_count: 0 } : {}
  let said: Entry[] = []
  let usage: Usage | null = null
  const say = (at: number, more: Partial<Step> = {}) => {
    const message = said.map(({ body }) => body).join('\n\n')
    const metrics = usage ? { metrics: metricsOf(usage) } : {}
    steps.push({
      timestamp: iso(said[0]?.at ?? at),
      source: 'agent',
      message,
      ...noModel,
      ...metrics,
      ...more,
    })
    said = []
    usage = null
  }
  for (const entry of entries) {
    const { at, body, meta } = entry
    const more = usageIn(meta)
    if (more) usage = usage ? sumOf(usage, more) : more
    switch (entry.kind) {
      case 'reasoning':
        said.push(entry)
        break
      case 'tool_call': {
        const call = { command: body, reasoning: meta.reasoning ?? '' }
        say(at, { tool_calls: [{ tool_call_id: callId(entry), function_name: 'shell', arguments: call }] })
        break
      }
      case 'tool_result': {
        const extra = {
          exit_code: meta.exitCode ?? null,
          duration_ms: meta.durationMs ?? null,
          timed_out: meta.timedOut === true,
        }
        const step = steps.findLast(({ tool_calls: calls }) => calls?.[0]?.tool_call_id === callId(entry))
        if (step) step.observation = { results: [{ source_call_id: callId(entry), content: body, extra }] }
        break
      }
      case 'claim':
        said.push(entry)
        say(at, { extra: { kind: 'claim' } })
        break
      case 'error':
        if (said.length > 0) say(at)
        steps.push({ timestamp: iso(at), source: 'system', message: body, extra: { kind: 'error' } })
        break
      default:
        entry.kind satisfies never
    }
  }
  if (said.length > 0) say(0)
  return steps
}

const metricsOf = ({ tokensIn, tokensOut, tokensCached, costUsd }: Usage) => ({
  ...(tokensIn !== null && { prompt_tokens: tokensIn, cached_tokens: tokensCached }),
  ...(tokensOut !== null && { completion_tokens: tokensOut }),
  ...(costUsd !== null && { cost_usd: costUsd }),
})

const callId = ({ meta }: Entry): string => `call-${meta.call}`
