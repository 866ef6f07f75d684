import { Command } from 'commander'
import { help } from './terminal/help.ts'
import type { Io } from './terminal/io.ts'
import { version } from './terminal/version.ts'
import { verbs } from './verbs.ts'

/** The command line without its verbs. */
export function programWithoutVerbs(): Command {
  return (
    new Command('operator')
      .description('An autonomous site-reliability engineer, and the laboratory that proves how good it is.')
      .version(version)
      .exitOverride()
      .option(
        '--plugin <file|package>',
        'load subjects, chaos types and kinds of agent of your own; stands before the verb (repeatable)',
      )
      // `eval run` and `eval run campaign` have options of the same name: each belongs to the word before it.
      .enablePositionalOptions()
      .configureHelp(help)
      .showHelpAfterError('(add --help for what is allowed)')
      .addHelpText(
        'after',
        '\nBegin with:\n  operator doctor          what can run on this machine\n  operator demo etcd       break a real cluster and watch the repair\n',
      )
  )
}

/** The command line with every verb that people see, for the reference and the tests of the documentation. */
export async function wholeProgram(io: Io): Promise<Command> {
  const program = programWithoutVerbs()
  for (const verb of Object.values(verbs)) if (!verb.hidden) (await verb.load()).register(program, io)
  return program
}

/** `operator eval run`. */
export const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

/** Everything that `--help` prints, with the examples at its end. */
export function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (more) => {
      text += more
    },
  })
  command.outputHelp()
  return text
}
