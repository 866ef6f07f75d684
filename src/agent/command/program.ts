import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../core/clock.ts'
import { spawn } from '../../spawn.ts'
import { sessionVariable } from './protocol.ts'

const keeper = fileURLToPath(new URL('./keeper.sh', import.meta.url))

/** The kernel's limit for the path of a socket, less room for the file's name. */
const maxFolderChars = 90

/** A folder that only this user can enter: the session's socket, and an `operator` for the program to call. */
export interface Room extends Disposable {
  folder: string
  socket: string
}

/** `operator` is the argv that runs this program. */
export function openRoom(operator: readonly string[]): Room {
  const place = tmpdir().length < maxFolderChars ? tmpdir() : '/tmp'
  const folder = mkdtempSync(join(place, 'operator-')) // mode 0700
  const socket = join(folder, 'session')
  const launcher = join(folder, 'bin', 'operator')
  mkdirSync(join(folder, 'bin'))
  // Some programs pass little of their environment on, PATH as a rule: the session's place stands here, too.
  writeFileSync(
    launcher,
    `#!/bin/sh\nexport ${sessionVariable}=${quoted(socket)}\nexec ${operator.map(quoted).join(' ')} "$@"\n`,
  )
  chmodSync(launcher, 0o700)
  return { folder, socket, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** How long output may still arrive after the program's end: a process that it left behind may keep the pipe open. */
const lastWordsMs = 1_000

export interface ProgramOptions {
  room: Room
  env: NodeJS.ProcessEnv
  /** All of its standard input. */
  input: string
  signal: AbortSignal
}

export interface ProgramEnd {
  exitCode: number | null
  /** The last of what it said. */
  stdout: string
  stderr: string
}

/** Runs a program until it ends or the signal aborts. Nothing that it started is left then, nor when this process dies. */
export async function runProgram(command: readonly string[], options: ProgramOptions): Promise<ProgramEnd> {
  const { room, input, signal } = options
  const { [sessionVariable]: _outer, ...env } = options.env
  const path = [join(room.folder, 'bin'), env.PATH].filter(Boolean).join(delimiter)
  writeFileSync(join(room.folder, 'input'), input)
  const child = spawn('bash', [keeper, room.folder, ...command], {
    env: { ...env, PATH: path },
    // A session of its own: it has to outlive us for the moment that it takes to end the program.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const [, stdout, stderr, lifeline] = child.stdio as [null, Readable, Readable, Readable, undefined]
  lifeline.on('error', () => undefined) // closed at its other end: the program has ended
  const said = { stdout: tail(stdout), stderr: tail(stderr) }
  const letGo = () => lifeline.destroy()
  const closed = once(child, 'close')
  closed.catch(() => undefined) // 'exit' rejects for the same reason, and is awaited
  signal.addEventListener('abort', letGo)
  if (signal.aborted) letGo()
  try {
    const [exitCode] = await once(child, 'exit')
    await Promise.race([closed, systemClock.sleep(lastWordsMs)])
    return { exitCode, stdout: said.stdout(), stderr: said.stderr() }
  } finally {
    signal.removeEventListener('abort', letGo)
    letGo()
    stdout.destroy()
    stderr.destroy()
  }
}

const tailBytes = 256 * 1024

/** Reads to the end and keeps the last of it. */
function tail(stream: Readable): () => string {
  let kept = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-tailBytes)
  })
  return () => kept.toString()
}
