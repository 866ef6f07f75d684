import type { LanguageModelUsage } from 'ai'
import type { Tokens } from '../model/price.ts'

/** null: unknown. Some servers send no usage, some one of nulls or of zeros, and no request has no tokens. */
export function tokensOf({
  inputTokens,
  outputTokens,
  inputTokenDetails,
  raw,
}: LanguageModelUsage): Tokens | null {
  const said = raw as { prompt_tokens?: number | null; completion_tokens?: number | null } | undefined
  if (inputTokens === undefined || outputTokens === undefined || inputTokens <= 0) return null
  if (said?.prompt_tokens === null || said?.completion_tokens === null) return null
  return {
    input: inputTokens,
    cacheRead: inputTokenDetails.cacheReadTokens ?? 0,
    cacheWrite: inputTokenDetails.cacheWriteTokens ?? 0,
    output: outputTokens,
  }
}
