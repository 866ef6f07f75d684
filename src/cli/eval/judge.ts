import type { Command } from 'commander'
import { defaultSummaryModel, type ResolvedModel, resolveModel } from '../../agent/model/model.ts'
import { BadInput, MachineLacks } from '../../core/errors.ts'
import { claimHalves, claimsOf, type JudgeAccuracy, judgeAccuracy } from '../../eval/judge/accuracy.ts'
import { type Judged, judge, requireAnother, truthOf } from '../../eval/judge/judge.ts'
import { causeOf, claimOf, diagnosisOf } from '../../eval/judge/root-cause.ts'
import type { Trial } from '../../eval/report/document.ts'
import { trialsIn } from '../../eval/report/summaries.ts'
import { type EvalDb, existingEvalDb, openEvalDb } from '../../store/eval/trials.ts'
import { judgeAccuracyPage, judgedPage } from '../../tui/judge-page.ts'
import { evalDbOption, integer, jsonOption, subcommand } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { campaignOrTrial } from './ids.ts'

interface Options {
  evalDb: string
  json?: boolean
  accuracy?: boolean
  model: string
  votes: number
  baseUrl?: string
}

export function registerJudge(evaluation: Command, io: Io): void {
  subcommand(
    evaluation,
    'judge [id]',
    'let a model judge, beside the rules, whether claims name the root cause',
  )
    .option(
      '--accuracy',
      'measure the rules and the model on claims that a person labelled, instead of judging trials',
    )
    .option(
      '--model <provider:id>',
      'model that judges; a model that worked in the trials is refused',
      defaultSummaryModel,
    )
    .option('--votes <n>', 'how often each claim is judged; the majority counts', integer(1, 15), 3)
    .option('--base-url <url>', "the model provider's address")
    .addOption(evalDbOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval judge c1\n  operator eval judge t1 --model anthropic:claude-opus-5-5 --votes 5\n  operator eval judge --accuracy',
    )
    .action(async (id: string | undefined, options: Options) => {
      if (options.accuracy) return measure(options, io)
      if (id === undefined)
        throw new BadInput("of which campaign or trial? for example 'operator eval judge c1', or --accuracy")
      await judgeTrials(id, options, io)
    })
}

const modelOf = ({ model, baseUrl }: Options): ResolvedModel =>
  resolveModel(model, process.env, baseUrl ? { baseUrl } : {})

/** One trial's question to the model. */
interface Case {
  trial: Trial
  truth: string
  claim: string
}

async function judgeTrials(id: string, options: Options, io: Io): Promise<void> {
  const which = campaignOrTrial(id)
  const model = modelOf(options)
  await using db = existingEvalDb(options.evalDb)
  const trials = await Array.fromAsync(trialsIn(db, which))
  if (trials.length === 0) throw new BadInput(`no '${id}'; operator eval list shows the campaigns there are`)
  requireAnother(model, trials)
  const cases = trials.flatMap((trial): Case[] => {
    const claim = trial.record && claimOf(trial.record)
    if (!claim || trial.outcome?.kind === 'invalid') return []
    return [{ trial, truth: truthOf(trial.record?.faults ?? []), claim: claim.rootCause }]
  })
  const { judged, note } = await ask(cases, { model, db, options, io })
  const rows = cases.map(({ trial, truth, claim }, i) => ({
    trial: `t${trial.id}`,
    truth,
    claim,
    rules: (trial.record && diagnosisOf(trial.record)?.cause) ?? 'unclaimed',
    ...(judged[i] as Judged),
  }))
  if (options.json) return io.printJson({ id, model: model.spec, ...note, trials: rows })
  io.print(judgedPage(rows))
}

async function measure(options: Options, io: Io): Promise<void> {
  const byRules = claimHalves.map((half): [string, JudgeAccuracy] => [
    `${half} half, by rules`,
    judgeAccuracy(
      half,
      claimsOf(half).map(({ truth, claim }) => causeOf(claim, faultsOf(truth))),
    ),
  ])
  const byModel = await measureModel(options, io)
  const all = [...byRules, ...byModel]
  if (options.json) return io.printJson(Object.fromEntries(all))
  io.print(all.map(([title, accuracy]) => judgeAccuracyPage(title, accuracy)).join('\n\n'))
}

/** Without a key the rules are measured all the same. */
async function measureModel(options: Options, io: Io): Promise<[string, JudgeAccuracy][]> {
  const model = modelOrNone(options, io)
  if (!model) return []
  await using db = openEvalDb(options.evalDb)
  const measured: [string, JudgeAccuracy][] = []
  for (const half of claimHalves) {
    const claims = claimsOf(half).map(({ truth, claim }) => ({ truth: truthOf(faultsOf(truth)), claim }))
    const { judged } = await ask(claims, { model, db, options, io })
    measured.push([
      `${half} half, by ${model.spec}`,
      judgeAccuracy(
        half,
        judged.map(({ verdict }) => verdict),
      ),
    ])
  }
  return measured
}

function modelOrNone(options: Options, io: Io): ResolvedModel | null {
  try {
    return modelOf(options)
  } catch (error) {
    if (!(error instanceof MachineLacks)) throw error
    io.note(`only the rules are measured: ${error.message}`)
    return null
  }
}

const faultsOf = (truth: string) =>
  truth.split('+').map((chaosType) => ({ chaosType, target: '', params: {}, undo: {} }))

async function ask(
  claims: readonly { truth: string; claim: string }[],
  { model, db, options, io }: { model: ResolvedModel; db: EvalDb; options: Options; io: Io },
) {
  const asking = { model, db, clock: io.clock, signal: io.signal }
  const { judged, asked, costUsd, failures } = await judge(claims, options.votes, asking)
  const cost = costUsd === null ? 'price not known' : `${costUsd.toFixed(4)} USD`
  io.note(`${model.spec}: ${asked} of ${claims.length * options.votes} votes asked now (${cost})`)
  const unscored = judged.filter(({ verdict }) => verdict === 'unscored').length
  if (unscored > 0) io.note(`${unscored} claims are unscored: ${failures.join('; ') || 'their votes tie'}`)
  return { judged, note: { votes: options.votes, cost_usd: costUsd, unscored, failures } }
}
