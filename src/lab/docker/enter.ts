import { once } from 'node:events'
import { systemClock } from '../../core/clock.ts'
import { exitCodes, messageOf } from '../../core/errors.ts'
import type { EngineAddress } from './engine/address.ts'
import { engine } from './engine/engine.ts'
import { type Started, startIn } from './engine/exec.ts'
import { unframed } from './engine/frames.ts'

const pollMs = 200
/**
 * After the program has ended, this much silence ends the connection: processes it left behind may hold its output open for
 * ever.
 */
const lastWordsMs = 1_000

/** argv that runs a program in a container as if it were local: with its streams and exit code, and it ends with its parent. */
export const enterArgv = (address: EngineAddress, container: string, argv: readonly string[]): string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  import.meta.filename,
  JSON.stringify({ address, container }),
  ...argv,
]

async function main([target = '', ...argv]: readonly string[]): Promise<void> {
  const parent = process.ppid
  const { address, container } = JSON.parse(target) as { address: EngineAddress; container: string }
  const tty = process.stdin.isTTY && process.stdout.isTTY
  const started = await startIn(engine(address), container, argv, { tty })
  const { socket } = started
  socket.on('error', () => socket.destroy()) // the exit code tells about errors
  process.stdout.on('error', () => socket.destroy())
  if (tty) await beTerminal(started)
  process.stdin.on('error', () => socket.end())
  process.stdin.pipe(socket)
  const show = unframed((stream, chunk) => void process[stream].write(chunk))
  socket.on('data', tty ? (chunk: Buffer) => void process.stdout.write(chunk) : show)
  socket.on('end', () => socket.destroy())

  const halt = async () => {
    await started.kill()
    socket.destroy()
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, halt)
  let heard = systemClock.now()
  socket.on('data', () => {
    heard = systemClock.now()
  })
  const watch = setInterval(async () => {
    if (process.ppid !== parent) return halt()
    if (await started.running()) heard = systemClock.now()
    else if (systemClock.now() - heard > lastWordsMs) socket.destroy()
  }, pollMs)
  await once(socket, 'close')
  clearInterval(watch)
  process.exitCode = (await started.exitCode()) ?? 137
  process.stdin.destroy()
  if (tty) process.stdin.setRawMode(false)
}

async function beTerminal(started: Started): Promise<void> {
  const fit = () => started.resize(process.stdout.rows, process.stdout.columns)
  process.stdin.setRawMode(true)
  process.stdout.on('resize', () => void fit().catch(() => undefined)) // it may have ended
  await fit()
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exitCode = exitCodes.machineLacks
  })
}
