import type { Comparison, MetricDocument } from '../eval/compare/compare.ts'
import { change, changes, figure } from '../eval/compare/words.ts'
import { inert, table } from './text.ts'

/** How many kinds of left-out trials are named. */
const named = 8

/** A comparison for a person: first the verdict in words, then its basis. */
export function comparisonPage(comparison: Comparison): string {
  const { verdict, reference, candidate, metrics } = comparison
  const rows = metrics.map((metric) => [
    metric.words,
    trialsText(metric),
    ...[reference, candidate].map((_, side) => valueText(metric, side === 0 ? 'reference' : 'candidate')),
    ...differenceText(metric),
    pText(metric.p),
    metric.name === comparison.primary ? '' : pText(metric.p_holm),
    metric.verdict === 'inconclusive' ? '' : metric.verdict,
  ])
  const head = [reference.name, candidate.name].map(inert)
  return [
    `${inert(candidate.name)} against ${inert(reference.name)}: ${verdict.kind}`,
    '',
    inert(verdict.words),
    inert(comparison.safety.words),
    '',
    table(['', 'trials', ...head, 'difference', '95 % interval', 'p', 'corrected', 'says'], rows),
    '',
    ...notes(comparison),
  ].join('\n')
}

const trialsText = ({ reference, candidate }: MetricDocument) =>
  reference.n === candidate.n ? String(candidate.n) : `${reference.n}, ${candidate.n}`

function valueText({ unit, ...sides }: MetricDocument, side: 'reference' | 'candidate'): string {
  const { value } = sides[side]
  return value === null ? '-' : figure(unit, value)
}

function differenceText({ unit, difference }: MetricDocument): [string, string] {
  if (!difference) return ['-', '-']
  return [change(unit, difference.value), difference.interval ? changes(unit, difference.interval) : '-']
}

const pText = (p: number | null) => (p === null ? '-' : p < 0.0001 ? '< 0.0001' : p.toFixed(p < 0.01 ? 4 : 3))

function notes({ compared, metrics, reference, candidate, cautions, power }: Comparison): string[] {
  const horizon = metrics.find(({ name }) => name === 'recover_ms')?.horizon_ms
  const how = compared.paired
    ? `compared: ${compared.candidate} pairs with the same fault`
    : `compared by damage: ${compared.reference} trials and ${compared.candidate}; no pairs with the same fault`
  const leftOut = compared.left_out.map(({ side, trials, why }) => `left out: ${trials} of ${side}, ${why}`)
  const more = leftOut.length - named
  return [
    how,
    ...(horizon
      ? [`times are means up to ${figure('ms', horizon)}; what never recovered counts as that long`]
      : []),
    ...(power?.to_show_ten_points
      ? [
          `to show ${change('share', power.to_show_ten_points.difference)}: ${power.to_show_ten_points.trials} ${power.counted_in} in all`,
        ]
      : []),
    ...leftOut.slice(0, named),
    ...(more > 0 ? [`left out: ${more} more kinds of trials (--json)`] : []),
    ...[reference, candidate]
      .filter(({ invalid }) => invalid > 0)
      .map(
        ({ name, invalid, trials }) =>
          `invalid, and counted nowhere: ${invalid} of the ${trials} trials of ${name}`,
      ),
    ...cautions.map((caution) => `careful: ${caution}`),
    'p values are valid for one test, at a number of trials that was fixed before any result was seen',
  ].map(inert)
}
