import type { Command } from 'commander'
import { chaosTypes } from '../../chaos/faults.ts'
import { BadInput } from '../../core/errors.ts'
import { countsForRecovery, isRecovered } from '../../core/work/outcome.ts'
import { estimateMs, type Plan } from '../../eval/campaign/plan.ts'
import { type Progress, type RunOptions, resume, run } from '../../eval/campaign/run.ts'
import type { TrialEvent } from '../../eval/trial/options.ts'
import { labs } from '../../lab/labs.ts'
import { paceOf } from '../../store/eval/pace.ts'
import { openEvalDb } from '../../store/eval/trials.ts'
import { labSubjects, subjects } from '../../subjects/subjects.ts'
import { campaignLine, paceLine } from '../../tui/campaign.ts'
import { progress } from '../../tui/progress.ts'
import { humanMs, table } from '../../tui/text.ts'
import { addAgentOptions } from '../options/agent.ts'
import {
  duration,
  evalDbOption,
  integer,
  jsonOption,
  number,
  pair,
  pause,
  subcommand,
} from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { campaignNumber } from './ids.ts'
import {
  type BaseSettings,
  type CampaignSettings,
  checkAbilities,
  checkLanes,
  planOfFile,
  planOfKind,
  type TrialSettings,
  trialDefaults,
} from './plan.ts'
import { printCampaign } from './show.ts'

export function registerRun(evaluation: Command, io: Io): void {
  const trials = subcommand(evaluation, 'run', 'run trials of one chaos type, or a campaign')
    .enablePositionalOptions()
    .option('--subject <name>', `system to break: ${labSubjects().join(', ')}`)
    .option('--chaos <type>', `chaos type to inject: ${Object.keys(chaosTypes).join(', ')}`)
    .option('--target <node>', 'node to break: random, leader, follower, or a name', trialDefaults.target)
    .option('--param <name=value>', 'parameter of the chaos type (repeatable)', pair, {})
    .option('--trials <n>', 'number of trials', integer(1, 10_000), 1)
    .option(
      '--seed <n>',
      'seed of all random choices; the same seed gives the same plan (default: a random one, which is printed)',
      integer(0, 2 ** 31 - 1),
    )
    .option('--baseline', 'inject the same faults and let no agent work: does the system heal by itself?')
    .option('--variant <name|file|json>', 'configuration of the agent')
    .option('--variants-dir <folder>', 'folder with your variants (default: ./variants)')
    .option('--allow-quorum-loss', 'allow faults on a majority of the nodes')
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval run --subject etcd --chaos node_kill\n  operator eval run --subject etcd --chaos latency --param min_ms=50 --param max_ms=150 --target leader\n  operator eval run --subject etcd --chaos pause --trials 5 --seed 7 --json\n  operator eval run campaign first-look.yaml',
    )
    .action((options) => runTrials(options, io))
  addBaseOptions(trials)

  const campaign = subcommand(trials, 'campaign [file]', 'run all trials of a campaign file')
    .option('--dry-run', 'print the plan and how long it may take, and start nothing')
    .option('--resume <id>', 'continue this campaign (c3) where it stopped; takes no file')
    .option('--parallel <n>', 'number of trials at a time (default: what the file says)', integer(1, 64))
    .option('--crowd', 'allow more trials at a time than this machine has resources for')
    .option('--variants-dir <folder>', 'folder with your variants (default: ./variants)')
    .option(
      '--fail-under <rate>',
      'exit 1 when a smaller share of the trials with an agent recovers',
      number(0, 1),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval run campaign first-look.yaml --dry-run\n  operator eval run campaign first-look.yaml --fail-under 0.9\n  operator eval run campaign --resume c3',
    )
    .action((file, options, command: Command) => {
      if (options.resume !== undefined) refuseWithResume(command)
      return runCampaign(file, options, io)
    })
  addBaseOptions(campaign)
}

/** A campaign's plan is fixed when it starts. Refuses options that seem to change it. */
function refuseWithResume(command: Command): void {
  const heeded = ['resume', 'failUnder', 'evalDb', 'json']
  const ignored = command.options.filter(
    (option) =>
      command.getOptionValueSource(option.attributeName()) === 'cli' &&
      !heeded.includes(option.attributeName()),
  )
  if (ignored.length > 0)
    throw new BadInput(
      `--resume continues the campaign with its own plan; leave out ${ignored.map(({ long }) => long).join(', ')}`,
    )
}

