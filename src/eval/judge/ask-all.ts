import type { z } from 'zod'
import { learning } from '../../agent/llm/refusal/learning.ts'
import { loadSdk } from '../../agent/llm/sdk.ts'
import { tokensOf } from '../../agent/llm/usage.ts'
import type { ResolvedModel } from '../../agent/model/model.ts'
import type { Tokens } from '../../agent/model/price.ts'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import { judgement, keepJudgement } from '../../store/eval/judgements.ts'
import type { EvalDb } from '../../store/eval/trials.ts'

export interface Asking {
  model: ResolvedModel
  /** Where answers are kept. */
  db: EvalDb
  clock: Clock
  signal: AbortSignal
  /** Requests at a time. */
  concurrency?: number
  /** After a provider that is busy or away. */
  maxRetries?: number
}

/** Properties that all questions of one kind share. */
export interface QuestionKind<T> {
  kind: string
  /** Version of the instructions and of the data sent with them. A change of either makes it a new question. */
  promptVersion: number
  instructions: string
  schema: z.ZodType<T>
  /** The provider leaves it out where a model refuses it. */
  temperature?: number
}

interface Question {
  /** All that is sent beside the instructions. */
  prompt: string
  /** The same prompt is asked again for another one. */
  vote?: number
}

export interface Answers<T> {
  /** In the order of the questions; null: there is none that can be used. */
  answers: (T | null)[]
  /** How many were asked of the model now; the others were known. */
  asked: number
  /** USD; null: the price is not known. */
  costUsd: number | null
  /** Why answers are missing, each reason once. */
  failures: string[]
}

/** A model that fails so often in a row is not asked again. */
const maxFailures = 3

/** Asks a model each question once and for all: what it answered before is known, and what cannot be used is not kept. */
export async function askAll<T>(
  questions: readonly Question[],
  about: QuestionKind<T>,
  asking: Asking,
): Promise<Answers<T>> {
  const { model, db, clock, signal, concurrency = 4 } = asking
  const answers: (T | null)[] = questions.map(() => null)
  const failures = new Set<string>()
  let [next, asked, inARow] = [0, 0, 0]
  let costUsd: number | null = 0

  const answer = async ({ prompt, vote }: Question): Promise<T | null> => {
    const content = vote === undefined ? prompt : `${vote} ${prompt}`
    const key = { kind: about.kind, model: model.spec, promptVersion: about.promptVersion, content }
    const known = about.schema.safeParse(await judgement(db, key))
    if (known.success) return known.data
    if (inARow >= maxFailures) return null
    asked++
    try {
      const { output, tokens } = await ask(prompt, about, asking)
      const cost = model.costUsd(tokens)
      costUsd = costUsd === null || cost === null ? null : costUsd + cost
      await keepJudgement(db, key, output, clock.now())
      inARow = 0
      return output
    } catch (error) {
      signal.throwIfAborted()
      inARow++
      failures.add(messageOf(error))
      return null
    }
  }
  const worker = async () => {
    for (let i = next++; i < questions.length; i = next++) {
      signal.throwIfAborted()
      answers[i] = await answer(questions[i] as Question)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return { answers, asked, costUsd, failures: [...failures] }
}

async function ask<T>(
  prompt: string,
  { instructions, schema, temperature }: QuestionKind<T>,
  { model, clock, signal, maxRetries = 2 }: Asking,
): Promise<{ output: T; tokens: Tokens | null }> {
  const { generateText, Output } = await loadSdk()
  const { output, usage } = await learning(model, clock, async () =>
    generateText({
      model: await model.load(),
      instructions,
      prompt,
      maxRetries,
      maxOutputTokens: 200,
      abortSignal: signal,
      output: Output.object({ schema }),
      ...(temperature !== undefined && { temperature }),
      ...(model.provider === 'anthropic' && { reasoning: 'none' as const }),
    }),
  )
  return { output: output as T, tokens: tokensOf(usage) }
}
