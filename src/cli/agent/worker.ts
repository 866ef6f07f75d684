import { accessSync, constants } from 'node:fs'
import { commandAgent } from '../../agent/kinds/command.ts'
import { knownAgentKinds, pluginAgent } from '../../agent/kinds/kinds.ts'
import { llmAgent } from '../../agent/kinds/llm.ts'
import { nop } from '../../agent/kinds/nop.ts'
import { type ResolvedModel, resolveModel } from '../../agent/model/model.ts'
import { BadInput, MachineLacks, messageOf } from '../../core/errors.ts'
import type { Subject } from '../../core/watch/subject.ts'
import type { AgentKind } from '../../core/work/agent.ts'
import type { Limits } from '../../core/work/limits.ts'
import { limitsBy, type Variant, workerBy } from '../../core/work/variant.ts'
import { self } from '../../daemon.ts'
import { findProgram } from '../../lab/netns/programs.ts'
import { databasesAround } from '../../store/home.ts'
import { humanMs } from '../../tui/text.ts'
import { type AgentSettings, budgetsOf, limitsOf, requirePrices } from '../options/agent.ts'

/** An agent by the settings of its variant and of its start, checked as far as possible beforehand. */
export type Worker =
  | { agent: 'llm'; model: ResolvedModel; limits: Limits; variant: Variant }
  | { agent: 'command'; command: string[]; asSelf: boolean; limits: Limits }
  | { agent: 'runbook' | 'nop'; limits: Limits }
  | { agent: 'plugin'; work: AgentKind; limits: Limits }

/** @throws BadInput or MachineLacks, naming the variant, when nobody could work by it here. */
export function workerFor(variant: Variant, started: 'llm' | 'runbook', settings: AgentSettings): Worker {
  try {
    return resolved(variant, started, settings)
  } catch (error) {
    const message = `variant '${variant.name}': ${messageOf(error)}`
    if (error instanceof MachineLacks) throw new MachineLacks(message)
    if (error instanceof BadInput) throw new BadInput(message)
    throw error
  }
}

function resolved(variant: Variant, started: 'llm' | 'runbook', settings: AgentSettings): Worker {
  const limits = limitsBy(variant, limitsOf(settings))
  const { agent, model } = workerBy(variant, { agent: started, model: settings.model })
  switch (agent) {
    case 'llm': {
      const thinks = pricedModel(model ?? settings.model, withWindow(variant, settings))
      // A variant without a limit on money is not held back by what a ticket may cost by default.
      const budgets = limits.costUsd === null ? budgetsOf({ ...settings, cost: 'none' }) : budgetsOf(settings)
      requirePrices(thinks, limits, budgets)
      return { agent, model: thinks, limits, variant }
    }
    case 'command': {
      const { command = [], run_as: runAs } = variant
      requireProgram(command[0] ?? '')
      return { agent, command, asSelf: runAs === 'self', limits: { ...limits, costUsd: null, tokens: null } }
    }
    case 'runbook':
    case 'nop':
      return { agent, limits }
    default: {
      const work = pluginAgent(agent)
      if (!work)
        throw new BadInput(
          `no kind of agent '${agent}'; known: ${knownAgentKinds().join(', ')}; one of a plugin needs --plugin FILE`,
        )
      return { agent: 'plugin', work, limits }
    }
  }
}

function withWindow({ context_tokens, output_tokens }: Variant, settings: AgentSettings): AgentSettings {
  return {
    ...settings,
    ...(context_tokens !== undefined && { contextTokens: context_tokens }),
    ...(output_tokens !== undefined && { outputTokens: output_tokens }),
  }
}

/** A price on the command line is for what no list has. */
function pricedModel(spec: string, settings: AgentSettings): ResolvedModel {
  if (spec === settings.model) return resolveModel(spec, process.env, settings)
  const { priceIn: _in, priceOut: _out, ...rest } = settings
  const listed = resolveModel(spec, process.env, rest)
  return listed.priced ? listed : resolveModel(spec, process.env, settings)
}

function requireProgram(program: string): void {
  if (!program.includes('/')) {
    if (findProgram(program)) return
    throw new MachineLacks(`agent 'command': there is no program '${program}' on this machine`)
  }
  try {
    accessSync(program, constants.X_OK)
  } catch (error) {
    throw new MachineLacks(`agent 'command': ${program} cannot be run`, { cause: error })
  }
}

export function kindOf(
  worker: Worker,
  subject: Subject,
  { modelPatience, db }: AgentSettings & { db: string },
  trouble: (message: string) => Promise<void>,
): AgentKind {
  switch (worker.agent) {
    case 'llm': {
      const { system_prompt: replace, tools_config: tools } = worker.variant
      return llmAgent({
        model: worker.model,
        prompt: replace === undefined ? {} : { replace },
        ...(tools ? { tools } : {}),
        retry: { patienceMs: modelPatience },
        onRetry: ({ attempt, waitMs, error }) =>
          trouble(`attempt ${attempt} to ask the model: ${error}; asking again in ${humanMs(waitMs)}`),
        onRemark: trouble,
      })
    }
    case 'command':
      return commandAgent({
        command: worker.command,
        // It runs where a plugin's file may not be readable, and needs no subject.
        operator: self({ plugins: false }),
        env: process.env,
        confine: { databases: databasesAround(db), asSelf: worker.asSelf },
      })
    case 'runbook':
      if (!subject.runbook) throw new BadInput(`${subject.name} has no runbook; use --agent llm`)
      return subject.runbook
    case 'nop':
      return nop
    case 'plugin':
      return worker.work
    default:
      return worker satisfies never
  }
}
