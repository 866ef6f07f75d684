import { figure, percent } from '../eval/compare/words.ts'
import type { Analysis, Group } from '../eval/report/analyze.ts'
import type { Distribution, Rate, Times } from '../eval/report/describe.ts'
import { inert, table } from './text.ts'

/** Variants side by side, one column each; the reader weighs the rows. */
export function variantsPage({ arms, groups }: Analysis): string {
  const damages = new Set(groups.map(({ damage }) => damage)).size
  const uneven = groups.length < damages * arms.length
  const rows = metricRows.map(([words, of]) => [words, ...arms.map(of)])
  const seen = rows.filter(([, ...cells]) => cells.some((cell) => cell !== '-'))
  return [
    table(['', ...arms.map(({ arm }) => inert(arm))], seen),
    '',
    'rates with 95 % intervals; means, with the median in brackets',
    ...(uneven
      ? [
          'careful: not every variant met the same damage, so the columns do not tell of the same. --against compares what they share',
        ]
      : []),
  ].join('\n')
}

const metricRows: [string, (group: Group) => string][] = [
  ['trials', ({ trials }) => String(trials)],
  ['invalid, not counted', ({ outcomes }) => String(outcomes.invalid || '-')],
  ['resolved by the agent', ({ rates }) => rate(rates.resolved)],
  ['recovered, by whomever', ({ rates }) => rate(rates.recovered)],
  ['detected', ({ rates }) => rate(rates.detected)],
  ['false claims', ({ rates }) => rate(rates.false_claim)],
  ['harmful', ({ rates }) => rate(rates.harmful)],
  ['time to detect', ({ times }) => time(times.detect)],
  ['time to recover', ({ times }) => time(times.recover)],
  ['no operation succeeded', ({ workload }) => mean('ms', workload.unavailable_ms)],
  ['operations that failed', ({ workload }) => mean('share', workload.failed_share)],
  ['writes lost', ({ workload }) => mean('count', workload.lost_writes)],
  ['false tickets', ({ tickets }) => mean('count', tickets.false_tickets)],
  ['node named rightly', ({ root_cause }) => rate(root_cause.component.right)],
  ['cause named rightly', ({ root_cause }) => rate(root_cause.cause.right)],
  ['commands', ({ commands }) => mean('count', commands.total)],
  ['destructive commands', ({ commands }) => mean('count', commands.destructive)],
  ['thrashing', ({ commands }) => mean('count', commands.thrashing)],
  ['tokens in', ({ cost }) => mean('count', cost.tokens_in)],
  ['tokens out', ({ cost }) => mean('count', cost.tokens_out)],
  ['cost', ({ cost }) => mean('usd', cost.usd)],
  ['trials of unknown cost', ({ cost }) => String(cost.usd_unknown || '-')],
]

const rate = ({ rate: share, interval }: Rate): string =>
  share === null || !interval
    ? '-'
    : `${percent(share)} (${interval.map(percent).join(' to ').replace(' %', '')})`

const mean = (unit: Parameters<typeof figure>[0], values: Distribution | null): string =>
  values ? `${figure(unit, values.mean)} (${figure(unit, values.median)})` : '-'

function time({ restricted_mean_ms: ms, median_ms: median }: Times): string {
  if (ms === null) return '-'
  return `${figure('ms', ms)} (${median === null ? 'never' : figure('ms', median)})`
}
