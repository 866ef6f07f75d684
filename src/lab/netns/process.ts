import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { spawn } from '../../spawn.ts'
import type { Result, RunOptions } from '../contract.ts'
import { boundedOutput } from '../output.ts'

/** Longer than any of the lab's own commands; a caller that needs more passes its own limit. */
const usualPatienceMs = 120_000
/** After a program has ended, how long processes that it started may hold its output open. */
const lastWordsMs = 1_000

/**
 * Runs a program to its end or to its time limit. Rejects when it cannot be started, is aborted or times out. Keeps only a
 * bounded part of its output.
 */
export function execute(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [file = '', ...args] = argv
  const { timeoutMs = usualPatienceMs, maxBytes } = options
  const expired = AbortSignal.timeout(timeoutMs)
  const stop = AbortSignal.any([options.signal, expired].filter((signal) => signal !== undefined))
  return new Promise((resolve, reject) => {
    stop.throwIfAborted()
    // A session of its own: a program inside a world must not get our terminal.
    const child = spawn(file, args, { stdio: 'pipe', detached: true })
    const name = argv
      .slice(argv.lastIndexOf('--') + 1)
      .join(' ')
      .slice(0, 200)
    const [stdout, stderr] = [boundedOutput(maxBytes), boundedOutput(maxBytes)]
    const letGo = () => {
      stop.removeEventListener('abort', halt)
      // Processes left behind inside may hold the other end open for ever.
      for (const stream of child.stdio) stream?.destroy()
    }
    const halt = () => {
      reject(expired.aborted ? new Error(`${name}: took longer than ${timeoutMs} ms`) : stop.reason)
      if (child.pid !== undefined) killFromBelow(child.pid)
      letGo()
    }
    stop.addEventListener('abort', halt)
    child.stdout.on('data', stdout.add)
    child.stderr.on('data', stderr.add)
    for (const stream of child.stdio) stream?.on('error', () => undefined) // it may end without reading its input
    child.stdin.end(options.input ?? '')
    child.on('error', (error) => {
      letGo()
      reject(new Error(`${name}: ${error.message}`, { cause: error }))
    })
    const done = (exitCode: number | null) => {
      letGo()
      resolve({ stdout: stdout.text(), stderr: stderr.text(), exitCode })
    }
    child.on('close', done)
    child.on('exit', (exitCode) => void setTimeout(done, lastWordsMs, exitCode).unref())
  })
}

/**
 * Kill children first: nsenter reaps the child it waits for and then ends by itself. It stops when its child stops, so it is
 * continued.
 */
function killFromBelow(pid: number): void {
  const children = childrenOf(pid)
  for (const child of children) killIfThere(child)
  killIfThere(pid, 'SIGCONT')
  if (children.length === 0) killIfThere(pid)
}

/** A file under /proc, or null when the process is gone or not ours to look at. */
export function procFile(pid: number, file: string): string | null {
  return whileItLives(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'))
}

/** Which namespace a process is in, e.g. `pid:[4026531836]`. */
export function namespaceOf(pid: number | 'self', kind: 'pid' | 'net' | 'user' | 'cgroup'): string | null {
  return whileItLives(() => readlinkSync(`/proc/${pid}/ns/${kind}`))
}

/** The uid that a process runs as; null: it is gone. */
export function ownerOf(pid: number): number | null {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? null
}

export function allPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

export function childrenOf(pid: number): number[] {
  return (procFile(pid, `task/${pid}/children`) ?? '').split(' ').filter(Boolean).map(Number)
}

/** SIGKILL; no matter when it is gone already. */
export function killIfThere(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  whileItLives(() => process.kill(pid, signal))
}

function whileItLives<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null
    throw error
  }
}
