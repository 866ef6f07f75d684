import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Cluster } from './contract.ts'

// When a cluster is part of a trial, manual changes that bypass the agent's audited shell have to be recorded: a program
// that works as the agent may call the lab's verbs itself.

/** A change of a cluster by one of the lab's verbs. `at`: epoch ms. */
export interface JournalEntry {
  at: number
  command: string
}

/**
 * Records a change before it is made, if the cluster has a journal. Throws when it cannot be written; then the change must
 * not be made.
 */
export function announce({ id, journal }: Pick<Cluster, 'id' | 'journal'>, entry: JournalEntry): void {
  if (journal === undefined) return
  try {
    // The file is never created here, so that a removed journal is noticed.
    const file = openSync(journal, constants.O_WRONLY | constants.O_APPEND)
    writeSync(file, `${JSON.stringify(entry)}\n`)
    closeSync(file)
  } catch (error) {
    throw new Error(`changes of cluster ${id} are recorded, and its journal cannot be written now`, {
      cause: error,
    })
  }
}

/** A journal that is being kept. */
export interface Journal extends AsyncDisposable {
  path: string
  /** All entries so far. If the journal was removed meanwhile, an entry says so. */
  entries(now: number): Promise<JournalEntry[]>
}

export async function keepJournal(path: string): Promise<Journal> {
  const file = await open(path, 'ax+', 0o600)
  return {
    path: resolve(path),
    entries: async (now) => {
      const { size, nlink } = await file.stat()
      const { buffer } = await file.read(Buffer.alloc(size), 0, size, 0)
      const told = buffer.toString().split('\n').flatMap(entryIn)
      return nlink > 0 ? told : [...told, { at: now, command: 'the journal was taken away' }]
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

/** An incomplete line, cut off when its writer ended, is ignored. */
function entryIn(line: string): JournalEntry[] {
  if (line === '') return []
  try {
    const { at, command } = JSON.parse(line) as Partial<JournalEntry>
    if (typeof at === 'number' && typeof command === 'string') return [{ at, command }]
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return []
}
