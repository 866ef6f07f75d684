import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Cluster } from './contract.ts'

// Where a cluster is part of a trial, whatever is done to it by hand, past the agent's audited shell, has to be known: a program
// that works as the agent may call the lab's verbs itself.

/** Something done to a cluster by one of the lab's verbs. `at`: epoch ms. */
export interface Deed {
  at: number
  command: string
}

/**
 * Says what is about to be done to a cluster, where somebody keeps a journal of that. Throws when it cannot be written down: then it
 * must not be done.
 */
export function announce({ id, journal }: Pick<Cluster, 'id' | 'journal'>, deed: Deed): void {
  if (journal === undefined) return
  try {
    // Never made here: one that was taken away is missed.
    const file = openSync(journal, constants.O_WRONLY | constants.O_APPEND)
    writeSync(file, `${JSON.stringify(deed)}\n`)
    closeSync(file)
  } catch (error) {
    throw new Error(`what is done to cluster ${id} is recorded, and that is not possible just now`, {
      cause: error,
    })
  }
}

/** A journal that is being kept. */
export interface Journal extends AsyncDisposable {
  path: string
  /** Everything that was announced so far; that it was taken away meanwhile is told as a deed, too. */
  deeds(now: number): Promise<Deed[]>
}

export async function keepJournal(path: string): Promise<Journal> {
  const file = await open(path, 'ax+', 0o600)
  return {
    path: resolve(path),
    deeds: async (now) => {
      const { size, nlink } = await file.stat()
      const { buffer } = await file.read(Buffer.alloc(size), 0, size, 0)
      const told = buffer.toString().split('\n').flatMap(deedIn)
      return nlink > 0 ? told : [...told, { at: now, command: 'the journal was taken away' }]
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

/** A line that its writer's end cut off is none. */
function deedIn(line: string): Deed[] {
  if (line === '') return []
  try {
    const { at, command } = JSON.parse(line) as Partial<Deed>
    if (typeof at === 'number' && typeof command === 'string') return [{ at, command }]
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return []
}
