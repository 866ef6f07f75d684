import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { systemClock } from '../core/clock.ts'
import type { Cluster } from '../lab/contract.ts'
import { spawn } from '../spawn.ts'
import { capture } from './capture.ts'
import type { Sandbox } from './sandbox.ts'

const guard = readFileSync(new URL('./guard.sh', import.meta.url), 'utf8')

/** PR_SET_CHILD_SUBREAPER: orphans become the guard's children, whatever session or environment they have. */
const adopt =
  'use Config; syscall($Config{archname} =~ /^aarch64/ ? 167 : 157, 36, 1, 0, 0, 0); exec @ARGV or die "$!\\n"'

// The guard has to outlive us for the moment of its cleanup, so it gets no death signal. A leader of a process group has to
// fork for a session, and must be waited for.
const guarded = ['setpriv', '--pdeathsig', 'clear', 'setsid', '--wait', 'perl', '-e', adopt, 'bash', '-s']

/** After the command's shell has ended, how long output may still arrive: background children may hold the pipe for ever. */
const lastWordsMs = 100
/** Time for the guard to kill everything before we give up on it. */
const killMs = 5_000

/** Runs commands where an engineer of the cluster would log in. */
export function labSandbox(cluster: Cluster): Sandbox {
  // Requests that background processes make between two commands are reported with the next command.
  let mark: number | undefined
  async function* engineRequests() {
    for (;;) {
      const asked = mark === undefined ? undefined : await cluster.engineRequests?.(mark)
      if (!asked || asked.mark === mark) return
      mark = asked.mark
      yield asked.requests
    }
  }
  return {
    describe: `a shell in cluster ${cluster.id} (${cluster.lab}): its network, files and processes, nothing of this host's`,
    exec: async (command, { timeoutMs, signal, maxBytes, onOutput }) => {
      signal.throwIfAborted()
      if (command.includes('\0')) throw new TypeError('a command cannot contain a NUL character')
      const startedAt = systemClock.now()
      mark ??= (await cluster.engineRequests?.(null))?.mark
      const [file = '', ...args] = cluster.command ?? cluster.enter(guarded)
      // The model's key is in our environment. No process on the way in gets it.
      const env = { PATH: process.env.PATH }
      const child = spawn(file, args, { env, stdio: 'pipe', detached: true })
      const stdout = capture(child.stdout, maxBytes, onOutput)
      const stderr = capture(child.stderr, maxBytes, onOutput)
      const exited = once(child, 'exit')
      const closed = once(child, 'close')
      closed.catch(() => undefined) // 'exit' rejects for the same reason, and is awaited
      child.stdin.on('error', () => undefined) // it may end before it has read everything
      child.stdin.write(
        cluster.command
          ? `${Buffer.byteLength(command)}\n${command}`
          : `command='${command.replaceAll("'", `'\\''`)}'\n${guard}`,
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
    },
    ...(cluster.endLeftBehind && { end: () => cluster.endLeftBehind?.() ?? Promise.resolve() }),
    ...(cluster.engineRequests && { engineRequests }),
  }
}
