import { runWitness } from '../eval/trial/witness.ts'
import { subjectNamed } from '../subjects/subjects.ts'
import { untilUnread } from '../tui/terminal.ts'
import {
  dataPathOption,
  endpointsOption,
  integer,
  logPathOption,
  portMapOption,
  withPaths,
} from './options/common.ts'
import type { Verb } from './terminal/io.ts'

/** Started by trials only: an oracle in a process of its own. */
export const register: Verb['register'] = (program, io) => {
  program
    .command('witness', { hidden: true })
    .requiredOption('--subject <name>', 'what to watch')
    .addOption(endpointsOption().makeOptionMandatory())
    .addOption(dataPathOption())
    .addOption(logPathOption())
    .addOption(portMapOption())
    .option('--seed <n>', 'of the load', integer(0), 0)
    .option('--clients <n>', 'per node', integer(1, 64), 2)
    .option('--ops <n>', 'per second and client', integer(1, 1000), 25)
    .action((options) =>
      runWitness({
        subject: subjectNamed(options.subject),
        endpoints: withPaths(options.endpoints, options),
        load: { clients: options.clients, opsPerSecond: options.ops, seed: options.seed },
        input: process.stdin,
        say: (message) => io.print(JSON.stringify(message)),
        complain: (message) => void process.stderr.write(`${message}\n`),
        clock: io.clock,
        signal: untilUnread(io.signal),
      }),
    )
}
