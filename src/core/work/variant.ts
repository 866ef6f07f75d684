import type { Limits } from './limits.ts'

/** The kinds of agents that come with the program; plugins add theirs. */
export const agentKinds = ['llm', 'runbook', 'nop', 'command'] as const

/** The tools there are for a model to be given. */
export const toolNames = ['shell'] as const
type ToolName = (typeof toolNames)[number]

/**
 * A configuration of the agent, plain JSON with the same keys in its file, on the command line and in a ticket. It is in the
 * ticket from the moment the ticket exists, and whoever claims the ticket works by it; what it leaves out is as the agent
 * was started.
 */
export interface Variant {
  name: string
  /** One of `agentKinds`, or what a plugin calls its own. */
  agent?: string
  /** Of `agent: command`: the program and its arguments. */
  command?: string[]
  /** Of `agent: command`: as the user who runs the agent, where root would give it a user of its own. */
  run_as?: 'self'
  /** `provider:model-id`. */
  model?: string
  /** The size of the model's window, where neither price list nor server tells it. */
  context_tokens?: number
  /** The most that one answer may have. */
  output_tokens?: number
  /** In the place of the operator's own words; what a subject's agent should know is added in any case. */
  system_prompt?: string
  tools_config?: {
    /**
     * `required`: the model has to run a command before it may claim. A claim is text, so once one has run the choice is
     * free. Where a provider cannot force a call, an answer without one is not accepted.
     */
    tool_choice?: 'auto' | 'required'
    /** None of them: the model can only say what it thinks is wrong. */
    enabled_tools?: ToolName[]
  }
  limits?: {
    turns?: number
    session_minutes?: number
    command_seconds?: number
    cost_usd?: number | null
    tokens?: number | null
  }
}

export const defaultVariant: Variant = { name: 'default' }

/** Who works, and with which model. */
export interface Worker {
  agent: string
  model: string | null
}

/** `started.model` is the one that a model's session would have; a kind without a model has none. */
export function workerBy(variant: Variant, started: Worker): Worker {
  const { model, system_prompt, tools_config, context_tokens, output_tokens } = variant
  const needsModel = [model, system_prompt, tools_config, context_tokens, output_tokens].some(
    (key) => key !== undefined,
  )
  const agent = variant.agent ?? (needsModel ? 'llm' : started.agent)
  return { agent, model: agent === 'llm' ? (model ?? started.model) : null }
}

export function limitsBy({ limits = {} }: Variant, started: Limits): Limits {
  const { turns, session_minutes: minutes, command_seconds: seconds, cost_usd: costUsd, tokens } = limits
  return {
    turns: turns ?? started.turns,
    sessionMs: minutes === undefined ? started.sessionMs : minutes * 60_000,
    commandMs: seconds === undefined ? started.commandMs : seconds * 1_000,
    // null is an answer, too: no limit.
    costUsd: costUsd === undefined ? started.costUsd : costUsd,
    tokens: tokens === undefined ? started.tokens : tokens,
  }
}
