import { createWriteStream } from 'node:fs'
import { appendFile, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkloadSample } from '../../core/watch/subject.ts'
import type { Probe } from '../record.ts'

/** Everything that the witness of a trial has reported. */
export interface Seen {
  probes: Probe[]
  samples: WorkloadSample[]
}

export type Sight = { probe: Probe } | { sample: WorkloadSample }
/** The first line: which of the campaign's lanes the trial runs in. */
type Place = { lane: number }

export interface Notes extends Disposable {
  add(sight: Sight): void
}

export const seenFile = (folder: string): string => join(folder, 'seen.jsonl')

/**
 * Notes for the viewer while a trial runs, one line of JSON each. They are deleted with the trial's folder. The record does
 * not depend on them: when they cannot be written, the trial goes on, and nothing waits for the disk.
 */
export function takeNotes(folder: string): Notes {
  const file = createWriteStream(seenFile(folder), { flags: 'a', mode: 0o600 })
  file.once('error', () => file.destroy())
  return {
    add: (sight) => {
      if (file.writable) file.write(`${JSON.stringify(sight)}\n`)
    },
    [Symbol.dispose]: () => file.end(),
  }
}

/** Notes which lane of the campaign runs the trial. Only the live view needs it, and like all notes it may be missing. */
export const noteLane = (folder: string, lane: number): Promise<void> =>
  appendFile(seenFile(folder), `${JSON.stringify({ lane } satisfies Place)}\n`, { mode: 0o600 }).catch(
    () => undefined,
  )

/** The lane; null: it was not noted, or the trial has ended. */
export async function laneIn(folder: string): Promise<number | null> {
  const file = await open(seenFile(folder)).catch(nothingThere)
  if (!file) return null
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(40), 0, 40, 0)
    const note = parsed(buffer.toString('utf8', 0, bytesRead).split('\n')[0] ?? '')
    return note && 'lane' in note ? note.lane : null
  } finally {
    await file.close()
  }
}

const nothingThere = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null
  throw error
}

/** The notes so far; empty before the first probe and after the trial has ended. */
export async function seenIn(folder: string): Promise<Seen> {
  const seen: Seen = { probes: [], samples: [] }
  const text = await readFile(seenFile(folder), 'utf8').catch(nothingThere)
  for (const line of text?.split('\n') ?? []) {
    const note = parsed(line)
    if (!note) continue
    if ('probe' in note) seen.probes.push(note.probe)
    else if ('sample' in note) seen.samples.push(note.sample)
  }
  return seen
}

/** Null: a line that is still being written, or was cut off by a full disk or the end of its writer. */
function parsed(line: string): Sight | Place | null {
  try {
    return line === '' ? null : (JSON.parse(line) as Sight | Place)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
