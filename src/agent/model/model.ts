import type { AnthropicProvider } from '@ai-sdk/anthropic'
import type { LanguageModel, streamText } from 'ai'
import { BadInput, MachineLacks } from '../../core/errors.ts'
import { type Endpoint, endpoint, wire } from '../llm/wire.ts'
import { listedPrice, type OwnPrice, ownPrice, type Price, type Tokens } from './price.ts'

/** The models that the installed SDK's types know; any other name is passed on as it is. */
type KnownClaude = Extract<Parameters<AnthropicProvider['languageModel']>[0], `claude-${string}`>

/** The newest Opus and Haiku of the installed SDK: a test reads its types and fails when there is a newer one. */
const newestOpus = 'claude-opus-5-5' satisfies KnownClaude
const newestHaiku = 'claude-haiku-5-5' satisfies KnownClaude

export const defaultModel = `anthropic:${newestOpus}`
export const defaultSummaryModel = `anthropic:${newestHaiku}`

export const providers = ['anthropic', 'openai-compatible'] as const
export type ProviderName = (typeof providers)[number]

export interface ModelOptions {
  /** Before OPERATOR_BASE_URL and ANTHROPIC_BASE_URL. */
  baseUrl?: string
  /** Both or none. USD per million tokens. */
  priceIn?: number
  priceOut?: number
  /** The size of the window, where it is not known or is to be smaller. */
  contextTokens?: number
  /** The most that one answer may have. */
  outputTokens?: number
}

export type ProviderOptions = NonNullable<Parameters<typeof streamText>[0]['providerOptions']>

/** A model that can be asked, and what is known of it. */
export interface ResolvedModel {
  /** `provider:model-id`, complete, as it is recorded. */
  spec: string
  provider: ProviderName
  id: string
  /** null: neither was it given, nor does the price list know it; the server may tell. */
  contextTokens: number | null
  /** null: as much as leaves the window room for a conversation. */
  maxOutputTokens: number | null
  baseUrl: string
  /** Goes with every request to the server: its key. */
  headers: Record<string, string>
  /** Knowledge about the server. */
  endpoint: Endpoint
  providerOptions: ProviderOptions
  /** USD; null: the price is not known, or nobody counted. */
  costUsd(tokens: Tokens | null): number | null
  priced: boolean
  /** Whether a call of a tool can be demanded: models that always think refuse that. */
  canForce: boolean
  /** Loads the SDK: 0.1 s that only those pay who use a model. `way`: in place of the usual one to the server. */
  load(way?: typeof fetch): Promise<LanguageModel>
}

type Env = Record<string, string | undefined>

/**
 * `anthropic:claude-...`, a bare `claude-...`, or `openai-compatible:NAME` at a base URL.
 * @throws BadInput for a name or price that cannot be, MachineLacks when the key is missing.
 */
export function resolveModel(spec: string, env: Env, options: ModelOptions = {}): ResolvedModel {
  const { provider, id } = parseSpec(spec)
  switch (provider) {
    case 'anthropic':
      return anthropic(id, env, options)
    case 'openai-compatible':
      return openaiCompatible(id, env, options)
    default:
      return provider satisfies never
  }
}

/** A model's complete name, `provider:model-id`. @throws BadInput when it can be none. */
export function modelSpec(text: string): string {
  const { provider, id } = parseSpec(text)
  return `${provider}:${id}`
}

/** @throws BadInput when money is limited and what the model costs is not known. */
export function requirePrice(model: ResolvedModel, limits: { costUsd: number | null }): void {
  if (limits.costUsd === null || model.priced) return
  throw new BadInput(
    `sessions are limited to ${limits.costUsd} USD, but the price of ${model.spec} is not known: ` +
      'give it (--price-in and --price-out, USD per million tokens) or lift the limit on money',
  )
}

function parseSpec(spec: string): { provider: ProviderName; id: string } {
  const colon = spec.indexOf(':')
  const provider = providers.find((name) => name === spec.slice(0, colon))
  if (provider && colon + 1 < spec.length) return { provider, id: spec.slice(colon + 1) }
  if (/^claude-[\w.@-]+$/.test(spec)) return { provider: 'anthropic', id: spec }
  throw new BadInput(
    `model ${JSON.stringify(spec)}: allowed are ${providers.map((name) => `${name}:MODEL`).join(', ')} ` +
      `and a bare claude-..., for example ${defaultModel}`,
  )
}

