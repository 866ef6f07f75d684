import { once } from 'node:events'
import type { Clock } from '../../core/clock.ts'
import { self } from '../../daemon.ts'
import { spawn } from '../../spawn.ts'
import type { Log } from '../terminal/log.ts'

/** One of the processes that `operator up` keeps running. */
export interface Part {
  name: 'monitor' | 'agent'
  env: Record<string, string | undefined>
  /** Its first line of input. */
  config: string
}

/** Wait before a part that ended is started again. It doubles while a part ends before it has run for `steadyMs`. */
const restart = { firstMs: 500, mostMs: 60_000, steadyMs: 60_000 }
/** Time for a part to end in order: an agent stops its command and frees its tickets. */
const patienceMs = 10_000

/**
 * Runs a part as a process that lives no longer than we do, and starts it again whenever it ends, until the signal aborts. Its
 * output is ours.
 */
export async function keepRunning(
  part: Part,
  { log, clock, signal }: { log: Log; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const [program = '', ...args] = [...self(), 'up', '--part', part.name]
  let waitMs = restart.firstMs
  while (!signal.aborted) {
    const startedAt = clock.monotonic()
    // A process group of its own: Ctrl-C in a terminal is for us, and we end it in order.
    const child = spawn(program, args, {
      env: part.env,
      detached: true,
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    // It may end before it has read everything.
    child.stdin.on('error', () => child.stdin.destroy())
    child.stdin.write(`${part.config}\n`)
    let lastResort: NodeJS.Timeout | undefined
    const end = () => {
      child.stdin.end()
      child.kill('SIGTERM')
      lastResort = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    }
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
    const [code, killedBy] = await once(child, 'exit').catch((error) => [error.message, null])
    signal.removeEventListener('abort', end)
    clearTimeout(lastResort)
    if (signal.aborted) return
    if (clock.monotonic() - startedAt >= restart.steadyMs) waitMs = restart.firstMs
    log.warn(`the ${part.name} ended (${killedBy ?? code}); it is started again in ${waitMs} ms`)
    await clock.sleep(waitMs, signal).catch(() => undefined)
    waitMs = Math.min(restart.mostMs, waitMs * 2)
  }
}
