import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { documentOf } from '../eval/report/document.ts'
import { spawn } from '../spawn.ts'

/** A trial as `operator eval run --json` prints it. */
export type TrialDocument = ReturnType<typeof documentOf>

export interface TrialOptions {
  subject: string
  /** The chaos type; `none` breaks nothing. */
  chaos: string
  /** Files or packages to load first, as `--plugin` takes them. */
  plugins?: readonly string[]
  /** Any further options of `operator eval run`: `['--target', 'leader', '--baseline']`. */
  argv?: readonly string[]
  /** The trial is kept there; without it, in a database that is deleted afterwards. */
  evalDb?: string
  /** Ends the trial, and everything that it started, in order. */
  signal?: AbortSignal
}

const main = fileURLToPath(new URL(`../cli/main${extname(import.meta.url)}`, import.meta.url))

/**
 * Runs one trial in a process of its own, as `operator eval run` does.
 * @throws Error with what the command complained of, when there is no trial to show: a bad option, a machine that lacks
 * something, an abort.
 */
export async function runTrial(options: TrialOptions): Promise<TrialDocument> {
  const folder = await mkdtemp(join(tmpdir(), 'operator-trial-'))
  try {
    const plugins = (options.plugins ?? []).flatMap((name) => ['--plugin', name])
    const what = ['eval', 'run', '--subject', options.subject, '--chaos', options.chaos]
    const where = ['--eval-db', options.evalDb ?? join(folder, 'eval.db'), '--json']
    const args = [main, ...plugins, ...what, ...(options.argv ?? []), ...where]
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const stop = () => child.kill('SIGTERM')
    options.signal?.addEventListener('abort', stop)
    if (options.signal?.aborted) stop()
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    options.signal?.removeEventListener('abort', stop)
    options.signal?.throwIfAborted()
    const [trial] = stdout === '' ? [] : (JSON.parse(stdout) as { trials: TrialDocument[] }).trials
    if (!trial) throw new Error(stderr.trim() || 'operator eval run printed nothing')
    return trial
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
