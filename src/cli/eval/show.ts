import type { Command } from 'commander'
import { iso } from '../../core/clock.ts'
import { BadInput } from '../../core/errors.ts'
import type { TrialRecord, TrialSpec } from '../../eval/record.ts'
import { documentOf } from '../../eval/report/document.ts'
import { type Line, linesOf } from '../../eval/report/summaries.ts'
import * as store from '../../store/eval/trials.ts'
import { trialPage } from '../../tui/trial-page.ts'
import { trialTable } from '../../tui/trial-table.ts'
import { evalDbOption, jsonOption, subcommand } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { campaignOrTrial } from './ids.ts'

export function registerShow(evaluation: Command, io: Io): void {
  subcommand(evaluation, 'show <id>', 'show a campaign (c1), or a trial (t1) with its transcript')
    .option('--full', 'print whole outputs in the transcript')
    .addOption(evalDbOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval show c1\n  operator eval show t1 --full\n  operator eval show c1 --json',
    )
    .action((id, options) => show(campaignOrTrial(id), options, io))
}

/** The trials of a campaign that has ended; exit 1 when none is valid. */
export async function printCampaign(
  campaignId: number,
  options: { evalDb: string; json?: boolean },
  io: Io,
): Promise<Line[]> {
  await using db = store.existingEvalDb(options.evalDb)
  const trials = await linesOf(db, campaignId)
  // All trials are invalid, so nothing was measured. Scripts must not take that for a success.
  if (trials.every(({ outcome }) => outcome?.kind === 'invalid')) io.answerNo()
  if (options.json) await printDocuments(db, campaignId, io)
  else {
    const id = trials.length === 1 ? `t${trials[0]?.id}` : `c${campaignId}`
    io.print(`${trialTable(trials)}\n\nlook deeper: operator eval show ${id}`)
  }
  return trials
}

/** One document like any other, written as it is read: the records of a long campaign are more than fits in memory. */
async function printDocuments(db: store.EvalDb, campaignId: number, io: Io): Promise<void> {
  await io.write(`{\n  "campaign": "c${campaignId}",\n  "trials": [`)
  let before = '\n'
  for await (const trial of store.eachTrial<TrialSpec, TrialRecord>(db, campaignId)) {
    io.signal.throwIfAborted()
    await io.write(before + JSON.stringify(documentOf(trial), null, 2).replace(/^/gm, '    '))
    before = ',\n'
  }
  await io.write('\n  ]\n}\n')
}

async function show(
  id: ReturnType<typeof campaignOrTrial>,
  options: { evalDb: string; json?: boolean; full?: boolean },
  io: Io,
): Promise<void> {
  await using db = store.existingEvalDb(options.evalDb)
  if ('campaign' in id) {
    const trials = await linesOf(db, id.campaign)
    if (trials.length === 0 && !(await store.campaign(db, id.campaign)))
      throw new BadInput(`no campaign 'c${id.campaign}'; operator eval list shows those there are`)
    if (options.json) await printDocuments(db, id.campaign, io)
    else io.print(trialTable(trials))
    return
  }
  const trial = await store.trial<TrialSpec, TrialRecord>(db, id.trial)
  if (!trial) throw new BadInput(`no trial 't${id.trial}'; operator eval list shows the campaigns there are`)
  const transcript = await store.transcript(db, trial.id)
  if (options.json)
    return io.printJson({
      ...documentOf(trial),
      claims: trial.record?.sessions.map((s) => s.claim) ?? [],
      tickets: trial.record?.tickets ?? [],
      transcript: transcript.map((entry) => ({ ...entry, at: iso(entry.at) })),
    })
  io.print(trialPage(trial, transcript, options.full))
}
