import type { Command, Option } from 'commander'
import { helpOf, pathOf, wholeProgram } from '../../src/cli/program.ts'
import { help } from '../../src/cli/terminal/help.ts'
import { terminalIo } from '../../src/cli/terminal/io.ts'
import { exitCodes } from '../../src/core/errors.ts'

const meaning: Record<keyof typeof exitCodes, string> = {
  done: 'done',
  no: 'it ran, and the answer is no: an unhealthy cluster, a worse candidate with `--gate`, no valid trial, an error that has no code of its own',
  badInput:
    'bad input: an unknown verb, option or name, a file or database that cannot be used. Nothing was started',
  machineLacks: 'this machine lacks something. The message says what, and how to get it',
  interrupted: 'stopped by Ctrl-C, SIGTERM or SIGHUP, after cleaning up',
}

const opening = `# Command line

Every verb, option, default and example, as \`operator VERB --help\` prints them. This page is written by \`npm run docs\` from the code;
a test fails when it is stale. In a clone the program is \`./bin/operator\`.

- Durations are written \`500ms\`, \`5s\`, \`2m\` or \`1h\`; a bare number is seconds.
- \`--plugin\` stands before the verb; all other options stand behind it.
- "repeatable" means that the option may be given several times.
- With \`--json\`, stdout is one JSON document ([its fields](json.md)) and everything else goes to stderr.
- Defaults below \`~/.local/share/operator\` follow [\`OPERATOR_HOME\` and \`XDG_DATA_HOME\`](environment.md).
`

/** docs/cli.md */
export async function cliPage(): Promise<string> {
  // Defaults are shown as they are where neither variable is set.
  delete process.env.OPERATOR_HOME
  delete process.env.XDG_DATA_HOME
  const program = await wholeProgram(terminalIo(new AbortController().signal))
  const codes = Object.entries(exitCodes).map(
    ([name, code]) => `| ${code} | ${meaning[name as keyof typeof exitCodes]} |`,
  )
  const sections = [...allBelow(program)].map(sectionOf)
  return `${opening}
## Exit codes

| code | meaning |
|---|---|
${codes.join('\n')}

## Before the verb

${optionTable(program)}

${sections.join('\n\n')}
`
}

function* allBelow(command: Command): Iterable<Command> {
  for (const child of command.createHelp().visibleCommands(command)) {
    if (child.name() === 'help') continue
    yield child
    yield* allBelow(child)
  }
}

function sectionOf(command: Command): string {
  const help = command.createHelp()
  const level = '#'.repeat(Math.min(4, pathOf(command).split(' ').length))
  // A verb that only has verbs below it is described there.
  const isGroup = command.commands.length > 0 && optionsOf(command).length === 0
  const parts = [`${level} ${pathOf(command)}`, `${capital(command.description())}.`]
  if (!isGroup) parts.push(`\`${help.commandUsage(command)}\``, argumentTable(command), optionTable(command))
  if (!isGroup) parts.push(endOf(command))
  return parts.filter(Boolean).join('\n\n')
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

const optionsOf = (command: Command): Option[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help' && long !== '--version')

function argumentTable(command: Command): string {
  const rows = command.registeredArguments
    .filter(({ description }) => description)
    .map((argument) => row(argument.name(), help.argumentDescription(argument)))
  return rows.length > 0 ? ['| argument | meaning | default |', '|---|---|---|', ...rows].join('\n') : ''
}

function optionTable(command: Command): string {
  const rows = optionsOf(command).map((option) => row(option.flags, help.optionDescription(option)))
  return rows.length > 0 ? ['| option | meaning | default |', '|---|---|---|', ...rows].join('\n') : ''
}

/** `--help` ends a description with the default, which has a column of its own here. */
function row(flags: string, described: string): string {
  const [, meaning = '', shown = ''] = /^(.*?)(?: \(default: (.*)\))?$/s.exec(described) ?? []
  return `| \`${cell(flags)}\` | ${cell(meaning)} | ${cell(shown)} |`
}

const cell = (text: string) => text.replaceAll('|', '\\|')

/** What stands behind the options: examples, and where to read on. */
function endOf(command: Command): string {
  const text = helpOf(command).slice(command.helpInformation().length).trim()
  return text ? `\`\`\`text\n${text}\n\`\`\`` : ''
}
