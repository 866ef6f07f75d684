import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../../core/clock.ts'
import type { Engine } from '../engine/engine.ts'
import { unframed } from '../engine/frames.ts'
import { containerName } from '../labels.ts'

// Copies the nodes' output into files of this host, out of reach from inside, for checks that count log lines.

const pollMs = 300
/** Size of a file before it is renamed. Together with the one before it, each node has twice as much. */
const mostBytes = 8 * 2 ** 20

/** A node's log file in its cluster's folder. */
export const logFile = (folder: string, node: string): string => join(folder, 'logs', `${node}.log`)

export interface LoggedCluster {
  engine: Engine
  id: string
  folder: string
  nodes: readonly string[]
}

/** The files exist when this returns; they are written until `signal` aborts. Rejects with the error of the disk. */
export async function keepLogs(
  { engine, id, folder, nodes }: LoggedCluster,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(join(folder, 'logs'))
  const keep = async (node: string) => {
    const write = rotated(logFile(folder, node), mostBytes)
    await follow(engine, containerName(id, 'node', node), write, signal)
  }
  await Promise.all(nodes.map(keep))
}

/** A file that is started anew when it reaches a size; the one before it stays as `FILE.1`. */
export function rotated(file: string, most: number): (bytes: Buffer) => void {
  let descriptor = openSync(file, 'w')
  let size = 0
  return (bytes) => {
    if (size > 0 && size + bytes.length > most) {
      closeSync(descriptor)
      renameSync(file, `${file}.1`)
      descriptor = openSync(file, 'w')
      size = 0
    }
    size += writeSync(descriptor, bytes)
  }
}

/** From a container's first line on, over all its starts. The engine ends the stream when the container's process ends. */
async function follow(
  engine: Engine,
  container: string,
  write: (bytes: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  const news = newsOnly()
  let followed = ''
  while (!signal.aborted) {
    const { State } = await engine
      .ask<{ State: { Running: boolean; StartedAt: string } }>('GET', `/containers/${container}/json`, {
        signal,
      })
      .catch(() => notYet) // the container is not made yet, or the engine is away for a moment
    if (State.Running || State.StartedAt !== followed) {
      followed = State.StartedAt
      await pour(engine, container, news, write, signal)
    }
    await systemClock.sleep(pollMs, signal).catch(() => undefined) // aborted
  }
}

const notYet = { State: { Running: false, StartedAt: '' } }

async function pour(
  engine: Engine,
  container: string,
  news: ReturnType<typeof newsOnly>,
  write: (bytes: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  const query = { stdout: '1', stderr: '1', follow: '1', timestamps: '1', since: news.resume() }
  const stream = await engine
    .stream('GET', `/containers/${container}/logs`, { query, signal })
    .catch(() => null) // the container is gone, or we are about to end
  if (!stream) return
  let failed: Error | null = null
  let fresh: Buffer[] = []
  const frames = unframed((_, message) => fresh.push(news.take(message)))
  stream.on('data', (chunk: Buffer) => {
    fresh = []
    try {
      frames(chunk)
      write(Buffer.concat(fresh))
    } catch (error) {
      failed = error as Error
      stream.destroy()
    }
  })
  stream.on('error', () => undefined) // lines that are missing come with the next request
  await new Promise((resolve) => stream.once('close', resolve))
  if (failed) throw failed
}

const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) /

/**
 * Messages that start with their time in nanoseconds, and are repeated from some time on. Messages of the same time (for
 * example parts of a long line) are told apart by their number.
 */
export function newsOnly() {
  let last = { at: 0n, count: 0 }
  let known = { ...last }
  return {
    /** Time in seconds from which to ask again. */
    resume(): string {
      known = { ...last }
      return `${last.at / 10n ** 9n}.${String(last.at % 10n ** 9n).padStart(9, '0')}`
    },
    /** The new part of a message, without its time. */
    take(message: Buffer): Buffer {
      const head = stamp.exec(message.toString('latin1', 0, 40))
      if (!head) return message
      const [all, seconds = '', fraction = '', zone = ''] = head
      const at = BigInt(Date.parse(seconds + zone)) * 10n ** 6n + BigInt(fraction.padEnd(9, '0'))
      if (at < known.at || (at === known.at && known.count-- > 0)) return Buffer.alloc(0)
      if (at > last.at) last = { at, count: 0 }
      if (at === last.at) last.count++
      return message.subarray(all.length)
    },
  }
}
