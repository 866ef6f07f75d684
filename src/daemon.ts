import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { spawn } from './spawn.ts'

/** A process that lives no longer than we do: it ends when its standard input, a pipe that we hold, closes. */
export interface Daemon extends AsyncDisposable {
  pid: number
  logFile: string
  /** Resolves when the process is gone and all its output has been read. */
  hasEnded(): boolean
  /** The signal that ended it, if one did. */
  endedBy(): NodeJS.Signals | null
  /** Its standard output; null when that goes to the log. */
  output: Readable | null
  send(line: string): void
}

export interface DaemonOptions {
  env: Record<string, string>
  /** Standard error, and output unless it is wanted, are appended here. */
  logFile: string
  wantOutput?: boolean
}

/** Time for a daemon to end by itself once asked. */
const patienceMs = 5_000

export async function startDaemon(argv: readonly string[], options: DaemonOptions): Promise<Daemon> {
  const [program = '', ...args] = argv
  const log = openSync(options.logFile, 'a', 0o600)
  const child = spawn(program, args, {
    env: options.env,
    // A session of its own: Ctrl-C in a terminal is for us, and we end the child in order.
    detached: true,
    stdio: ['pipe', options.wantOutput ? 'pipe' : log, log],
  })
  closeSync(log)
  let hasEnded = false
  let endedBy: NodeJS.Signals | null = null
  const ended = new Promise<void>((resolve) =>
    child.once('close', (_, signal) => {
      hasEnded = true
      endedBy = signal
      resolve()
    }),
  )
  await once(child, 'spawn')
  // The child may end before it has read what we send. Its exit code tells why.
  child.stdin?.on('error', () => child.stdin?.destroy())
  return {
    pid: child.pid ?? 0,
    logFile: options.logFile,
    hasEnded: () => hasEnded,
    endedBy: () => endedBy,
    output: child.stdout,
    send: (line) => child.stdin?.write(`${line}\n`),
    [Symbol.asyncDispose]: async () => {
      child.stdin?.end()
      child.kill('SIGTERM')
      const lastResort = setTimeout(() => child.kill('SIGKILL'), patienceMs)
      await ended
      clearTimeout(lastResort)
    },
  }
}

/** The environment that a child needs to find programs and files. It contains no key that the child does not use. */
export function plainEnv(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const kept = [
    'PATH',
    'HOME',
    'LANG',
    'TZ',
    'TMPDIR',
    'NODE_EXTRA_CA_CERTS',
    // Halves the start-up time of a checkout and saves the memory that stripping types takes.
    'NODE_COMPILE_CACHE',
    'OPERATOR_HOME',
    'XDG_DATA_HOME',
  ]
  return Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}

/** Little of what a daemon reads outlives its next observation. Without a limit V8 keeps 30 MB of garbage. */
const small = '--max-semi-space-size=1'

/** Absolute paths of the plugins that this process has loaded. Every child that runs this program loads them, too. */
const plugins: string[] = []
export const handOnPlugin = (path: string): void => void plugins.push(path)

/** argv that runs this same program as a daemon, from a checkout or installed. */
export function self(wanted: { plugins?: boolean } = {}): string[] {
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--max-semi-space-size'))
  const program = [process.execPath, ...flags, small, process.argv[1] ?? '']
  return wanted.plugins === false ? program : [...program, ...plugins.flatMap((path) => ['--plugin', path])]
}

/** The last log lines of a daemon that ended on its own. */
export async function lastWords({ logFile }: Daemon): Promise<string> {
  const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n')
  return lines.slice(-3).join(' | ').slice(-1_000)
}
