import type { Command } from 'commander'
import { evalDbOption, subcommand } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'
import { serveViewer, viewerOptions } from '../viewer.ts'

export function registerViewer(evaluation: Command, io: Io): void {
  viewerOptions(
    subcommand(evaluation, 'viewer', 'show campaigns and trials in a browser; read-only').addOption(
      evalDbOption(),
    ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  operator eval viewer --open\n  operator eval viewer --port 0 --eval-db results/eval.db',
    )
    .action((options) => serveViewer({ ...options, operatorDb: null }, io))
}
