import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { systemClock } from '../../../core/clock.ts'
import type { Result, RunOptions } from '../../contract.ts'
import { boundedOutput } from '../../output.ts'
import type { Engine } from './engine.ts'
import { unframed } from './frames.ts'

/** Environment variable that marks a program and everything that it starts, so that all of it can be found again. */
const variable = 'TASK'
const exitPollMs = 20
/** Longer than any of the lab's own commands; a caller that needs more passes its own limit. */
const usualPatienceMs = 120_000

/** A program started in a container. */
export interface Started {
  socket: Duplex
  /** Ends it and everything it started. */
  kill(): Promise<void>
  exitCode(): Promise<number | null>
  /** False once the program itself has ended. Processes that it started may still hold its output open. */
  running(): Promise<boolean>
  resize(rows: number, columns: number): Promise<void>
}

export async function startIn(
  engine: Engine,
  container: string,
  argv: readonly string[],
  { tty = false, env = [] as string[] } = {},
): Promise<Started> {
  const task = randomBytes(6).toString('hex')
  const { Id } = await engine.ask<{ Id: string }>('POST', `/containers/${container}/exec`, {
    body: {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: tty,
      Cmd: argv,
      Env: [`${variable}=${task}`, ...env],
      WorkingDir: '/root',
    },
  })
  const socket = await engine.hijack(`/exec/${Id}/start`, { body: { Detach: false, Tty: tty } })
  const inspect = () => engine.ask<{ Running: boolean; ExitCode: number | null }>('GET', `/exec/${Id}/json`)
  return {
    socket,
    kill: () => killTask(engine, container, task),
    running: async () => (await inspect()).Running,
    exitCode: async () => {
      // The engine closes the connection a moment before it knows the code.
      for (;;) {
        const { Running, ExitCode } = await inspect()
        if (!Running) return ExitCode
        await systemClock.sleep(exitPollMs)
      }
    },
    resize: async (rows, columns) => {
      await engine.ask('POST', `/exec/${Id}/resize`, { query: { h: String(rows), w: String(columns) } })
    },
  }
}

/**
 * Runs a program in a container to its end. Rejects when it is aborted or times out; the program is then ended, as it is
 * when we die.
 */
export async function execIn(
  engine: Engine,
  container: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  options.signal?.throwIfAborted()
  const { timeoutMs = usualPatienceMs, maxBytes } = options
  const expired = AbortSignal.timeout(timeoutMs)
  const stop = AbortSignal.any([options.signal, expired].filter((signal) => signal !== undefined))
  const input = options.input ?? ''
  const tethered = ['bash', '-c', tether, 'bash', argv.length, Buffer.byteLength(input)].map(String)
  const started = await startIn(engine, container, tethered)
  const { socket } = started
  const output = { stdout: boundedOutput(maxBytes), stderr: boundedOutput(maxBytes) }
  const ended = once(socket, 'close')
  ended.catch(() => undefined) // it is waited for below
  const frames = unframed((stream, chunk) => output[stream].add(chunk))
  socket.on('data', frames)
  socket.on('end', () => socket.destroy())
  const halted = new Promise<never>((_, reject) => {
    const halt = () => reject(stop.reason)
    if (stop.aborted) halt()
    else stop.addEventListener('abort', halt, { once: true })
  })
  socket.on('error', () => undefined) // the end of the connection reports the error
  socket.write(argv.map((argument) => `${argument}\0`).join('') + input)
  try {
    await Promise.race([ended, halted])
  } catch (error) {
    await started.kill()
    socket.destroy()
    if (!expired.aborted) throw error
    throw new Error(`${argv.join(' ').slice(0, 200)}: took longer than ${timeoutMs} ms`)
  }
  return {
    stdout: output.stdout.text(),
    stderr: output.stderr.text(),
    exitCode: await started.exitCode(),
  }
}

/**
 * The engine lets a program continue after its caller has died, so a watching script ends it. The connection stays open
 * while the program runs. It carries the arguments (so that a search for a process by its arguments does not find this one),
 * then the input; when it closes, every process with our mark is killed.
 */
const tether = `
  exec 3<&0 4>&2 2>/dev/null
  mapfile -t -d '' -n $1 argv <&3
  exec 5< <(
    exec 4>&-; head -c $2 <&3; exec >&-; while read -r _; do :; done <&3
    for _ in 1 2 3 4 5; do
      for file in $(grep -lazx "${variable}=$${variable}" /proc/[0-9]*/environ); do
        pid=\${file#/proc/}; pid=\${pid%/environ}; [ $pid = $BASHPID ] || kill -KILL $pid
      done
    done)
  watcher=$!
  env "\${argv[@]}" <&5 2>&4 3<&- 4>&- 5<&-; code=$?
  kill $watcher; exit $code`

const killer = `
  for _ in 1 2 3 4 5; do
    pids=$(grep -lazx "${variable}=$1" /proc/[0-9]*/environ 2>/dev/null) || exit 0
    for file in $pids; do file=\${file#/proc/}; kill -KILL "\${file%/environ}" 2>/dev/null; done
  done`

async function killTask(engine: Engine, container: string, task: string): Promise<void> {
  const { socket } = await startIn(engine, container, ['sh', '-c', killer, 'sh', task])
  socket.resume()
  socket.end()
  await once(socket, 'close')
}
