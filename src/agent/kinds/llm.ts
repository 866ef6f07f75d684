import { randomBytes } from 'node:crypto'
import type { AgentKind, Work } from '../../core/work/agent.ts'
import type { Claim } from '../../core/work/claim.ts'
import { LimitReached } from '../../core/work/limits.ts'
import { noClaim, parseClaim, unclaimed } from '../llm/answer/claim.ts'
import { callsInText, wantsToCall } from '../llm/answer/text-calls.ts'
import { type AskOptions, asker } from '../llm/ask.ts'
import { type Answered, answerCalls } from '../llm/tools.ts'
import { transcript } from '../llm/transcript.ts'
import type { Turn } from '../llm/turn.ts'
import { openingMessages, words } from '../prompt.ts'

/** The model, a variant's words, and how patient to be. */
export type LlmOptions = AskOptions

/**
 * A language model with one tool. Each turn is one request: its tools run only when the answer has arrived whole, so
 * a turn can be asked for again without running anything twice.
 * @throws LimitReached, the reason of `work.signal`, ModelUnavailable or ModelRefused.
 */
export function llmAgent(options: LlmOptions): AgentKind {
  return async (work) => {
    const mark = `output-${randomBytes(9).toString('base64url')}`
    const talk = transcript(openingMessages(work, mark))
    const ask = asker(options, work, talk)
    let nudged: string[] = []
    let mustCall = options.tools?.tool_choice === 'required'

    for (let turns = 1; ; turns++) {
      if (turns > work.limits.turns)
        throw new LimitReached('turns', `no claim within ${work.limits.turns} turns`)
      const turn = await ask({ mustCall })
      work.signal.throwIfAborted()
      for (const thought of turn.thoughts) await work.note(thought)

      const next = await respond(turn, work, mark, { nudged, mustCall })
      if ('claim' in next) return next.claim
      if (next.replies.some((reply) => !reply.isError)) {
        mustCall = false
        nudged = []
      }
      if (next.nudge) nudged = [...nudged, next.nudge]
      const left = work.limits.turns - turns
      const warning = left <= 3 && left > 0 ? [words.lastTurns(left)] : []
      const remarks = [...(next.nudge ? [next.nudge] : []), ...warning]
      // A refused answer would only be continued, and calls of an unreadable one have no replies.
      const isKept = turn.end !== 'refused' && turn.end !== 'unreadable'
      talk.add(isKept ? turn.message : null, next.replies, remarks)
    }
  }
}

/** A model that cannot be brought to call its tool in so many turns in a row will not. */
const mostInVain = 6

/** Runs what was asked for, or ends the session, or says what is missing: each thing once until a command ran. */
async function respond(
  turn: Turn,
  work: Work,
  mark: string,
  { nudged, mustCall }: { nudged: readonly string[]; mustCall: boolean },
): Promise<{ claim: Claim } | Answered> {
  const { end, calls, text } = turn
  const nudge = (words: string, most = 1) =>
    nudged.filter((earlier) => earlier === words).length < most ? { nudge: words, replies: [] } : null
  if (end === 'refused') return nudge(words.refused) ?? { claim: unclaimed(`the model refused: ${text}`) }
  if (end === 'unreadable')
    return (
      nudge(words.unreadable, mostInVain) ?? {
        claim: unclaimed(`its server could not read the model's calls: ${text}`),
      }
    )
  const complete = end === 'done'
  if (calls.length > 0) return await answerCalls(calls, work, mark, { run: complete })
  // Whatever such an answer claims, it claims of commands that were never run.
  const claim = callsInText(text) ? null : parseClaim(text)
  const asText = claim === null && wantsToCall(text)
  if (asText && complete)
    return (
      nudge(words.callAsText, mostInVain) ?? {
        claim: unclaimed('the model wrote its calls as text; nothing was run'),
      }
    )
  if (mustCall && complete)
    return nudge(words.mustCall) ?? { claim: noClaim(`no command was run; it said: ${text}`) }
  if (claim) return { claim }
  const cut = complete ? null : nudge(words.cut)
  if (cut) return cut
  const asked = nudged.includes(words.claimMissing) || nudged.includes(words.justJson)
  if (asked || !complete) return { claim: noClaim(text) }
  return { nudge: text.includes('{') ? words.justJson : words.claimMissing, replies: [] }
}
