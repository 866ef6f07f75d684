import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import type { Result, RunOptions } from '../contract.ts'

/** Runs a host program to its end. Rejects when it cannot be started, is aborted or runs out of time. */
export function execute(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [file = '', ...args] = argv
  const expired = options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs)
  const stop = AbortSignal.any([options.signal, expired].filter((signal) => signal !== undefined))
  return new Promise((resolve, reject) => {
    stop.throwIfAborted()
    const child = spawn(file, args, { stdio: 'pipe' })
    const name = argv
      .slice(argv.lastIndexOf('--') + 1)
      .join(' ')
      .slice(0, 200)
    const halt = () => {
      reject(expired?.aborted ? new Error(`${name}: took longer than ${options.timeoutMs} ms`) : stop.reason)
      if (child.pid !== undefined) killFromBelow(child.pid)
    }
    stop.addEventListener('abort', halt)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.stdin.on('error', () => undefined) // it may end without reading its input
    child.stdin.end(options.input ?? '')
    child.on('error', (error) => reject(new Error(`${name}: ${error.message}`, { cause: error })))
    child.on('close', (exitCode) => {
      stop.removeEventListener('abort', halt)
      resolve({
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        exitCode,
      })
    })
  })
}

/** Children first: nsenter buries what it waits for, and then ends by itself. */
function killFromBelow(pid: number): void {
  const children = childrenOf(pid)
  for (const child of children) killIfThere(child)
  if (children.length === 0) killIfThere(pid)
}

/** A file under /proc, or null when the process is gone or not ours to look at. */
export function procFile(pid: number, file: string): string | null {
  return whileItLives(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'))
}

/** Which namespace a process is in, e.g. `pid:[4026531836]`. */
export function namespaceOf(pid: number | 'self', kind: 'pid' | 'net' | 'user'): string | null {
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
