import { createHash } from 'node:crypto'
import type { EvalDb } from './trials.ts'

/** What was asked of a model: the same question is asked once. */
export interface Question {
  /** What is judged, for example `command`. */
  kind: string
  /** The model's complete name, `provider:model-id`. */
  model: string
  /** Of the prompt: another prompt is another question. */
  promptVersion: number
  content: string
}

/** The answer to a question that was asked before, as JSON gave it; undefined: never asked. */
export async function judgement(db: EvalDb, question: Question): Promise<unknown> {
  const row = await db
    .selectFrom('judgements')
    .select('answer')
    .where('key', '=', keyOf(question))
    .executeTakeFirst()
  return row && JSON.parse(row.answer)
}

/** The first answer stays: whoever asked at the same time gets that one from then on. */
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

/** As JSON of an array no two different questions have the same text to hash. */
const keyOf = ({ kind, model, promptVersion, content }: Question): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, model, promptVersion, content]))
    .digest('hex')
