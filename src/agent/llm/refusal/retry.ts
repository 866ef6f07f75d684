import type { Clock } from '../../../core/clock.ts'
import { messageOf } from '../../../core/errors.ts'
import type { Rng } from '../../../core/rng.ts'

export interface RetryPolicy {
  /** Attempts for one turn, including the first. */
  attempts: number
  /** Upper limit of the first wait. It doubles with every attempt, up to `maxMs`; the wait is random, between half of it and all of it. */
  baseMs: number
  maxMs: number
  /** Limit of all waits together. If a server asks for a longer wait, the turn fails. */
  patienceMs: number
}

/** Four to eight minutes in total: an overload has time to pass, and a person still learns of it soon. */
export const patient: RetryPolicy = { attempts: 12, baseMs: 1_000, maxMs: 90_000, patienceMs: 480_000 }

/** The model could not be reached. This says nothing about the cluster, so it does not count as the agent's result. */
export class ModelUnavailable extends Error {
  override name = 'ModelUnavailable'
}

/** Whether an error of a turn will pass; `waitMs`: how long the server asks to wait, null if it does not say. */
export type Diagnosis = { kind: 'passing'; waitMs: number | null } | { kind: 'lasting' }

export interface RetryContext {
  policy: RetryPolicy
  clock: Clock
  rng: Rng
  signal: AbortSignal
  diagnose(error: unknown): Diagnosis
  onRetry?: ((retry: Retry) => Promise<void> | void) | undefined
}

export interface Retry {
  attempt: number
  waitMs: number
  error: string
}

/** Repeats the turn until it succeeds, the attempts are used up (ModelUnavailable), an error is lasting, or the signal aborts. */
export async function withRetries<T>(attempt: () => Promise<T>, context: RetryContext): Promise<T> {
  const { policy, clock, signal } = context
  let waitedMs = 0
  for (let tried = 1; ; tried++) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      if (signal.aborted) throw signal.reason
      const diagnosis = context.diagnose(error)
      if (diagnosis.kind === 'lasting') throw error
      const waitMs = Math.max(diagnosis.waitMs ?? 0, backoffMs(tried, policy, context.rng))
      if (tried >= policy.attempts || waitedMs + waitMs > policy.patienceMs)
        throw new ModelUnavailable(`the model could not be reached in ${tried} attempts`, { cause: error })
      await context.onRetry?.({ attempt: tried, waitMs, error: messageOf(error) })
      await clock.sleep(waitMs, signal)
      waitedMs += waitMs
    }
  }
}

function backoffMs(tried: number, { baseMs, maxMs }: RetryPolicy, rng: Rng): number {
  const full = Math.min(maxMs, baseMs * 2 ** (tried - 1))
  return Math.round(full * (0.5 + rng.next() / 2))
}

/** Both forms of Retry-After, seconds and a date; never longer than an hour, never negative. */
export function retryAfterMs(headers: Record<string, string> | undefined, now: number): number | null {
  const precise = Number(headers?.['retry-after-ms'] ?? Number.NaN)
  if (Number.isFinite(precise)) return bounded(precise)
  const value = headers?.['retry-after']
  if (!value) return null
  const seconds = Number(value)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now
  return Number.isFinite(ms) ? bounded(ms) : null
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const part =
  /(\d+(?:\.\d+)?) ?(ms|millis\w*|s(?:ec\w*)?|m(?:in\w*)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)(?![a-z]),? ?(?:and )?/iy

/** The wait as the error's text says it: `try again in 1m9.7s`, `retryDelay: 34s`, `resets in 16 days`. null: the text does not say. */
export function waitInWords(text: string): number | null {
  const [, said = ''] =
    /(?:again|retry|resets?|wait)(?:[ _]?(?:in|after|delay|for))?:? ?(\d[\w., ]*)/i.exec(text) ?? []
  // Without a unit they are seconds, as in the header.
  const bare = /^\d+(?:\.\d+)?(?=\.? *$|\. |,)/.exec(said)
  if (bare) return bounded(Number(bare) * 1_000)
  let ms: number | null = null
  part.lastIndex = 0
  for (let found = part.exec(said); found; found = part.exec(said)) {
    const [, amount, unit = ''] = found
    const each = /^m(?:s|illi)/i.test(unit) ? 1 : unitMs[unit.charAt(0).toLowerCase() as keyof typeof unitMs]
    ms = (ms ?? 0) + Number(amount) * each
  }
  return ms === null ? null : bounded(ms)
}

const bounded = (ms: number): number => Math.min(3_600_000, Math.max(0, ms))
