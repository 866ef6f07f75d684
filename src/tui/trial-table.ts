import type { Line } from '../eval/report/summaries.ts'
import { whyOf } from '../eval/report/why.ts'
import { inert, table } from './text.ts'

/** The trials of a campaign, a line each. */
export function trialTable(trials: readonly Line[]): string {
  return table(
    [
      'trial',
      'chaos',
      'target',
      'agent',
      'arm',
      'outcome',
      'detect s',
      'resolve s',
      'recover s',
      'total s',
      'why',
    ],
    trials.map(({ id, spec, state, startedAt, endedAt, outcome, summary }) => [
      `t${id}`,
      summary?.chaos ?? spec.faults.map(({ chaosType }) => chaosType).join('+'),
      inert(summary?.target ?? spec.faults.map(({ target }) => target).join('+')),
      spec.baseline ? 'none' : spec.agent,
      spec.baseline ? 'baseline' : spec.variant.name,
      outcome?.kind ?? state,
      seconds(summary?.detectMs ?? null),
      seconds(summary?.resolveMs ?? null),
      seconds(summary?.recoverMs ?? null),
      seconds(startedAt === null || endedAt === null ? null : endedAt - startedAt),
      inert(outcome ? whyOf(outcome) : ''),
    ]),
  )
}

const seconds = (ms: number | null): string => (ms === null ? '-' : (ms / 1000).toFixed(1))
