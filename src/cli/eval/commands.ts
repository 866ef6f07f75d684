import { type Command, Option } from 'commander'
import { defaultSummaryModel, type ResolvedModel, resolveModel } from '../../agent/model/model.ts'
import { iso } from '../../core/clock.ts'
import { BadInput } from '../../core/errors.ts'
import { type Accuracy, accuracyOf, agreementOf, cautionOf } from '../../eval/commands/accuracy.ts'
import {
  type Classified,
  type CommandClass,
  classify,
  commandClasses,
  effectOf,
  type Opinion,
} from '../../eval/commands/classify.ts'
import {
  evasions,
  type Half,
  halves,
  type Labelled,
  labelled,
  labelledIn,
  reads,
} from '../../eval/commands/labelled.ts'
import { type ListedCommand, type ListedTrial, listCommands } from '../../eval/commands/listing.ts'
import { type Asked, askModel } from '../../eval/commands/model.ts'
import { campaign, existingEvalDb, openEvalDb } from '../../store/eval/trials.ts'
import {
  accuracyPage,
  agreementPage,
  cautionPage,
  classifiedPage,
  distinctPage,
  trialPage,
} from '../../tui/commands-page.ts'
import { evalDbOption, jsonOption, oneOf, subcommand } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { campaignOrTrial } from './ids.ts'

interface Options {
  evalDb: string
  json?: boolean
  classify: (typeof judges)[number]
  model: string
  baseUrl?: string
  class?: CommandClass
}

const judges = ['rules', 'model'] as const

const judgeOptions = (): Option[] => [
  new Option('--classify <by>', `${judges.join(', ')}: a model's judgement beside that of the rules`)
    .argParser(oneOf(judges))
    .default('rules'),
  new Option('--model <provider:id>', 'the model that judges').default(defaultSummaryModel),
  new Option('--base-url <url>', "the model provider's address"),
]

export function registerCommands(evaluation: Command, io: Io): void {
  const commands = subcommand(
    evaluation,
    'commands',
    'list the commands of agents and classify what they may have changed',
  )
    .enablePositionalOptions()
    .argument('[id]', 'a campaign (c1) or a trial (t1)')
    .option('--class <class>', `only these: ${commandClasses.join(', ')}`, oneOf(commandClasses))
    .addOption(evalDbOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval commands t1\n  operator eval commands c1 --class destructive\n' +
        '  operator eval commands c1 --classify model\n  operator eval commands classify "rm -rf /var/lib/etcd"\n' +
        '  operator eval commands accuracy',
    )
    .action(async (id: string | undefined, options: Options) => {
      if (id === undefined)
        throw new BadInput(
          "of which campaign or trial? for example 'operator eval commands t1'; see also --help",
        )
      await list(id, options, io)
    })
  for (const option of judgeOptions()) commands.addOption(option)

  subcommand(
    commands,
    'classify <line>',
    'classify one command line, and show which rule decided on each part',
  )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  operator eval commands classify "svc stop etcd-1 && rm -rf /var/lib/etcd/etcd-1"',
    )
    .action((line: string, options: { json?: boolean }) => {
      const judged = classify(line)
      if (options.json) io.printJson({ command: line, ...documentOf(judged) })
      else io.print(classifiedPage(judged))
    })

  const accuracy = subcommand(
    commands,
    'accuracy',
    'measure the classifier on commands that a person labelled',
  )
    .option('--half <half>', `only one: ${halves.join(', ')}`, oneOf(halves))
    .addOption(
      new Option(
        '--file <file>',
        'commands that you labelled yourself, in YAML (see docs/commands.md)',
      ).conflicts('half'),
    )
    .addOption(evalDbOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval commands accuracy\n  operator eval commands accuracy --half held-out --classify model --json\n' +
        '  operator eval commands accuracy --file my-commands.yaml',
    )
    .action((options: MeasureOptions) => measure(options, io))
  for (const option of judgeOptions()) accuracy.addOption(option)
}