function addBaseOptions(command: Command): void {
  const { lab, size, interval, settle, timeout, verifyWindow } = trialDefaults
  addAgentOptions(command)
    .option('--lab <name>', `kind of lab: ${Object.keys(labs).join(', ')}`, lab)
    .option('--size <n>', 'number of nodes', integer(1, 9), size)
    .option('--interval <duration>', 'time between two observations of the monitor', pause, interval)
    .option(
      '--settle <duration>',
      'how long everything has to stay healthy to count as recovered',
      duration,
      settle,
    )
    .option('--timeout <duration>', 'time limit of a trial', duration, timeout)
    .option(
      '--verify-window <duration>',
      'how long the monitor may take to confirm a claim',
      duration,
      verifyWindow,
    )
    .addOption(evalDbOption())
    .addOption(jsonOption())
}

/** Everything that a run needs in addition to its plan. */
export const machinery = (
  { evalDb }: { evalDb: string },
  io: Io,
  report: (trialId: number, event: TrialEvent) => void,
): RunOptions => ({
  dbPath: evalDb,
  subjects,
  labs,
  chaosTypes,
  clock: io.clock,
  signal: io.signal,
  report,
})

type Printed = { json?: boolean }

async function runTrials(options: Partial<TrialSettings> & BaseSettings & Printed, io: Io): Promise<void> {
  const { subject, chaos } = options
  if (!subject || !chaos)
    throw new BadInput('say what to run: --subject NAME and --chaos TYPE, or: campaign FILE.yaml')
  const plan = planOfKind({ ...trialDefaults, ...options, subject, chaos }, io.note)
  await checkAbilities(plan)
  const campaignId = await saysHowToGoOn(io, (onProgress) =>
    run(plan, { ...machinery(options, io, progress(io.note)), onProgress }),
  )
  await printCampaign(campaignId, options, io)
}

/** When a campaign is stopped before its end, prints the command that continues it. */
async function saysHowToGoOn(
  io: Io,
  work: (learn: (progress: Progress) => void) => Promise<number>,
): Promise<number> {
  let seen: Progress | null = null
  try {
    return await work((progress) => {
      seen = progress
    })
  } catch (error) {
    const { campaignId = 0, total = 1 } = (seen as Progress | null) ?? {}
    if (io.signal.aborted && total > 1)
      io.note(
        `c${campaignId} was stopped; continue it with: operator eval run campaign --resume c${campaignId}`,
      )
    throw error
  }
}

interface CampaignOptions extends CampaignSettings, Printed {
  dryRun?: boolean
  resume?: string
  crowd?: boolean
  failUnder?: number
}

async function runCampaign(file: string | undefined, options: CampaignOptions, io: Io): Promise<void> {
  if ((file === undefined) === (options.resume === undefined))
    throw new BadInput('say which campaign: a file, or --resume c3')
  const plan = file === undefined ? null : await planOfFile(file, options, io.note)
  if (plan && options.dryRun) return printPlan(plan, options, io)
  if (plan) {
    checkLanes(plan.parallel, options.crowd ?? false)
    await checkAbilities(plan)
  }
  const campaignId = await saysHowToGoOn(io, async (learn) => {
    const onProgress = (now: Progress) => {
      learn(now)
      io.note(campaignLine(now))
    }
    const run_ = { ...machinery(options, io, () => undefined), onProgress }
    if (plan) return await run(plan, run_)
    const id = campaignNumber(options.resume ?? '')
    await resume(id, run_)
    return id
  })
  const trials = await printCampaign(campaignId, options, io)
  await using db = openEvalDb(options.evalDb)
  io.note(paceLine(await paceOf(db, campaignId)))
  const valid = trials.filter(({ spec, outcome }) => !spec.baseline && outcome && countsForRecovery(outcome))
  const well = valid.filter(({ outcome }) => outcome && isRecovered(outcome))
  if (options.failUnder !== undefined && well.length < options.failUnder * valid.length) {
    io.note(`${well.length} of ${valid.length} recovered, less than ${options.failUnder}`)
    io.answerNo()
  }
}

function printPlan(plan: Plan, { json }: Printed, io: Io) {
  const estimate = estimateMs(plan, (type) => chaosTypes[type]?.harmless ?? false)
  if (json) return io.printJson({ ...plan, estimate_ms: Math.round(estimate) })
  const rows = plan.trials.map(({ subject, faults, variant, seed }, i) => [
    i + 1,
    subject,
    faults.map(({ chaosType, target }) => `${chaosType} on ${target}`).join(' + '),
    faults.map(({ params }) => JSON.stringify(params)).join(' '),
    variant.name,
    seed,
  ])
  io.print(table(['', 'subject', 'fault', 'params', 'arm', 'seed'], rows))
  const { trials, parallel, seed } = plan
  io.print(`\n${trials.length} trials, ${parallel} at a time, seed ${seed}: about ${humanMs(estimate)}`)
}
