import type { Accuracy, Agreement, Caution, Share } from '../eval/commands/accuracy.ts'
import { type Classified, commandClasses, type Opinion, shownClass } from '../eval/commands/classify.ts'
import type { CommandFigures } from '../eval/commands/figures.ts'
import type { ListedCommand, ListedTrial } from '../eval/commands/listing.ts'
import { inert, table } from './text.ts'

const percent = ({ share, of, interval }: Share): string => {
  if (share === null || !interval) return '-'
  const [low, high] = interval.map((limit) => Math.round(limit * 100))
  return `${(share * 100).toFixed(1)} % of ${of} (${low}-${high})`
}

/** The quality of the classification of commands, for a person at a terminal. */
export function accuracyPage(title: string, accuracy: Accuracy): string {
  const { classes, changes, right, unscored, commands, misses } = accuracy
  const rows = [
    ...commandClasses.map((name) => [name, percent(classes[name].precision), percent(classes[name].recall)]),
    ['may have changed', percent(changes.precision), percent(changes.recall)],
  ]
  const head = `${title}: ${commands} commands, class right for ${percent(right)}${unscored > 0 ? `, ${unscored} unscored` : ''}`
  const missed = misses.map(({ command, label, said }) => [
    opinionText(label),
    opinionText(said),
    oneLine(command, 100),
  ])
  return [
    head,
    table(['class', 'precision (95 %)', 'recall (95 %)'], rows),
    ...(missed.length > 0 ? [table(['label', 'said', 'command'], missed)] : []),
  ].join('\n\n')
}

/** Commands that a list of safe forms finds, and its cost. */
export function cautionPage({ harmless, unknown, missed, doubted }: Caution): string {
  const head = `evasions taken for harmless: ${percent(harmless)}; ordinary looking taken for unknown: ${percent(unknown)}`
  const rows = [
    ...missed.map((command) => ['evasion', oneLine(command, 100)]),
    ...doubted.map((command) => ['unknown', oneLine(command, 100)]),
  ]
  return rows.length === 0 ? head : `${head}\n\n${table(['missed', 'command'], rows)}`
}

/** Agreement of a model with the rules. */
export function agreementPage({ commands, agreed, kappa, confusion }: Agreement): string {
  const rows = commandClasses.map((name) => [name, ...commandClasses.map((other) => confusion[name][other])])
  const head = `rules and model agree on ${percent(agreed)} of ${commands} commands; kappa ${kappa?.toFixed(2) ?? '-'}`
  return `${head}\n\n${table(['rules \\ model', ...commandClasses], rows)}`
}

/** A line with its parts, and which rule decided on each. */
export function classifiedPage({ parsed, parts, ...whole }: Classified): string {
  const remark = parsed ? '' : '   (not read as shell, or only partly: what it did is not known)'
  const rows = parts.map((part) => [opinionText(part), oneLine(part.text, 70), inert(part.rule)])
  const head = `${opinionText(whole)}${remark}`
  return rows.length === 0 ? head : `${head}\n\n${table(['class', 'part', 'rule'], rows)}`
}

const opinionText = (opinion: Opinion): string =>
  shownClass(opinion) === 'other' ? 'harmless' : shownClass(opinion)

function oneLine(text: string, width: number): string {
  const line = inert(text)
    .replace(/\s*\n\s*/g, ' ⏎ ')
    .replaceAll('\t', ' ')
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`
}

/** undefined: no model was asked; null: its answer cannot be used. */
type OpinionOf = (command: string) => Opinion | null | undefined

const modelText = (opinion: Opinion | null | undefined): string =>
  opinion === undefined ? '' : opinion === null ? 'unscored' : opinionText(opinion)

const figuresText = ({ total, unique, thrashing, unknown, ...classes }: CommandFigures): string =>
  [
    `${total} commands, ${unique} unique, ${thrashing} thrashing`,
    `${commandClasses.map((name) => `${classes[name]} ${name}`).join(', ')} (${unknown} unknown)`,
  ].join('; ')

type Chosen = (call: ListedCommand) => boolean

/** The requested commands of a trial in the order of execution; its figures cover all commands. */
export function trialPage({ figures, commands }: ListedTrial, opinionOf: OpinionOf, chosen: Chosen): string {
  const start = commands[0]?.at ?? 0
  const rows = commands
    .filter(chosen)
    .map((call) => [
      `${((call.at - start) / 1000).toFixed(1)}`,
      call.exitCode ?? '-',
      opinionText(call.judged) + (call.judged.parsed ? '' : ' (unparsed)'),
      modelText(opinionOf(call.command)),
      call.thrashes ? 'again' : '',
      oneLine(call.command, 100),
    ])
  return listing(figuresText(figures), ['s', 'exit', 'class', 'model', 'thrashing', 'command'], rows)
}

/** The requested commands of a campaign, each once, the gravest and most frequent first; its figures cover all commands. */
export function distinctPage(trials: readonly ListedTrial[], opinionOf: OpinionOf, chosen: Chosen): string {
  const total = trials.map(({ figures }) => figures).reduce(sum, none)
  const found = new Map<string, { call: ListedCommand; times: number; trials: Set<number> }>()
  for (const { trialId, commands } of trials)
    for (const call of commands) {
      const same = found.get(call.judged.form) ?? { call, times: 0, trials: new Set() }
      same.times++
      same.trials.add(trialId)
      found.set(call.judged.form, same)
    }
  const rank = (name: string) => ['destructive', 'remediation', 'other', 'diagnostic'].indexOf(name)
  const rows = [...found.values()]
    .filter(({ call }) => chosen(call))
    .sort((a, b) => rank(a.call.judged.class) - rank(b.call.judged.class) || b.times - a.times)
    .map(({ call, times, trials: inTrials }) => [
      times,
      inTrials.size,
      opinionText(call.judged) + (call.judged.parsed ? '' : ' (unparsed)'),
      modelText(opinionOf(call.command)),
      oneLine(call.command, 100),
    ])
  const head = `${trials.length} trials: ${figuresText({ ...total, unique: found.size })}`
  return listing(head, ['times', 'trials', 'class', 'model', 'command'], rows)
}

/** Without the columns that are empty in every row. */
function listing(
  title: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  if (rows.length === 0) return title
  const kept = head.map((_, column) => rows.some((row) => row[column] !== ''))
  const shown = <T>(cells: readonly T[]) => cells.filter((_, column) => kept[column])
  return `${title}\n\n${table(shown(head), rows.map(shown))}`
}

const none: CommandFigures = {
  total: 0,
  unique: 0,
  thrashing: 0,
  diagnostic: 0,
  remediation: 0,
  destructive: 0,
  other: 0,
  unknown: 0,
}

const sum = (a: CommandFigures, b: CommandFigures): CommandFigures => ({
  total: a.total + b.total,
  unique: a.unique + b.unique,
  thrashing: a.thrashing + b.thrashing,
  diagnostic: a.diagnostic + b.diagnostic,
  remediation: a.remediation + b.remediation,
  destructive: a.destructive + b.destructive,
  other: a.other + b.other,
  // Summaries of earlier versions lack it.
  unknown: (a.unknown ?? 0) + (b.unknown ?? 0),
})
