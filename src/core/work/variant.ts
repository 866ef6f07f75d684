import type { Limits } from './limits.ts'

/** The kinds of agents that come with the program; plugins add theirs. */
export const agentKinds = ['llm', 'runbook', 'nop', 'command'] as const

/** The tools that a model can be given. */
export const toolNames = ['shell'] as const
type ToolName = (typeof toolNames)[number]

/**
 * A configuration of the agent: plain JSON with the same keys in its file, on the command line and in a ticket. A ticket
 * carries it from the start, and the agent that claims the ticket uses it. Settings that it leaves out are those the agent
 * was started with.
 */
export interface Variant {
  name: string
  /** One of `agentKinds`, or a plugin's own name. */
  agent?: string
  /** For `agent: command`: the program and its arguments. */
  command?: string[]
  /** For `agent: command`: run it as the user who runs the agent. Without it, root gives it a user of its own. */
  run_as?: 'self'
  /** `provider:model-id`. */
  model?: string
  /** The size of the model's window, where neither price list nor server reports it. */
  context_tokens?: number
  /** Limit of output tokens for one answer. */
  output_tokens?: number
  /** Replaces Operator's own instructions. The subject's knowledge is added in any case. */
  system_prompt?: string
  tools_config?: {
    /**
     * `required`: the model has to run a command before it may claim. A claim is text, so after one command the choice is
     * free. Where a provider cannot force a call, an answer without one is rejected.
     */
    tool_choice?: 'auto' | 'required'
    /** No tools: the model can only say what it thinks is wrong. */
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

/** The kind of agent that works, and its model. */
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
    // null is a value of its own: no limit.
    costUsd: costUsd === undefined ? started.costUsd : costUsd,
    tokens: tokens === undefined ? started.tokens : tokens,
  }
}
