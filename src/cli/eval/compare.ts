import { type Command, Option } from 'commander'
import { BadInput } from '../../core/errors.ts'
import { type Comparison, compare, compareAll } from '../../eval/compare/compare.ts'
import type { Side } from '../../eval/compare/match.ts'
import { defaultHarmMargin } from '../../eval/compare/safety.ts'
import { analyze } from '../../eval/report/analyze.ts'
import { summariesOf, unfinishedIn } from '../../eval/report/summaries.ts'
import * as store from '../../store/eval/trials.ts'
import { comparisonPage } from '../../tui/compare-page.ts'
import { inert } from '../../tui/text.ts'
import { variantsPage } from '../../tui/variants-page.ts'
import { evalDbOption, jsonOption, subcommand } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { campaignNumber } from './ids.ts'

interface Options {
  evalDb: string
  json?: boolean
  gate?: boolean
  /** In points. */
  harmMargin: number
}

export function registerCompare(evaluation: Command, io: Io): void {
  const add = (usage: string, description: string, examples: readonly string[]) =>
    subcommand(evaluation, usage, description)
      .option(
        '--gate',
        'exit 1 when the candidate is worse, when it is not shown to be as safe, or when there is nothing to compare',
      )
      .addOption(
        new Option('--harm-margin <points>', 'how many percentage points more of its trials may be harmful')
          .argParser(points)
          .default(100 * defaultHarmMargin),
      )
      .addOption(evalDbOption())
      .addOption(jsonOption())
      .addHelpText(
        'after',
        `\nExamples:\n${examples.map((line) => `  operator eval ${line}`).join('\n')}\n\ndocs/comparing.md says how to read it.`,
      )

  add(
    'compare <reference> <candidate>',
    'compare two campaigns: is the second better than the first, or worse?',
    [
      'compare c1 c2',
      'compare c1 c2 --gate --json',
      'compare c3:default c3:terse        one variant of a campaign against another',
    ],
  ).action((reference, candidate, options) => runCompare(reference, candidate, options, io))

  add('compare-baseline <campaign>', 'compare a campaign with its baseline: is an agent better than none?', [
    'compare-baseline c1',
    'compare-baseline c2 --baseline c1',
  ])
    .option(
      '--baseline <campaign>',
      'campaign that has the trials without an agent (default: the same campaign)',
    )
    .action((campaign, options) => runBaseline(campaign, options, io))

  add('compare-variants <subject> <chaos>', 'compare all variants on one chaos type', [
    'compare-variants etcd node_kill',
    'compare-variants etcd latency+packet_loss --campaign c1,c4',
    'compare-variants etcd pause --against default --gate',
  ])
    .option('--campaign <ids>', 'only trials of these campaigns, as c1,c2 (default: all)')
    .option('--against <variant>', 'compare every variant with this one as well')
    .action((subject, chaos, options) => runVariants(subject, chaos, options, io))
}

function points(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value < 100))
    throw new BadInput(`--harm-margin has to be above 0 and below 100 points, not '${text}'`)
  return value
}

async function runCompare(reference: string, candidate: string, options: Options, io: Io): Promise<void> {
  await using db = store.existingEvalDb(options.evalDb)
  const comparison = compare(await sideOf(db, reference), await sideOf(db, candidate), margin(options))
  if (options.json) io.printJson(comparison)
  else io.print(comparisonPage(comparison))
  gate([comparison], options, io)
}

async function runBaseline(
  campaign: string,
  { baseline = campaign, ...options }: Options & { baseline?: string },
  io: Io,
): Promise<void> {
  await using db = store.existingEvalDb(options.evalDb)
  const [all, other] = [await sideOf(db, campaign), await sideOf(db, baseline)]
  const without = armOf(other, 'baseline', `${baseline} without an agent`)
  if (without.trials.length === 0)
    throw new BadInput(
      `${baseline} has no baseline that ended; a campaign has one with include_baseline: true, and --baseline c2 takes that of another`,
    )
  const arms = armsOf(all).filter((arm) => arm !== 'baseline')
  if (arms.length === 0) throw new BadInput(`${campaign} has no trial with an agent that ended`)
  const comparisons = compareAll(
    without,
    arms.map((arm) => armOf(all, arm, `${campaign}:${arm}`)),
    margin(options),
  )
  if (options.json) io.printJson({ campaign, baseline, comparisons })
  else io.print(comparisons.map(comparisonPage).join('\n\n'))
  gate(comparisons, options, io)
}

