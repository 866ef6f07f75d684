import type { Argument, Command, Option } from 'commander'

const units = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** Whole ms as the duration that a person would type: `15m`, `1s`, `250ms`. */
export function typedDuration(ms: number): string {
  const [unit, size] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}

/** Options and arguments in `--help`, with their defaults as they are typed: `1s`, not `1000`; `auto`, not `"auto"`. */
export const help = {
  optionDescription: (option: Option): string => described(option, option.flags.includes('<duration>')),
  argumentDescription: (argument: Argument): string => described(argument, false),
}

function described(
  { description, defaultValue, defaultValueDescription }: Option | Argument,
  isDuration: boolean,
): string {
  const shown = defaultValueDescription ?? typed(defaultValue, isDuration)
  return shown === '' ? description : `${description} (default: ${shown})`
}

function typed(value: unknown, isDuration: boolean): string {
  if (typeof value === 'number') return isDuration ? typedDuration(value) : String(value)
  // Lists and tables of a repeatable option begin empty.
  return typeof value === 'string' ? value : ''
}

/** Ends a verb's help with examples of its own. */
export function withExamples(command: Command, lines: readonly string[]): Command {
  if (lines.length === 0) return command
  const title = lines.length === 1 ? 'Example' : 'Examples'
  return command.addHelpText('after', `\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`)
}
