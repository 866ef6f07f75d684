import { randomInt } from 'node:crypto'
import { type Clock, systemClock } from '../../core/clock.ts'
import { type Rng, rngFrom } from '../../core/rng.ts'
import { ModelRefused, type Work } from '../../core/work/agent.ts'
import { toolNames, type Variant } from '../../core/work/variant.ts'
import type { ResolvedModel } from '../model/model.ts'
import { plusTokens, type Tokens } from '../model/price.ts'
import { systemPrompt, words } from '../prompt.ts'
import { idKeeper } from './answer/well-formed.ts'
import { refusalIn } from './refusal/refusal.ts'
import { patient, type RetryContext, type RetryPolicy, withRetries } from './refusal/retry.ts'
import { toolSet } from './tools.ts'
import type { Transcript } from './transcript.ts'
import { type Turn, TurnBroken, takeTurn } from './turn.ts'
import { meterRoom, type Room } from './window/room.ts'
import { windowOf } from './window/window.ts'

export interface AskOptions {
  model: ResolvedModel
  /** A variant's words: added to the operator's prompt, or in its place. */
  prompt?: { replace?: string; add?: string }
  /** A variant's choice of tools; all there are, and free to call them, unless it says otherwise. */
  tools?: Variant['tools_config']
  retry?: Partial<RetryPolicy>
  /** A server silent for so long is dead. Thinking may take its time. */
  stallMs?: number
  onRetry?: RetryContext['onRetry']
  /** Told what is odd about the server, and what is done about it. */
  onRemark?(remark: string): Promise<void> | void
  clock?: Clock
  /** For the jitter of retries. */
  rng?: Rng
}

/** `mustCall`: a command has to be run first. */
export type Ask = (turn: { mustCall: boolean }) => Promise<Turn>

/** Requests of one turn that are answered by a change of the next. More: the server refuses whatever is sent. */
const maxChanges = 20

/**
 * Asks for one turn: within the window, through retries, and in the form that the server takes, as far as its refusals tell.
 * Reports what all attempts consumed.
 * @throws ModelRefused, ModelUnavailable, LimitReached, or the reason of `work.signal`.
 */
