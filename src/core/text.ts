/** 1240 -> `1.2 s`, for people; machines get the number. */
export function humanMs(ms: number | null): string {
  if (ms === null) return '-'
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`
  // Round before splitting, so that 119.6 s become 2 m 0 s.
  const seconds = Math.round(ms / 1_000)
  return seconds < 60 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.floor(seconds / 60)} m ${seconds % 60} s`
}

/** Makes control characters of hostile text visible, so that a subject's output cannot drive a terminal or reverse a page. */
export const inert = (text: string): string =>
  text.replace(
    /[^\P{Cc}\n\t]|\p{Bidi_Control}/gu,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )

/**
 * Every text that is hashed, stored or sent goes through this function. It turns a lone surrogate, which JavaScript allows
 * and UTF-8 does not, into U+FFFD. Otherwise SQLite, sockets and files would keep another text than the one that was hashed.
 * Every other character stays, NUL included.
 */
export const wellFormed = (text: string): string => text.toWellFormed()

/** JSON in which every text and every key is well-formed. JSON itself would write a lone surrogate as an escape. */
export const wellFormedJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'string') return wellFormed(part)
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    if (Object.keys(part).every((key) => key.isWellFormed())) return part
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [wellFormed(key), inner]))
  })
