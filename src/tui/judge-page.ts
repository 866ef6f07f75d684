import type { JudgeAccuracy } from '../eval/judge/accuracy.ts'
import type { Judged } from '../eval/judge/judge.ts'
import { inert, table } from './text.ts'

interface Row extends Judged {
  trial: string
  truth: string
  claim: string
  /** The verdict of the rules. */
  rules: string
}

/** Verdicts on the claims of trials, for a person at a terminal. */
export function judgedPage(rows: readonly Row[]): string {
  if (rows.length === 0) return 'no claims: no agent worked, or none came to say anything'
  const scored = rows.filter(({ verdict }) => verdict !== 'unscored')
  const right = scored.filter(({ verdict }) => verdict === 'right').length
  const agreed = scored.filter(({ verdict, rules }) => (verdict === 'right') === (rules === 'right')).length
  return [
    table(
      ['trial', 'model', 'votes', 'rules', 'truth', 'claim'],
      rows.map(({ trial, verdict, votes, rules, truth, claim }) => [
        trial,
        verdict,
        votes.map((vote) => vote ?? '-').join(' '),
        rules,
        short(truth, 40),
        short(claim, 70),
      ]),
    ),
    `${right} of ${scored.length} claims name the root cause; rules and model agree on ${agreed} of ${scored.length}`,
  ].join('\n\n')
}

export function judgeAccuracyPage(title: string, accuracy: JudgeAccuracy): string {
  const { claims, unscored, precision, recall, misses } = accuracy
  const head = `${title}: ${claims} claims, precision ${percent(precision)}, recall ${percent(recall)}`
  const missed = misses.map(({ truth, label, said, claim }) => [truth, label, said, short(claim, 80)])
  return [
    unscored > 0 ? `${head}, ${unscored} unscored` : head,
    ...(missed.length > 0 ? [table(['truth', 'label', 'said', 'claim'], missed)] : []),
  ].join('\n')
}

const percent = ({ share, of, interval }: JudgeAccuracy['precision']): string => {
  if (share === null || !interval) return '-'
  const [low, high] = interval.map((limit) => Math.round(limit * 100))
  return `${(share * 100).toFixed(1)} % of ${of} (${low}-${high})`
}

function short(text: string, width: number): string {
  const line = inert(text).replace(/\s+/g, ' ')
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`
}