async function list(id: string, options: Options, io: Io): Promise<void> {
  const which = campaignOrTrial(id)
  // Checked before the database is read: without a key, nobody should wait for the list.
  const model = modelOf(options)
  await using db = existingEvalDb(options.evalDb)
  const trials: ListedTrial[] = await Array.fromAsync(listCommands(db, which))
  const isKnown = 'campaign' in which && (await campaign(db, which.campaign)) !== null
  if (trials.length === 0 && !isKnown)
    throw new BadInput(`no '${id}'; operator eval list shows the campaigns there are`)
  const chosen = ({ judged }: ListedCommand) => !options.class || judged.class === options.class
  const all = trials.flatMap(({ commands }) => commands.filter(chosen))
  const asked =
    model &&
    (await ask(
      all.map(({ command }) => command),
      { model, db, io },
    ))
  const agreement = asked && agreementOf(pairsOf(all, asked))
  if (options.json)
    return io.printJson({
      id,
      trials: trials.map(({ trialId, figures, commands }) => ({
        id: `t${trialId}`,
        figures,
        commands: commands.filter(chosen).map((call) => commandDocument(call, asked)),
      })),
      ...(asked && { model: modelDocument(options, asked), agreement }),
    })
  const opinionOf = (command: string) => asked?.opinions.get(command)
  const [first] = trials
  if ('trial' in which && first) io.print(trialPage(first, opinionOf, chosen))
  else io.print(distinctPage(trials, opinionOf, chosen))
  if (agreement) io.print(`\n${agreementPage(agreement)}`)
}

interface MeasureOptions extends Options {
  half?: Half
  file?: string
}

function setsOf({ half, file }: MeasureOptions): { name: string; commands: Labelled[] }[] {
  if (file) return [{ name: file, commands: labelledIn(file) }]
  return (half ? [half] : halves).map((name) => ({ name, commands: labelled(name) }))
}

async function measure(options: MeasureOptions, io: Io): Promise<void> {
  const model = modelOf(options)
  const sets = setsOf(options)
  const document: Record<string, unknown> = {}
  const pages: string[] = []
  const add = (by: string, name: string, accuracy: Accuracy) => {
    document[name] = { ...(document[name] ?? {}), [by]: accuracy }
    pages.push(accuracyPage(`${name}, by ${by}`, accuracy))
  }
  for (const { name, commands } of sets) add('rules', name, accuracyOf(commands, classify))
  if (!options.half && !options.file) {
    const caution = cautionOf(evasions(), reads(), classify)
    document.caution = caution
    pages.push(cautionPage(caution))
  }
  if (model) {
    await using db = openEvalDb(options.evalDb)
    const all = sets.flatMap(({ commands }) => commands.map(({ command }) => command))
    const asked = await ask(all, { model, db, io })
    const opinionOf = (command: string) => asked.opinions.get(command) ?? null
    for (const { name, commands } of sets) add('model', name, accuracyOf(commands, opinionOf))
    const judged = all.map((command) => ({ command, judged: classify(command) }))
    const agreement = agreementOf(pairsOf(judged, asked))
    Object.assign(document, { agreement, model: modelDocument(options, asked) })
    pages.push(agreementPage(agreement))
  }
  if (options.json) io.printJson(document)
  else io.print(pages.join('\n\n\n'))
}

const modelOf = (options: Options): ResolvedModel | null =>
  options.classify === 'model'
    ? resolveModel(options.model, process.env, options.baseUrl ? { baseUrl: options.baseUrl } : {})
    : null

async function ask(
  commands: readonly string[],
  { model, db, io }: { model: ResolvedModel; db: Parameters<typeof askModel>[1]['db']; io: Io },
): Promise<Asked> {
  const asked = await askModel(commands, { model, db, clock: io.clock, signal: io.signal })
  const unscored = [...asked.opinions.values()].filter((opinion) => opinion === null).length
  const cost = asked.costUsd === null ? 'price not known' : `${asked.costUsd.toFixed(4)} USD`
  io.note(`${model.spec}: ${asked.asked} of ${asked.opinions.size} commands asked now (${cost})`)
  if (unscored > 0) io.note(`${unscored} commands are unscored: ${asked.failures.join('; ')}`)
  return asked
}

/** Pairs of opinions, where both the rules and the model have one. */
const pairsOf = (commands: readonly { command: string; judged: Opinion }[], { opinions }: Asked) =>
  commands.flatMap(({ command, judged }) => {
    const opinion = opinions.get(command)
    return opinion ? [[judged.class, opinion.class] as const] : []
  })

const documentOf = ({ form: _, parts, ...judged }: Classified) => ({
  ...judged,
  effect: effectOf(judged),
  parts: parts.map((part) => ({ ...part, effect: effectOf(part) })),
})

const commandDocument = (call: ListedCommand, asked: Asked | null) => ({
  at: iso(call.at),
  command: call.command,
  exit_code: call.exitCode,
  thrashes: call.thrashes,
  ...documentOf(call.judged),
  ...(asked && { model: asked.opinions.get(call.command) ?? 'unscored' }),
})

const modelDocument = (options: Options, { asked, costUsd, failures, opinions }: Asked) => ({
  name: options.model,
  asked,
  cost_usd: costUsd,
  unscored: [...opinions.values()].filter((opinion) => opinion === null).length,
  failures,
})