function anthropic(id: string, env: Env, options: ModelOptions): ResolvedModel {
  const apiKey = env.ANTHROPIC_API_KEY
  const authToken = env.ANTHROPIC_AUTH_TOKEN
  if (!apiKey && !authToken)
    throw new MachineLacks(
      `no key for ${id}: set ANTHROPIC_API_KEY; agents can go without a model: --agent runbook`,
    )
  const baseURL = versioned(options.baseUrl || env.ANTHROPIC_BASE_URL || 'https://api.anthropic.com')
  // The thinking of newer models is always on, and left out of the answer unless it is asked for.
  const thinking = { thinking: { type: 'adaptive', display: 'summarized' } } as const
  const known = common('anthropic', id, baseURL, listedPrice(id, { providerId: 'anthropic' }), options)
  return {
    ...known,
    headers: { 'anthropic-version': '2023-06-01', ...(apiKey ? { 'x-api-key': apiKey } : bearer(authToken)) },
    maxOutputTokens: options.outputTokens ?? 32_000,
    providerOptions: thinksAdaptively(id) ? { anthropic: thinking } : {},
    canForce: !thinksAdaptively(id),
    load: async (way = wire(known)) => {
      const { createAnthropic } = await import('@ai-sdk/anthropic')
      return createAnthropic({
        baseURL,
        fetch: way,
        ...(apiKey ? { apiKey } : { authToken: authToken ?? '' }),
      })(id)
    },
  }
}

function openaiCompatible(id: string, env: Env, options: ModelOptions): ResolvedModel {
  const baseURL = options.baseUrl || env.OPERATOR_BASE_URL
  if (!baseURL)
    throw new BadInput(
      `openai-compatible:${id}: where is the server? Give --base-url or OPERATOR_BASE_URL, ` +
        'for example http://127.0.0.1:11434/v1',
    )
  const apiKey = env.OPENAI_API_KEY
  const url = checkedUrl(baseURL).href
  const known = common('openai-compatible', id, url, listedPrice(id, { providerApiUrl: url }), options)
  return {
    ...known,
    headers: bearer(apiKey),
    maxOutputTokens: options.outputTokens ?? null,
    providerOptions: {},
    canForce: true,
    load: async (way = wire(known)) => {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
      const key = apiKey ? { apiKey } : {}
      const server = { name: 'openai-compatible', baseURL: url, includeUsage: true, fetch: way }
      return createOpenAICompatible({ ...server, ...key })(id)
    },
  }
}

const bearer = (key: string | undefined): Record<string, string> =>
  key ? { authorization: `Bearer ${key}` } : {}

function common(
  provider: ProviderName,
  id: string,
  baseUrl: string,
  listed: Price | null,
  options: ModelOptions,
) {
  const price = ownPriceOf(options) ?? listed
  return {
    baseUrl,
    endpoint: endpoint(baseUrl, id),
    spec: `${provider}:${id}`,
    provider,
    id,
    contextTokens: options.contextTokens ?? listed?.contextTokens ?? null,
    costUsd: (tokens: Tokens | null) => (tokens === null ? null : (price?.cost(tokens) ?? null)),
    priced: price !== null,
  }
}

function ownPriceOf({ priceIn, priceOut }: ModelOptions): Price | null {
  if (priceIn === undefined && priceOut === undefined) return null
  if (priceIn === undefined || priceOut === undefined)
    throw new BadInput('--price-in and --price-out go together: USD per million tokens')
  return ownPrice({ input: priceIn, output: priceOut } satisfies OwnPrice)
}

/** Models before the 4.6 generation know only budgets of thinking, which we leave off. */
const thinksAdaptively = (id: string): boolean =>
  id.includes('claude-') && !/claude-(?:v?[123]\b|instant|(?:opus|sonnet|haiku)-4-(?:[015]\b|\d{8}))/.test(id)

/** The variable is used with and without `/v1`; the SDK wants it with. */
function versioned(baseUrl: string): string {
  const url = checkedUrl(baseUrl)
  if (url.pathname === '/') url.pathname = '/v1'
  return url.href
}

function checkedUrl(text: string): URL {
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new BadInput(`base URL ${JSON.stringify(text)}: must be http(s)://host[:port][/path]`)
}
