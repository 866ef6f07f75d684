import { chmodSync, closeSync, constants, lstatSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { BadInput } from '../core/errors.ts'

/** Permissions of other users for a file. */
const others = 0o077

/** Makes the folders that are missing on the way, for this user alone. Folders that are there stay as they are. */
export function makePrivateFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  const parent = dirname(path)
  if (parent !== path) makePrivateFolder(parent)
  // One by one: Node's recursive mkdir never returns where the file system refuses, as /proc does.
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process was faster. If a file is in the folder's place, the next step reports it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/**
 * A database and the files beside it are private to their owner: they contain output of commands and a trial's fault. SQLite
 * gives the files beside a database the database's own mode.
 */
export function keepPrivate(path: string): void {
  makePrivateFolder(dirname(path))
  if (!lstatSync(path, { throwIfNoEntry: false }))
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600))
  for (const end of ['', '-wal', '-shm', '-heads']) takeFromOthers(path + end)
}

/** A file of another user, or one that may not be changed, stays as it is. */
function takeFromOthers(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found?.isFile() || (found.mode & others) === 0 || found.uid !== process.geteuid?.()) return
  chmodSync(path, found.mode & ~others & 0o777)
}

/** @throws BadInput where this user may not read it; SQLite would only say that the file cannot be opened. */
export function requireReadable(path: string): void {
  try {
    closeSync(openSync(path, 'r'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return
    throw new BadInput(
      `${path} belongs to another user and is private: ask its owner for a copy, or read it as that user`,
    )
  }
}
