import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { systemClock } from '../core/clock.ts'
import { spawn } from '../spawn.ts'
import { capture } from './capture.ts'
import type { ExecOptions, ExecResult } from './sandbox.ts'

const guard = readFileSync(new URL('./guard.sh', import.meta.url), 'utf8')

/** PR_SET_CHILD_SUBREAPER: orphans become the guard's children, whatever session or environment they have. */
const adopt =
  'use Config; syscall($Config{archname} =~ /^aarch64/ ? 167 : 157, 36, 1, 0, 0, 0); exec @ARGV or die "$!\\n"'

/**
 * The guard, `bash -s`, as the leader of a session of its own. It has to outlive us for the moment of its cleanup. A leader of
 * a process group has to fork for a session, and must be waited for.
 */
export const guardArgv = ['setsid', '--wait', 'perl', '-e', adopt, 'bash', '-s']

/** Programs that the guard needs where it runs. */
export const guardNeeds = 'bash 5.1 or newer, setsid (util-linux) and perl'

/** After the command's shell has ended, how long output may still arrive: background children may hold the pipe for ever. */
const lastWordsMs = 100
/** Time for the guard to kill everything before we give up on it. */
const killMs = 5_000

/** A program to which commands are given, one for each start. */
export interface Way {
  argv: readonly string[]
  env: Record<string, string | undefined>
  /**
   * `guard`: it runs the guard, and its standard input is the guard's. `far guard`: the same, and it ends only when nobody there
   * holds its output any more. `counted`: its standard input carries the number of bytes, a newline and the command. With all,
   * the end of standard input ends everything that the command started.
   */
  takes: 'guard' | 'far guard' | 'counted'
}

/** Runs a command that way; rejects with the signal's reason when aborted, after everything the command started is gone. */
export async function execThrough(
  way: Way,
  command: string,
  { timeoutMs, signal, maxBytes, onOutput }: ExecOptions,
): Promise<ExecResult> {
  signal.throwIfAborted()
  if (command.includes('\0')) throw new TypeError('a command cannot contain a NUL character')
  const startedAt = systemClock.now()
  const [file = '', ...args] = way.argv
  const child = spawn(file, args, { env: way.env, stdio: 'pipe', detached: true })
  const stdout = capture(child.stdout, maxBytes, onOutput)
  const stderr = capture(child.stderr, maxBytes, onOutput)
  const exited = once(child, 'exit')
  const closed = once(child, 'close')
  closed.catch(() => undefined) // 'exit' rejects for the same reason, and is awaited
  child.stdin.on('error', () => undefined) // it may end before it has read everything
  child.stdin.write(
    way.takes === 'counted'
      ? `${Buffer.byteLength(command)}\n${command}`
      : `command=${quoted(command)} seconds=${Math.ceil((timeoutMs + killMs) / 1_000)} far=${way.takes === 'guard' ? '' : 1}\n${guard}`,
  )

  const expired = AbortSignal.timeout(timeoutMs)
  const stop = AbortSignal.any([signal, expired])
  const hangUp = () => child.stdin.end()
  const letGo = () => child.kill('SIGKILL')
  let patience: NodeJS.Timeout | undefined
  const halt = () => {
    hangUp()
    patience = setTimeout(letGo, killMs)
  }
  stop.addEventListener('abort', halt)
  const [exitCode] = await exited
  stop.removeEventListener('abort', halt)
  clearTimeout(patience)
  const stopped = stop.aborted
  await Promise.race([closed, systemClock.sleep(lastWordsMs)])
  child.stdin.destroy()
  child.stdout.destroy()
  child.stderr.destroy()
  if (stopped && signal.aborted) throw signal.reason
  const [out, err] = [stdout.printed(), stderr.printed()]
  return {
    stdout: out.head,
    stderr: err.head,
    rests: { ...(out.rest && { stdout: out.rest }), ...(err.rest && { stderr: err.rest }) },
    exitCode: stopped ? null : exitCode,
    timedOut: stopped,
    durationMs: systemClock.now() - startedAt,
    truncatedBytes: (out.rest?.leftBytes ?? 0) + (err.rest?.leftBytes ?? 0),
  }
}

/** One word of a POSIX shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