export function asker({ model, ...options }: AskOptions, work: Work, talk: Transcript): Ask {
  const clock = options.clock ?? systemClock
  const { signal } = work
  const { endpoint } = model
  const enabled = options.tools?.enabled_tools ?? toolNames
  const instructions = [
    systemPrompt(work.briefing, options.prompt),
    ...(enabled.length === 0 ? [words.noTools] : []),
  ].join('\n\n')
  const uniqueId = idKeeper()
  const remark = async (text: string) => options.onRemark?.(text)
  let room: Room | null = null
  let unreadable = 0
  const meaning = (error: unknown) => refusalIn(error, clock, endpoint.adjustments)
  const retry: RetryContext = {
    policy: { ...patient, ...options.retry },
    clock,
    rng: options.rng ?? rngFrom(randomInt(2 ** 32)),
    signal,
    diagnose: (error) => {
      const refusal = meaning(error)
      // One answer that its server could not read is often followed by one that it can.
      if (refusal.kind === 'malformed' && unreadable++ === 0) return { kind: 'passing', waitMs: null }
      return refusal.kind === 'passing' ? refusal : { kind: 'lasting' }
    },
    onRetry: options.onRetry,
  }

  return async ({ mustCall }) => {
    unreadable = 0
    let wasted: Tokens | null = null
    const attempt = async (): Promise<Turn> => {
      const window = await windowOf(model, signal)
      // The tool's definition is the rest.
      room ??= meterRoom(talk, instructions.length + 600)
      room.fit(window)
      try {
        return await takeTurn({
          model,
          instructions,
          messages: talk.messages(),
          tools: await toolSet(enabled),
          mustCall: mustCall && model.canForce,
          uniqueId,
          maxOutputTokens: window.outputTokens,
          signal,
          clock,
          stallMs: options.stallMs ?? 300_000,
        })
      } catch (error) {
        if (error instanceof TurnBroken && error.tokens)
          wasted = wasted ? plusTokens(wasted, error.tokens) : error.tokens
        throw error
      }
    }
    for (let changes = 1; ; changes++) {
      let turn: Turn
      try {
        turn = await withRetries(attempt, retry)
      } catch (error) {
        if (!signal.aborted && changes < maxChanges) {
          const instead = await adapt(error)
          if (instead === 'ask again') continue
          if (instead) {
            if (wasted) await spend(wasted)
            return instead
          }
        }
        // An answer that broke off costs money, too.
        if (wasted) await spend(wasted)
        throw error
      }
      for (const text of turn.remarks) await remark(text)
      const cutTo = turn.tokens && room ? room.learn(turn.tokens.input) : null
      if (cutTo !== null && changes < maxChanges && (await shortenTo(cutTo))) {
        // An answer to a prompt without its beginning is none.
        if (turn.tokens) wasted = wasted ? plusTokens(wasted, turn.tokens) : turn.tokens
        continue
      }
      if (turn.end === 'window_full') room?.narrow(null)
      await spend(turn.tokens && wasted ? plusTokens(wasted, turn.tokens) : turn.tokens)
      return turn
    }
  }

  /** Changes what the next request is refused for. null: nothing can be changed. */
  async function adapt(error: unknown): Promise<'ask again' | Turn | null> {
    const refusal = meaning(error)
    switch (refusal.kind) {
      case 'window':
        if (refusal.tokens !== null) endpoint.contextTokens = smaller(endpoint.contextTokens, refusal.tokens)
        if (room?.narrow(refusal.tokens)) return 'ask again'
        throw new ModelRefused(
          `the window of ${model.spec} is too small for instructions and tickets, and nothing can be shortened any more`,
          { cause: error },
        )
      case 'output': {
        const { outputTokens } = await windowOf(model, signal)
        if (outputTokens < 32) return null
        const allowed =
          refusal.tokens !== null && refusal.tokens < outputTokens ? refusal.tokens : outputTokens / 2
        endpoint.maxOutputTokens = Math.floor(allowed)
        if (refusal.window !== null) endpoint.contextTokens = smaller(endpoint.contextTokens, refusal.window)
        return 'ask again'
      }
      case 'adjust':
        endpoint.adjustments.add(refusal.adjustment)
        await remark(`the server does not take the request as it was; from now on: ${refusal.adjustment}`)
        return 'ask again'
      case 'malformed':
        return nothingSaid('unreadable', refusal.why)
      case 'filtered':
        return nothingSaid('refused', refusal.why)
      case 'never':
        throw new ModelRefused(`${model.spec}: ${refusal.why}`, { cause: error })
      case 'passing':
        return null
      default:
        return refusal satisfies never
    }
  }

  async function shortenTo(tokens: number): Promise<boolean> {
    endpoint.contextTokens = smaller(endpoint.contextTokens, tokens)
    await remark(
      `the server cut the request to ${tokens} tokens and did not say so: from now on it is kept shorter; ` +
        '--context-tokens says how large the window is',
    )
    return room?.narrow(tokens) ?? false
  }

  async function spend(tokens: Tokens | null): Promise<void> {
    await work.spend({
      tokensIn: tokens?.input ?? null,
      tokensOut: tokens?.output ?? null,
      tokensCached: tokens?.cacheRead ?? 0,
      costUsd: model.costUsd(tokens),
    })
  }
}

const smaller = (known: number | null, tokens: number): number => Math.min(known ?? tokens, tokens)

/** In the place of an answer that nobody got to see. */
const nothingSaid = (end: Turn['end'], text: string): Turn => ({
  message: null,
  thoughts: [],
  text,
  calls: [],
  end,
  tokens: { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 },
  remarks: [],
})
