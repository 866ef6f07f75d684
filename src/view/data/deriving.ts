/** The process of derive.ts: answers one question. */

import { compare } from '../../eval/compare/compare.ts'
import { analyze } from '../../eval/report/analyze.ts'
import { unfinishedIn } from '../../eval/report/summaries.ts'
import { type EvalDb, readEvalDb } from '../../store/eval/trials.ts'
import type { Answer, Question } from './derive.ts'
import { storedSummaries } from './summaries.ts'

/** Comparing more trials than this takes too long for a page. */
const comparedAtOnce = 4_000

async function answerTo(db: EvalDb, question: Question): Promise<Answer<Question>> {
  switch (question.kind) {
    case 'analysis':
      return analyze(await storedSummaries(db, question.campaign))
    case 'comparison': {
      const reference = await side(db, question.reference)
      const candidate = await side(db, question.candidate)
      const trials = reference.trials.length + candidate.trials.length
      return trials > comparedAtOnce ? null : compare(reference, candidate)
    }
    default:
      return question satisfies never
  }
}

async function side(db: EvalDb, campaign: number) {
  const rows = await storedSummaries(db, campaign)
  const scorers = [...new Set(rows.flatMap(({ scorerVersion }) => scorerVersion ?? []))]
  const unfinished = await unfinishedIn(db, [campaign])
  return { name: `c${campaign}`, trials: rows.map(({ summary }) => summary), scorers, unfinished }
}

process.once('message', async ({ file, question }: { file: string; question: Question }) => {
  await using db = readEvalDb(file).db
  process.send?.(await answerTo(db, question))
})
