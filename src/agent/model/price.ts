import { createRequire } from 'node:module'
import { BadInput } from '../../core/errors.ts'

/** Tokens of one turn. `input` includes tokens that were read from the cache or written to it. */
export interface Tokens {
  input: number
  cacheRead: number
  cacheWrite: number
  output: number
}

export const plusTokens = (a: Tokens, b: Tokens): Tokens => ({
  input: a.input + b.input,
  cacheRead: a.cacheRead + b.cacheRead,
  cacheWrite: a.cacheWrite + b.cacheWrite,
  output: a.output + b.output,
})

export interface Price {
  /** USD. */
  cost(tokens: Tokens): number
  /** Size of the model's window, where the price list knows it. */
  contextTokens: number | null
}

/** USD per million tokens, as a person gives them; cached input is then charged like any other. */
export interface OwnPrice {
  input: number
  output: number
}

export function ownPrice({ input, output }: OwnPrice): Price {
  for (const [name, usd] of Object.entries({ input, output }))
    if (!Number.isFinite(usd) || usd < 0)
      throw new BadInput(`price per million ${name} tokens: ${usd} is not an amount of USD`)
  const cost = (tokens: Tokens) => (tokens.input * input + tokens.output * output) / 1e6
  return { cost, contextTokens: null }
}

/** Loaded when it is first asked: making the list takes a tenth of a monitor's start, and the monitor has no use for it. */
const prices = (): typeof import('@pydantic/genai-prices') =>
  createRequire(import.meta.url)('@pydantic/genai-prices')

/** From the price list that comes with the installation; null: it does not know this model. */
export function listedPrice(
  id: string,
  from: { providerId: string } | { providerApiUrl: string },
): Price | null {
  const found = prices().calcPrice({ input_tokens: 1, output_tokens: 1 }, id, from)
  // The list also matches by prefix, which would give a newer model the price of its predecessor.
  if (!found || !isSameModel(id, found.model.id)) return null
  return {
    contextTokens: found.model.context_window ?? null,
    cost: ({ input, cacheRead, cacheWrite, output }) => {
      const usage = {
        input_tokens: input,
        cache_read_tokens: cacheRead,
        cache_write_tokens: cacheWrite,
        output_tokens: output,
      }
      const price = prices().calcPrice(usage, id, from)
      if (!price) throw new Error(`the price of ${id} was known at start and is no longer`)
      return price.total_price
    },
  }
}

/** The same, or the same with a date or `latest` after it. */
const isSameModel = (id: string, listed: string): boolean =>
  id.startsWith(listed) && /^(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|-latest|-0)?$/.test(id.slice(listed.length))
