import type { Transcript } from '../transcript.ts'
import type { Window } from './window.ts'

/** How much of a conversation a request can have. Counted in characters: what they are in tokens is learned. */
export interface Room {
  /** Shortens the conversation where it is longer than fits. */
  fit(window: Window): void
  /**
   * The request was too long, for a window of that many tokens if it is known: shortens the conversation in any case. False:
   * nothing more can go, and the same request must not be sent again.
   */
  narrow(tokens: number | null): boolean
  /** Learns from the server's token count. Returns the number of tokens to which it silently cut the request; null: it did not. */
  learn(inputTokens: number): number | null
}

/** Well below what fits, so that it happens rarely: each change of the past costs the cache and the thinking. */
const afterwards = 0.6
const refusedPart = 0.7

/** `fixedChars`: instructions and tools. */
export function meterRoom(talk: Transcript, fixedChars: number): Room {
  // Corrected by what the provider counts: texts differ, and so do tokenizers.
  let charsPerToken = 3
  let mostTokens = Number.POSITIVE_INFINITY
  let outputTokens = 0
  /** The last request that the server counted; null after it was shortened. */
  let before: { chars: number; tokens: number } | null = null
  const chars = () => talk.chars() + fixedChars

  const shrink = (targetChars: number): boolean => {
    const was = talk.chars()
    talk.shrink(Math.max(0, targetChars))
    if (talk.chars() < was) before = null
    return talk.chars() < was
  }

  return {
    fit: (window) => {
      outputTokens = window.outputTokens
      const tokens = Math.min(window.contextTokens - window.outputTokens, mostTokens)
      const room = tokens * charsPerToken - fixedChars
      if (talk.chars() > room) shrink(room * afterwards)
    },
    narrow: (tokens) => {
      const sent = chars() / charsPerToken
      mostTokens = Math.min(
        mostTokens,
        tokens === null ? refusedPart * sent : tokens - Math.min(outputTokens, tokens / 4),
      )
      const room = mostTokens * charsPerToken - fixedChars
      return shrink(Math.min(room, talk.chars()) * refusedPart)
    },
    learn: (inputTokens) => {
      const now = { chars: chars(), tokens: inputTokens }
      const cut = isCut(before, now)
      before = cut ? null : now
      if (cut) return inputTokens
      charsPerToken = Math.min(4, Math.max(1, now.chars / inputTokens))
      return null
    },
  }
}

/** Servers that count only what their cache did not have count less from turn to turn: that is no cut. */
const leastTokens = 1_000

/** Text was added and nothing, or next to nothing, was counted for it. */
function isCut(
  before: { chars: number; tokens: number } | null,
  now: { chars: number; tokens: number },
): boolean {
  if (now.tokens < leastTokens) return false
  // No text of ours has so many characters in a token.
  if (now.chars > 20_000 && now.chars / now.tokens > 12) return true
  if (!before || now.tokens < before.tokens / 2) return false
  const added = now.chars - before.chars
  return added >= 1_500 && now.tokens - before.tokens < added / 20
}
