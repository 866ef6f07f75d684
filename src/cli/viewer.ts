import { setFlagsFromString } from 'node:v8'
import type { Command } from 'commander'
import { Interrupted } from '../core/errors.ts'
import { spawn } from '../spawn.ts'
import { startViewer } from '../view/server.ts'
import { dbOption, integer, jsonOption, subcommand } from './options/common.ts'
import type { Io, Verb } from './terminal/io.ts'

export const register: Verb['register'] = (program, io) => {
  viewerOptions(
    subcommand(program, 'viewer', 'show tickets and sessions in a browser, live; read-only').addOption(
      dbOption(),
    ),
  )
    .option('--eval-db <file>', 'also show campaigns and trials of this evaluation database')
    .addHelpText(
      'after',
      '\nExamples:\n  operator viewer --open\n  operator viewer --db /var/lib/operator/operator.db --port 8080\n  operator eval viewer           campaigns and trials',
    )
    .action(({ db, evalDb = null, ...options }) => serveViewer({ ...options, operatorDb: db, evalDb }, io))
}

/** The options that both viewers have. */
export const viewerOptions = (command: Command): Command =>
  command
    .option('--port <n>', 'port to listen on; 0: any free port', integer(0, 65_535), 8000)
    .option(
      '--host <address>',
      'address to listen on; any but loopback asks for the token that is printed at the start',
      '127.0.0.1',
    )
    .option('--open', 'open the page in a browser')
    .addOption(jsonOption())

interface ViewerSettings {
  evalDb: string | null
  operatorDb: string | null
  host: string
  port: number
  open?: boolean
  json?: boolean
}

/** Serves until it is interrupted. */
export async function serveViewer(
  { evalDb, operatorDb, host, port, open, json }: ViewerSettings,
  { clock, signal, print, printJson, note }: Io,
): Promise<void> {
  // Building pages leaves much garbage. Without this limit, a third of the memory would be garbage.
  setFlagsFromString('--heap-growing-percent=20')
  await using viewer = await startViewer({ evalDb, operatorDb, host, port, clock, signal })
  if (json) printJson({ url: viewer.url })
  else print(`viewer at ${viewer.url}   (Ctrl-C ends it)`)
  if (open) openInBrowser(viewer.url, note)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  if (!(signal.reason instanceof Interrupted)) throw signal.reason
}

function openInBrowser(url: string, note: (line: string) => void): void {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true })
  child.once('error', () =>
    note(`no browser could be opened (${opener} is missing); open the address yourself`),
  )
  child.unref()
}
