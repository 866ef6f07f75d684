import { z } from 'zod'
import type { Claim } from '../../../core/work/claim.ts'

/** Models vary names and forms a little; the meaning has to be there. */
const text = z.string().trim().max(4000)
const claim = z.object({
  status: z
    .string()
    .transform((status) =>
      status
        .trim()
        .toLowerCase()
        .replace(/[\s-]+/g, '_'),
    )
    .pipe(z.enum(['fixed', 'not_fixed'])),
  rootCause: text.min(1),
  component: text.nullish(),
  actions: z.union([z.array(text), text.transform((action) => [action])]).default([]),
})

/** The claim in a model's last words: the last JSON object that is one. null: there is none. */
export function parseClaim(words: string): Claim | null {
  for (const candidate of candidates(words)) {
    const parsed = claim.safeParse(withOurNames(candidate))
    if (!parsed.success) continue
    const { component, actions, ...rest } = parsed.data
    return { ...rest, actions: actions.filter(Boolean), ...(component ? { component } : {}) }
  }
  return null
}

/** At most this many opening braces are tried: a claim is short and last. */
const maxTries = 200

/** JSON objects in a text, the last first, larger before what they contain at the same end. */
function* candidates(words: string): Generator<object> {
  const end = words.lastIndexOf('}') + 1
  if (end === 0) return
  const opening = [...words.matchAll(/\{/g)].map((brace) => brace.index).slice(-maxTries)
  for (const start of opening) {
    const object = jsonObject(words.slice(start, end))
    if (object) yield object
  }
  // Not the last thing said: every fenced block, the last first.
  const fenced = [...words.matchAll(/```(?:json)?\s*\n([^`]{1,20000})```/gi)].reverse()
  for (const [, body = ''] of fenced) {
    const object = jsonObject(body)
    if (object) yield object
  }
}

function jsonObject(source: string): object | null {
  try {
    const value: unknown = JSON.parse(source)
    return typeof value === 'object' && value !== null ? value : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

const withOurNames = (object: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  )

/** For sessions that end without one: the model's last words stand for it. */
export const noClaim = (words: string): Claim =>
  words.trim() === ''
    ? unclaimed('the model gave no answer')
    : { status: 'not_fixed', rootCause: words.trim().slice(0, 4000), actions: [] }

/** The same where the reason is ours, and nobody's diagnosis. */
export const unclaimed = (reason: string): Claim => ({
  status: 'not_fixed',
  rootCause: reason.trim().slice(0, 4000),
  actions: [],
  unclaimed: true,
})
