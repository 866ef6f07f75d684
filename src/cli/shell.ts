import { call } from '../agent/command/call.ts'
import type { Verb } from './terminal/io.ts'

/** The same exit code as that of `timeout`. */
const timedOutCode = 124

export const register: Verb['register'] = (program, io) => {
  program
    .command('shell <command...>')
    .description('run an audited command in the cluster; for a program that works as the agent')
    .option('--reason <text>', 'what you expect to learn or to change, for the audit', '')
    .addHelpText(
      'after',
      '\nThe command is given to bash; several words are joined by spaces, as ssh does.\n\nExamples:\n  operator shell -- svc status\n  operator shell --reason "it was killed" -- svc start etcd-2',
    )
    .action(async (words: string[], { reason }: { reason: string }) => {
      const wanted = { want: 'shell', command: words.join(' '), reasoning: reason } as const
      const result = await call(wanted, { env: process.env, signal: io.signal })
      process.stdout.write(result.stdout)
      process.stderr.write(result.stderr)
      process.exitCode = result.timedOut ? timedOutCode : (result.exitCode ?? 1)
    })
}
