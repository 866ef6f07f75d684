import type { Clock } from '../../core/clock.ts'
import { plus, sumOf, type Usage } from '../../core/work/agent.ts'
import { LimitReached, type Limits } from '../../core/work/limits.ts'

export interface Spent {
  turns: number
  /** These are null once they were unknown of a turn. */
  tokensIn: number | null
  tokensOut: number | null
  tokensCached: number
  costUsd: number | null
}

/** Counts what a session consumes, and ends it at its limits. */
export interface Meter extends Disposable {
  /** One turn; it is counted before LimitReached is thrown. */
  spend(usage: Usage): void
  /** @throws LimitReached when the session's time is over. */
  check(): void
  readonly spent: Readonly<Spent>
  /** Aborts with LimitReached when the session's time is over. */
  readonly signal: AbortSignal
}

export function meter(limits: Limits, clock: Clock): Meter {
  const startedAt = clock.now()
  const spent: Spent = { turns: 0, tokensIn: 0, tokensOut: 0, tokensCached: 0, costUsd: 0 }
  const deadline = new AbortController()
  const disposed = new AbortController()

  const timeIsOver = () =>
    new LimitReached('sessionMs', `the session's time is over: ${limits.sessionMs / 1000} s`)
  clock.sleep(limits.sessionMs, disposed.signal).then(
    () => deadline.abort(timeIsOver()),
    (error: unknown) => {
      // Rejecting is what a sleep does when the session ended before its time.
      if (!disposed.signal.aborted) deadline.abort(error)
    },
  )

  const check = () => {
    deadline.signal.throwIfAborted()
    if (clock.now() - startedAt >= limits.sessionMs) throw timeIsOver()
  }

  return {
    spent,
    signal: deadline.signal,
    check,
    spend: (usage) => {
      spent.turns++
      Object.assign(spent, sumOf(spent, usage))
      const passed = passedLimit(limits, spent)
      if (passed) throw passed
      check()
    },
    [Symbol.dispose]: () => disposed.abort(),
  }
}

function passedLimit(limits: Limits, spent: Spent): LimitReached | null {
  const { turns, tokensIn, tokensOut, costUsd } = spent
  if (turns > limits.turns) return new LimitReached('turns', `more than ${limits.turns} turns`)
  const tokens = plus(tokensIn, tokensOut)
  // Unknown consumption cannot be limited, so such a session ends.
  if (limits.tokens !== null && tokens === null)
    return new LimitReached(
      'tokens',
      `the server does not say how many tokens a turn took, so ${limits.tokens} cannot be kept to: --tokens none lifts the limit`,
    )
  if (limits.tokens !== null && tokens !== null && tokens > limits.tokens)
    return new LimitReached('tokens', `${tokens} tokens, allowed are ${limits.tokens}`)
  if (limits.costUsd === null) return null
  if (costUsd === null) return new LimitReached('costUsd', unknownCost(tokens, limits.costUsd))
  if (costUsd > limits.costUsd)
    return new LimitReached('costUsd', `${costUsd.toFixed(4)} USD, allowed are ${limits.costUsd}`)
  return null
}

const unknownCost = (tokens: number | null, allowedUsd: number): string =>
  tokens === null
    ? `the server does not say how many tokens a turn took, so what it cost is unknown and ${allowedUsd} USD cannot be kept to: --cost none lifts the limit`
    : 'the price of the model is not known'
