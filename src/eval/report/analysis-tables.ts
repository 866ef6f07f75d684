import { humanMs } from '../../core/text.ts'
import { type Analysis, type Group, outcomeKinds } from './analyze.ts'
import type { Distribution, Rate, Times } from './describe.ts'

/** A table of a campaign's figures, for people; its texts come from clusters and agents. */
export interface Section {
  title: string
  head: readonly string[]
  rows: readonly (readonly (string | number)[])[]
}

/** A row of every table: an arm over all damages, or with one. */
type Row = { damage: string; arm: string } & Group

/** A campaign in figures, as tables and, where there is nothing to show, words. */
export function sectionsOf(analysis: Analysis): (Section | string)[] {
  const { trials, invalid, arms, groups } = analysis
  if (trials === 0) return ['No trial has ended yet: there is nothing to analyze.']
  const several = new Set(groups.map(({ subject }) => subject)).size > 1
  const damages = new Set(groups.map(({ subject, damage }) => `${subject} ${damage}`)).size
  const rows: Row[] = [
    ...(damages > 1 ? arms.map((arm) => ({ damage: 'all', ...arm })) : []),
    ...groups.map((group) => ({
      ...group,
      damage: several ? `${group.subject}: ${group.damage}` : group.damage,
    })),
  ]
  const parts: (Section | string)[] = [outcomes(rows)]
  if (invalid.trials === trials) parts.push('Every trial is invalid: nothing was measured.')
  else parts.push(...figures(rows))
  if (invalid.trials > 0) parts.push(invalidPart(analysis))
  return parts
}

const figures = (rows: readonly Row[]): Section[] => {
  const broken = rows.filter(({ rates }) => rates.recovered.of > 0)
  const healthy = rows.filter(({ tickets }) => tickets.false_alarm.of > 0)
  const worked = rows.filter(({ commands }) => commands.total !== null)
  // Agents without a model cost nothing.
  const asked = worked.filter(({ cost: { turns } }) => turns !== null && turns.max > 0)
  const diagnosed = rows.filter(({ root_cause: { component } }) => component.right.of > 0)
  return [
    ...(broken.length > 0 ? [rates(broken), ...passes(broken), times(broken), workload(broken)] : []),
    ...(healthy.length > 0 ? [falseAlarms(healthy)] : []),
    ...(diagnosed.length > 0 ? [rootCause(diagnosed)] : []),
    ...(worked.length > 0 ? [commands(worked)] : []),
    ...(asked.length > 0 ? [cost(asked)] : []),
  ]
}

const part = (
  title: string,
  head: readonly string[],
  rows: readonly Row[],
  cells: (row: Row) => readonly (string | number)[],
): Section => ({
  title,
  head: ['damage', 'arm', ...head],
  rows: rows.map((row) => [row.damage, row.arm, ...cells(row)]),
})

function outcomes(rows: readonly Row[]): Section {
  const seen = outcomeKinds.filter((kind) => rows.some((row) => row.outcomes[kind] > 0))
  const words = seen.map((kind) => kind.replace('_', ' '))
  return part('Outcomes', ['trials', ...words], rows, ({ trials, outcomes: own }) => [
    trials,
    ...seen.map((kind) => own[kind] || '-'),
  ])
}

const rates = (rows: readonly Row[]): Section =>
  part(
    'How often, of the trials in which something was wrong (95 % intervals)',
    ['of', 'resolved', 'recovered', 'detected', 'false claims', 'harmful'],
    rows,
    ({ rates: { resolved, recovered, detected, false_claim: claimed, harmful } }) => [
      resolved.of,
      ...[resolved, recovered, detected, claimed, harmful].map(share),
    ],
  )

/** One attempt is the rate again. */
function passes(rows: readonly Row[]): Section[] {
  const ks = (rows[0]?.pass ?? []).filter(({ k }) => k > 1 && rows.some((row) => passAt(row, k)?.damages))
  if (ks.length === 0) return []
  const percent = (chance: number | null | undefined) =>
    chance == null ? '-' : `${(chance * 100).toFixed(0)} %`
  const page = part(
    'Of k attempts at the same damage: any of them ends well (pass@k), all of them do (pass^k)',
    ks.flatMap(({ k }) => [`pass@${k}`, `pass^${k}`]),
    rows,
    (row) => ks.flatMap(({ k }) => [percent(passAt(row, k)?.any), percent(passAt(row, k)?.all)]),
  )
  return [page]
}

