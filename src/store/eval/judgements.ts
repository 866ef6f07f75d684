import { createHash } from 'node:crypto'
import type { EvalDb } from './trials.ts'

/** A question to a model. The same question is asked only once. */
export interface Question {
  /** Kind of judgement, for example `command`. */
  kind: string
  /** The model's complete name, `provider:model-id`. */
  model: string
  /** Hash of the prompt: another prompt is another question. */
  promptVersion: number
  content: string
}

/** The stored answer to the same question, as JSON; undefined: it was never asked. */
export async function judgement(db: EvalDb, question: Question): Promise<unknown> {
  const row = await db
    .selectFrom('judgements')
    .select('answer')
    .where('key', '=', keyOf(question))
    .executeTakeFirst()
  return row && JSON.parse(row.answer)
}

/** Keeps the first answer: callers that asked at the same time all get that one. */
export async function keepJudgement(
  db: EvalDb,
  question: Question,
  answer: unknown,
  now: number,
): Promise<void> {
  await db
    .insertInto('judgements')
    .values({
      key: keyOf(question),
      model: question.model,
      prompt_version: question.promptVersion,
      at: now,
      answer: JSON.stringify(answer),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Two different questions never have the same JSON array to hash. */
const keyOf = ({ kind, model, promptVersion, content }: Question): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, model, promptVersion, content]))
    .digest('hex')
