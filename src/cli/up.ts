import { Option } from 'commander'
import { BadInput } from '../core/errors.ts'
import { plainEnv } from '../daemon.ts'
import { jsonOption, oneOf } from './options/common.ts'
import { withExamples } from './terminal/help.ts'
import type { Io, Verb } from './terminal/io.ts'
import { daemonLog } from './terminal/log.ts'
import { lineOfParent } from './terminal/parent.ts'
import { checkFile } from './up/check.ts'
import { checkClusters, readUpFile, type UpFile } from './up/file.ts'
import { agentPart, monitorPart } from './up/parts.ts'
import { keepRunning } from './up/supervise.ts'

interface UpOptions {
  check?: boolean
  json?: boolean
  part?: 'monitor' | 'agent'
}

export const register: Verb['register'] = (program, io) => {
  const up = program
    .command('up')
    .description(
      'watch all clusters of a file, and repair those that the file allows to be repaired, until stopped',
    )
    .argument('[file]', 'the clusters, and who works on them (docs/production.md)')
    .option(
      '--check',
      'check the file, observe each cluster and open each shell once, print the result, start nothing',
    )
    .addOption(jsonOption())
    .addOption(
      new Option('--part <name>', 'one of its processes').argParser(oneOf(['monitor', 'agent'])).hideHelp(),
    )
    .action((path: string | undefined, options: UpOptions) =>
      options.part ? runPart(options.part, io) : start(path, options, io),
    )
  up.showHelpAfterError('(add --help for what is allowed)')
  withExamples(up, ['operator up --check operator.yaml', 'operator up operator.yaml'])
}

async function start(path: string | undefined, options: UpOptions, io: Io): Promise<void> {
  if (path === undefined) throw new BadInput('say which file: operator up operator.yaml')
  if (options.json && !options.check) throw new BadInput('--json is for --check')
  const file = readUpFile(path)
  checkClusters(file, io)
  if (options.check) return checkFile(file, options.json ?? false, io)
  const log = daemonLog(io)
  const run = { log, clock: io.clock, signal: io.signal }
  const config = JSON.stringify(file)
  const isWorkedOn = Object.values(file.clusters).some(({ shell }) => shell)
  await Promise.all([
    keepRunning({ name: 'monitor', config, env: plainEnv() }, run),
    // The agent alone gets the keys of models.
    ...(isWorkedOn ? [keepRunning({ name: 'agent', config, env: process.env }, run)] : []),
  ])
}

async function runPart(part: 'monitor' | 'agent', io: Io): Promise<void> {
  const { line, signal } = await lineOfParent(io.signal)
  // Our own parent has checked it.
  const file = JSON.parse(line) as UpFile
  await (part === 'monitor' ? monitorPart(file, io, signal) : agentPart(file, io, signal))
}