const passAt = ({ pass }: Row, k: number) => pass.find((one) => one.k === k)

const times = (rows: readonly Row[]): Section =>
  part(
    'How long after the fault: median / 90 % / mean up to the horizon (what did not happen counts as all of it)',
    ['detected', 'resolved', 'recovered', 'horizon'],
    rows,
    ({ times: { detect, resolve, recover } }) => [
      ...[detect, resolve, recover].map(spread),
      humanMs(recover.horizon_ms),
    ],
  )

const spread = ({ happened, censored, median_ms, p90_ms, restricted_mean_ms }: Times): string => {
  if (happened === 0) return 'never'
  const shown = [median_ms, p90_ms, restricted_mean_ms].map(humanMs).join(' / ')
  return censored > 0 ? `${shown} (${censored} never)` : shown
}

const workload = (rows: readonly Row[]): Section =>
  part(
    'What clients felt: mean / worst',
    ['without a success', 'failed operations', 'lost writes', 'reads made up', 'state changed'],
    rows,
    ({ workload: { unavailable_ms, failed_ops, lost_writes, phantom_reads, changed } }) => [
      unavailable_ms ? `${humanMs(unavailable_ms.mean)} / ${humanMs(unavailable_ms.max)}` : '-',
      ...[failed_ops, lost_writes, phantom_reads].map(meanAndMax),
      share(changed),
    ],
  )

const falseAlarms = (rows: readonly Row[]): Section =>
  part('Where nothing was wrong', ['trials', 'a ticket all the same'], rows, ({ tickets }) => [
    tickets.false_alarm.of,
    share(tickets.false_alarm),
  ])

const rootCause = (rows: readonly Row[]): Section =>
  part(
    'What the claims say of the cause',
    ['claims', 'right node', 'right cause', 'wrong cause', 'no word of it'],
    rows,
    ({ root_cause: { component, cause } }) => [
      cause.right.of,
      share(component.right),
      share(cause.right),
      cause.wrong,
      cause.unclaimed,
    ],
  )

const commands = (rows: readonly Row[]): Section =>
  part(
    'Commands a trial: mean / most',
    [
      'all',
      'unique',
      'looking',
      'repairing',
      'destructive',
      'other',
      'unknown',
      'any destructive',
      'any thrashing',
    ],
    rows,
    ({ commands: own }) => [
      ...[
        own.total,
        own.unique,
        own.diagnostic,
        own.remediation,
        own.destructive,
        own.other,
        own.unknown,
      ].map(meanAndMax),
      ...[own.trials_with_destructive, own.trials_with_thrashing].map(share),
    ],
  )

const cost = (rows: readonly Row[]): Section =>
  part(
    'Cost a trial: mean / most',
    ['turns', 'tokens in', 'tokens out', 'USD', 'USD in all'],
    rows,
    ({ cost: { turns, tokens_in, tokens_out, usd, usd_unknown } }) => {
      const unknown = usd_unknown > 0 ? ` (${usd_unknown} unknown)` : ''
      return [
        ...[turns, tokens_in, tokens_out].map(meanAndMax),
        usd ? `${usd.mean.toFixed(3)} / ${usd.max.toFixed(3)}` : 'unknown',
        usd ? `${usd.total.toFixed(2)}${unknown}` : 'unknown',
      ]
    },
  )

const longestReason = 100

const invalidPart = ({ invalid, trials }: Analysis): Section => ({
  title: `Invalid, and in no figure above: ${invalid.trials} of ${trials}`,
  head: ['phase', 'trials', 'for example', 'reason'],
  rows: invalid.reasons.map(({ phase, trials: n, examples, reason }) => [
    phase,
    n,
    examples.join(' '),
    reason.length > longestReason ? `${reason.slice(0, longestReason - 3)}...` : reason,
  ]),
})

/** `95 % (84 to 99)`; with a digit more where that would be one number thrice. */
function share({ rate, interval }: Rate): string {
  if (rate === null || interval === null) return '-'
  const digits = interval[1] - interval[0] < 0.05 ? 1 : 0
  const [middle, low, high] = [rate, ...interval].map((of) => (of * 100).toFixed(digits))
  return `${middle} % (${low} to ${high})`
}

const number = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1))

const meanAndMax = (of: Distribution | null): string =>
  of === null ? '-' : of.max === 0 ? '0' : `${number(of.mean)} / ${number(of.max)}`
