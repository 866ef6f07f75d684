import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock } from '../../../core/clock.ts'
import { messageOf } from '../../../core/errors.ts'
import { type ChildProcess, spawn } from '../../../spawn.ts'
import type { EngineAddress } from '../engine/address.ts'
import { engine } from '../engine/engine.ts'
import { requestsFile } from '../engine/requests.ts'
import { folderPrefix, removeCluster, removeFolder } from '../remove.ts'
import { serveSocket } from '../socket/server.ts'
import { keepLogs } from './node-log.ts'

// Each cluster has its own keeper process. It serves the cluster's filtered socket and follows its logs, so that input from
// inside is never parsed in a process that holds a model's key. It ends the cluster when its owner's end of a pipe closes,
// for whatever reason.

interface Duty {
  address: EngineAddress
  id: string
  folder: string
  /** Names of the nodes. */
  nodes: readonly string[]
}

/** Time in which an engine may still finish objects that its dead owner had requested. */
const stragglersMs = 1_500

export interface Keeper {
  /** The filtered socket, on the host. */
  socket: string
  folder: string
  /** Ends the cluster; resolves when nothing of it is left. */
  end(): Promise<void>
}

const socketIn = (folder: string): string => join(folder, 'docker.sock')

/** Starts the keeper of a cluster that is about to be made. */
export async function startKeeper(
  address: EngineAddress,
  id: string,
  nodes: readonly string[],
): Promise<Keeper> {
  const folder = mkdtempSync(join(tmpdir(), folderPrefix))
  const duty: Duty = { address, id, folder, nodes }
  const argv = ['--disable-warning=ExperimentalWarning', import.meta.filename, JSON.stringify(duty)]
  const env = { PATH: process.env.PATH ?? '', TMPDIR: tmpdir() }
  // A session of its own: Ctrl-C in a terminal is for the owner, which then ends the cluster in order.
  const child = spawn(process.execPath, argv, {
    env,
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin?.on('error', () => child.stdin?.destroy())
  const words = saidBy(child)
  const closed = once(child, 'close')
  const said = await words.first
  if (said !== 'ready') {
    removeFolder(folder)
    throw new Error(`the keeper of cluster ${id} ended: ${said}`)
  }
  return {
    folder,
    socket: socketIn(folder),
    end: async () => {
      child.stdin?.end('end\n')
      await closed
      // The keeper may have been killed.
      if (words.last() !== 'gone') await removeCluster(engine(address), id)
      removeFolder(folder)
    },
  }
}

function saidBy(child: ChildProcess): { first: Promise<string>; last(): string } {
  let last = ''
  const first = new Promise<string>((resolve) => {
    if (!child.stdout) return resolve('it has no output')
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = line
      resolve(line)
    })
    child.once('close', () => resolve(last || 'without a word'))
    child.once('error', (error) => resolve(error.message))
  })
  return { first, last: () => last }
}

async function keep({ address, id, folder, nodes }: Duty): Promise<void> {
  const say = (word: string) => process.stdout.write(`${word}\n`)
  process.stdout.on('error', () => undefined) // nothing listens any more
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const server = await serveSocket({ address, id, socket: socketIn(folder), audit: requestsFile(folder) })
  const ended = new AbortController()
  // A cluster without its logs can still be used.
  keepLogs({ engine: engine(address), id, folder, nodes }, ended.signal).catch((error) =>
    say(messageOf(error)),
  )
  say('ready')
  let inOrder = false
  for await (const line of createInterface({ input: process.stdin })) inOrder ||= line === 'end'
  ended.abort()
  await server[Symbol.asyncDispose]()
  await removeCluster(engine(address), id)
  if (!inOrder) {
    await systemClock.sleep(stragglersMs)
    await removeCluster(engine(address), id)
  }
  removeFolder(folder)
  say('gone')
}

if (import.meta.main) {
  await keep(JSON.parse(process.argv[2] ?? '') as Duty).catch((error) => {
    process.stdout.write(`${messageOf(error).replaceAll('\n', ' ')}\n`)
    process.exitCode = 1
  })
}