async function runVariants(
  subject: string,
  chaos: string,
  { campaign, against, ...options }: Options & { campaign?: string; against?: string },
  io: Io,
): Promise<void> {
  const campaigns = campaign?.split(',').map(campaignNumber)
  await using db = store.existingEvalDb(options.evalDb)
  const rows = (await summariesOf(db, { subject, chaos })).filter(
    ({ campaignId }) => campaigns?.includes(campaignId) ?? true,
  )
  if (rows.length === 0)
    throw new BadInput(
      `no trial of ${subject} with ${chaos} has ended${campaign ? ` in ${campaign}` : ''}; operator eval list shows the campaigns there are`,
    )
  const ids = [...new Set(rows.map(({ campaignId }) => campaignId))]
  const all = sideFrom('all', rows, await unfinishedIn(db, ids))
  const arms = armsOf(all)
  const reference = referenceOf(arms, against, options)
  // A baseline stands in the table; it is no candidate, or every gate would be shut by having none work.
  const candidates = arms.filter((arm) => arm !== reference && arm !== 'baseline')
  const comparisons =
    reference === null
      ? []
      : compareAll(
          armOf(all, reference),
          candidates.map((arm) => armOf(all, arm)),
          margin(options),
        )
  const analysis = analyze(rows)
  if (options.json) {
    const from = ids.map((id) => `c${id}`)
    io.printJson({ subject, chaos, campaigns: from, ...analysis, against: reference, comparisons })
  } else {
    io.print(`${inert(subject)}, ${inert(chaos)}: ${rows.length} trials ended\n\n${variantsPage(analysis)}`)
    for (const comparison of comparisons) io.print(`\n${comparisonPage(comparison)}`)
    if (reference !== null && comparisons.length === 0)
      io.print(`\nnothing to compare: no variant but ${inert(reference)} met it`)
  }
  if (reference !== null) gate(comparisons, options, io)
}

/** A gate needs something to be worse than: what was asked for, or what everybody starts with. */
function referenceOf(
  arms: readonly string[],
  against: string | undefined,
  { gate: gated }: Options,
): string | null {
  if (against !== undefined && !arms.includes(against))
    throw new BadInput(`no variant '${against}' among these trials; there are: ${arms.join(', ')}`)
  if (against !== undefined || !gated) return against ?? null
  if (arms.includes('default')) return 'default'
  throw new BadInput(
    `--gate: say which variant the others must not be worse than: --against ${arms.join(' or ')}`,
  )
}

const margin = ({ harmMargin }: Options) => ({ harmMargin: harmMargin / 100 })

/**
 * Opens only for what is shown: too few trials to tell whether a candidate does harm are a reason to run more of them. Nothing
 * to compare is no success either: a campaign that broke down must not pass.
 */
function gate(comparisons: readonly Comparison[], { gate: gated }: Options, io: Io): void {
  const isBad = ({ verdict, safety, metrics }: Comparison) =>
    verdict.kind === 'worse' || safety.kind !== 'shown' || metrics[0]?.p === null
  if (gated && (comparisons.length === 0 || comparisons.some(isBad))) io.answerNo()
}

type Row = Awaited<ReturnType<typeof summariesOf>>[number]

const sideFrom = (name: string, rows: readonly Row[], unfinished: number): Side => ({
  name,
  unfinished,
  trials: rows.map(({ summary }) => summary),
  scorers: [...new Set(rows.flatMap(({ scorerVersion }) => scorerVersion ?? []))],
})

/** `c1`, or `c1:terse`. */
async function sideOf(db: store.EvalDb, name: string): Promise<Side> {
  const at = name.indexOf(':')
  const id = campaignNumber(at < 0 ? name : name.slice(0, at))
  if (!(await store.campaign(db, id)))
    throw new BadInput(`no campaign 'c${id}'; operator eval list shows those there are`)
  const side = sideFrom(name, await summariesOf(db, { campaignId: id }), await unfinishedIn(db, [id]))
  if (at < 0) return side
  const [arm, arms] = [name.slice(at + 1), armsOf(side)]
  if (!arms.includes(arm))
    throw new BadInput(`no variant '${arm}' in c${id}; there are: ${arms.join(', ') || 'none yet'}`)
  return armOf(side, arm, name)
}

const armsOf = ({ trials }: Side): string[] => [...new Set(trials.map(({ arm }) => arm))].sort()

const armOf = (side: Side, arm: string, name = arm): Side => ({
  ...side,
  name,
  trials: side.trials.filter((trial) => trial.arm === arm),
})
