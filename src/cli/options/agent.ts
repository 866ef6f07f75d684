import { type Command, Option } from 'commander'
import { patient } from '../../agent/llm/refusal/retry.ts'
import type { Budgets } from '../../agent/loop.ts'
import {
  defaultModel,
  defaultSummaryModel,
  type ResolvedModel,
  requirePrice,
  resolveModel,
} from '../../agent/model/model.ts'
import { MachineLacks } from '../../core/errors.ts'
import { defaultLimits, type Limits } from '../../core/work/limits.ts'
import { duration, integer, number, oneOf, orNone } from './common.ts'

const choices = ['auto', 'llm', 'runbook'] as const

/** Kind of agent, model and limits: the same options in every verb that starts an agent. */
export interface AgentSettings {
  agent: (typeof choices)[number]
  model: string
  summaryModel: string
  baseUrl?: string
  priceIn?: number
  priceOut?: number
  turns: number
  sessionTime: number
  commandTime: number
  cost: number | 'none'
  tokens: number | 'none'
  costPerTicket?: number | 'none'
  costPerDay: number | 'none'
  tokensPerTicket: number | 'none'
  tokensPerDay: number | 'none'
  contextTokens?: number
  outputTokens?: number
  modelPatience: number
}

const agentOptions = (): Option[] => [
  new Option(
    '--agent <kind>',
    `kind of agent: ${choices.join(', ')}; auto is llm when a model key is set, else runbook`,
  )
    .argParser(oneOf(choices))
    .default('auto'),
  new Option('--model <provider:id>', 'model of the agent').default(defaultModel),
  new Option('--summary-model <provider:id>', 'small model that summarizes the entries of the audit').default(
    defaultSummaryModel,
  ),
  new Option('--base-url <url>', 'URL of the model provider or server'),
  new Option(
    '--price-in <usd>',
    'price of a million input tokens, for a model whose price is not known',
  ).argParser(number(0)),
  new Option('--price-out <usd>', 'price of a million output tokens').argParser(number(0)),
  new Option('--turns <n>', 'limit of a session: how often the model may answer')
    .argParser(integer(1, 10_000))
    .default(defaultLimits.turns),
  new Option('--session-time <duration>', 'time limit of a session')
    .argParser(duration)
    .default(defaultLimits.sessionMs),
  new Option('--command-time <duration>', 'time limit of a command')
    .argParser(duration)
    .default(defaultLimits.commandMs),
  new Option('--cost <usd>', 'limit of a session in US dollars, or none')
    .argParser(orNone(number(0)))
    .default(defaultLimits.costUsd ?? 'none'),
  new Option('--tokens <n>', 'limit of a session in tokens, or none')
    .argParser(orNone(integer(1)))
    .default(defaultLimits.tokens ?? 'none'),
  new Option(
    '--cost-per-ticket <usd>',
    'limit of all sessions on a ticket in US dollars, or none (default: three times --cost)',
  ).argParser(orNone(number(0))),
  new Option('--cost-per-day <usd>', 'limit of all sessions within 24 hours in US dollars, or none')
    .argParser(orNone(number(0)))
    .default('none'),
  new Option('--tokens-per-ticket <n>', 'limit of all sessions on a ticket in tokens, or none')
    .argParser(orNone(integer(1)))
    .default('none'),
  new Option('--tokens-per-day <n>', 'limit of all sessions within 24 hours in tokens, or none')
    .argParser(orNone(integer(1)))
    .default('none'),
  new Option(
    '--context-tokens <n>',
    "size of the model's context window, for a model of unknown size",
  ).argParser(integer(512)),
  new Option('--output-tokens <n>', 'limit of one answer of the model in tokens').argParser(integer(64)),
  new Option('--model-patience <duration>', 'how long to retry a provider that does not answer, in total')
    .argParser(duration)
    .default(patient.patienceMs),
]

export function addAgentOptions(command: Command): Command {
  for (const option of agentOptions()) command.addOption(option)
  return command
}

/** The settings as a child's command line takes them. */
export function agentArgv(settings: AgentSettings): string[] {
  const optional = (flag: string, value: string | number | undefined) =>
    value === undefined ? [] : [flag, String(value)]
  return [
    '--agent',
    settings.agent,
    '--model',
    settings.model,
    '--summary-model',
    settings.summaryModel,
    ...optional('--base-url', settings.baseUrl),
    ...optional('--price-in', settings.priceIn),
    ...optional('--price-out', settings.priceOut),
    '--turns',
    String(settings.turns),
    '--session-time',
    `${settings.sessionTime}ms`,
    '--command-time',
    `${settings.commandTime}ms`,
    '--cost',
    String(settings.cost),
    '--tokens',
    String(settings.tokens),
    ...optional('--cost-per-ticket', settings.costPerTicket),
    '--cost-per-day',
    String(settings.costPerDay),
    '--tokens-per-ticket',
    String(settings.tokensPerTicket),
    '--tokens-per-day',
    String(settings.tokensPerDay),
    ...optional('--context-tokens', settings.contextTokens),
    ...optional('--output-tokens', settings.outputTokens),
    '--model-patience',
    `${settings.modelPatience}ms`,
  ]
}

export const limitsOf = (settings: AgentSettings): Limits => ({
  turns: settings.turns,
  sessionMs: settings.sessionTime,
  commandMs: settings.commandTime,
  costUsd: settings.cost === 'none' ? null : settings.cost,
  tokens: settings.tokens === 'none' ? null : settings.tokens,
})

/** Attempts that a ticket has, as a rule: by default its budget is what they may cost. */
const attempts = 3

export function budgetsOf({ cost, ...settings }: AgentSettings): Budgets {
  const orNull = (limit: number | 'none') => (limit === 'none' ? null : limit)
  const perTicket = settings.costPerTicket ?? (cost === 'none' ? cost : attempts * cost)
  return {
    ticket: { costUsd: orNull(perTicket), tokens: orNull(settings.tokensPerTicket) },
    day: { costUsd: orNull(settings.costPerDay), tokens: orNull(settings.tokensPerDay) },
  }
}

/** @throws BadInput when money is limited, of a session, a ticket or a day, and what the model costs is not known. */
export function requirePrices(model: ResolvedModel, limits: Limits, { ticket, day }: Budgets): void {
  for (const { costUsd } of [limits, ticket, day]) requirePrice(model, { costUsd })
}

/**
 * The model that will think, checked before anything is started; null: the runbook works, which is said when nobody
 * chose it.
 * @throws BadInput for a model or price that cannot be, MachineLacks when a model is insisted on and has no key.
 */
export function chooseModel(settings: AgentSettings, say: (remark: string) => void): ResolvedModel | null {
  if (settings.agent === 'runbook') return null
  try {
    const model = resolveModel(settings.model, process.env, settings)
    requirePrices(model, limitsOf(settings), budgetsOf(settings))
    return model
  } catch (error) {
    if (settings.agent === 'llm' || !(error instanceof MachineLacks)) throw error
    say('no model key: the runbook works instead; set ANTHROPIC_API_KEY for a model, or say --agent runbook')
    return null
  }
}
