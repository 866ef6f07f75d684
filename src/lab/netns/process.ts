import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { spawn } from '../../spawn.ts'
import type { Result, RunOptions } from '../contract.ts'
import { boundedOutput } from '../output.ts'

/** Longer than anything takes that a lab asks; who waits longer says so. */
const usualPatienceMs = 120_000
/** How long the output of a program that has ended may still be held open by what it started. */
const lastWordsMs = 1_000

/**
 * Runs a program to its end, or to that of its patience. Rejects when it cannot be started, is aborted or runs out of time.
 * Whatever it prints, no more than a bounded part is kept.
 */
export function execute(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [file = '', ...args] = argv
  const { timeoutMs = usualPatienceMs, maxBytes } = options
  const expired = AbortSignal.timeout(timeoutMs)
  const stop = AbortSignal.any([options.signal, expired].filter((signal) => signal !== undefined))
  return new Promise((resolve, reject) => {
    stop.throwIfAborted()
    // A session of its own: what runs inside a world must not find our terminal.
    const child = spawn(file, args, { stdio: 'pipe', detached: true })
    const name = argv
      .slice(argv.lastIndexOf('--') + 1)
      .join(' ')
      .slice(0, 200)
    const [stdout, stderr] = [boundedOutput(maxBytes), boundedOutput(maxBytes)]
    const letGo = () => {
      stop.removeEventListener('abort', halt)
      // Whatever it left behind inside may hold the other end for ever.
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

/** Children first: nsenter buries what it waits for, and then ends by itself. It stops when that stops: it has to go on. */
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
