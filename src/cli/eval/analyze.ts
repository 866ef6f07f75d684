import type { Command } from 'commander'
import { BadInput } from '../../core/errors.ts'
import { analyze } from '../../eval/report/analyze.ts'
import { summariesOf } from '../../eval/report/summaries.ts'
import { outcomeCounts } from '../../store/eval/summaries.ts'
import * as store from '../../store/eval/trials.ts'
import { analysisPage } from '../../tui/analysis-page.ts'
import { inert } from '../../tui/text.ts'
import { evalDbOption, jsonOption, subcommand } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { campaignNumber } from './ids.ts'

export function registerAnalyze(evaluation: Command, io: Io): void {
  subcommand(
    evaluation,
    'analyze <campaign>',
    'show the figures of a campaign with their confidence intervals',
  )
    .addOption(evalDbOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval analyze c1\n  operator eval analyze c1 --json\n\ndocs/analysis.md says what each figure is.',
    )
    .action((id, options) => run(campaignNumber(id), options, io))
}

async function run(id: number, { evalDb, json }: { evalDb: string; json?: boolean }, io: Io): Promise<void> {
  await using db = store.existingEvalDb(evalDb)
  const campaign = await store.campaign(db, id)
  if (!campaign) throw new BadInput(`no campaign 'c${id}'; operator eval list shows those there are`)
  const analysis = analyze(await summariesOf(db, { campaignId: id }))
  const counts = (await outcomeCounts(db, [id])).get(id) ?? []
  const notRun = counts.reduce(
    (sum, { kind, trials }) => (kind === 'planned' || kind === 'running' ? sum + trials : sum),
    0,
  )
  /** Ended, but with a record that this program does not understand. */
  const unreadable = counts.reduce((sum, { trials }) => sum + trials, 0) - notRun - analysis.trials
  if (json)
    return io.printJson({
      campaign: `c${id}`,
      name: campaign.name,
      seed: campaign.seed,
      not_run: notRun,
      unreadable,
      ...analysis,
    })
  const scorers = analysis.scorer_versions
  const by = scorers.length > 0 ? `, judged by scorer ${scorers.join(' and ')}` : ''
  const left = notRun > 0 ? `, ${notRun} still to run` : ''
  io.print(
    `c${id} ${inert(campaign.name)}: ${analysis.trials} ${analysis.trials === 1 ? 'trial' : 'trials'} ended${left}${by}\n`,
  )
  io.print(analysisPage(analysis))
  if (scorers.length > 1)
    io.print(`\nScorers differ: operator eval rescore c${id} judges all of them by the same.`)
  if (unreadable > 0)
    io.print(`\n${unreadable} left out: operator eval rescore c${id} --dry-run says what is wrong with them.`)
}
