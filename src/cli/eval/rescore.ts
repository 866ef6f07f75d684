import type { Command } from 'commander'
import { BadInput } from '../../core/errors.ts'
import { type Rescored, rescore } from '../../eval/judge/rescore.ts'
import { scorerVersion } from '../../eval/judge/score.ts'
import { trialsIn } from '../../eval/report/summaries.ts'
import { whyOf } from '../../eval/report/why.ts'
import * as store from '../../store/eval/trials.ts'
import { inert, table } from '../../tui/text.ts'
import { evalDbOption, jsonOption, subcommand } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { campaignOrTrial } from './ids.ts'

export function registerRescore(evaluation: Command, io: Io): void {
  subcommand(
    evaluation,
    'rescore [id]',
    'score stored trials again: those of a campaign (c1), one trial (t1), or --all',
  )
    .option('--all', 'every stored trial')
    .option('--dry-run', 'print what would change, and change nothing')
    .addOption(evalDbOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval rescore c1 --dry-run\n  operator eval rescore --all\n  operator eval rescore t7 --json',
    )
    .action((id, options) => run(id, options, io))
}

interface Options {
  all?: boolean
  dryRun?: boolean
  evalDb: string
  json?: boolean
}

async function run(id: string | undefined, { all, dryRun = false, evalDb, json }: Options, io: Io) {
  if ((id === undefined) === (all === undefined))
    throw new BadInput('say which trials: a campaign (c1), a trial (t1), or --all')
  const which = id === undefined ? 'all' : campaignOrTrial(id)
  await using db = store.existingEvalDb(evalDb)
  let trials = 0
  const changed: Extract<Rescored, { kind: 'changed' }>[] = []
  const leftAlone: Extract<Rescored, { kind: 'left_alone' }>[] = []
  for await (const one of rescore(db, trialsIn(db, which), { dryRun })) {
    io.signal.throwIfAborted()
    trials += 1
    if (one.kind === 'changed') changed.push(one)
    if (one.kind === 'left_alone') leftAlone.push(one)
  }
  if (trials === 0 && which !== 'all')
    throw new BadInput(`'${id}' has no trial that ended; operator eval list shows the campaigns there are`)
  if (json)
    return io.printJson({
      scorer_version: scorerVersion,
      dry_run: dryRun,
      trials,
      changed: changed.map(({ trialId, from, to, figures }) => ({ trial: `t${trialId}`, from, to, figures })),
      left_alone: leftAlone.map(({ trialId, why }) => ({ trial: `t${trialId}`, why })),
    })
  if (changed.length > 0)
    io.print(
      table(
        ['trial', 'was', 'is', 'why', 'other figures'],
        changed.map(({ trialId, from, to, figures }) => [
          `t${trialId}`,
          from?.kind ?? '-',
          to.kind,
          inert(whyOf(to)),
          figures.join(', '),
        ]),
      ),
    )
  for (const { trialId, why } of leftAlone) io.print(`t${trialId} left alone: ${inert(why)}`)
  const changes = `${changed.length} ${dryRun ? 'would change' : 'changed'}`
  io.print(`${trials} trials judged by scorer ${scorerVersion}: ${changes}, ${leftAlone.length} left alone`)
}
