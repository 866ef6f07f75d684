import { constants, type StatsFs } from 'node:fs'
import { type FileHandle, open, statfs } from 'node:fs/promises'

// A process of the host reads files here that an intruder inside a world may have put there. An ordinary open would follow
// their links in the host's root, wait for ever at a pipe, and read a device to the end of memory.

/** open(2), the same number on every architecture that Node runs on; Node itself does not name it. */
const pathOnly = 0o10000000
const folderFlags = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW
const placeFlags = pathOnly | constants.O_NOFOLLOW
const fileFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/**
 * linux/magic.h. Everything that can be written inside a world is on one of these file systems. A kernel file (proc) also
 * claims to be regular and may be mounted over another: it would be read with our privileges, and may block for ever.
 */
const tmpfs = 0x0102_1994

/** A path into another root, as a lab's endpoints have it. The part after the root is not trusted. */
const intoWorld = /^(\/proc\/\d+\/root)\/(.+)$/

/**
 * Opens a regular file for reading. null: there is none, or it is a link, a pipe, a device, a folder or a kernel file, or it
 * is behind a link.
 * Outside of worlds folders may be links: there they are the host's own.
 */
export async function openInside(path: string): Promise<FileHandle | null> {
  if (!intoWorld.test(path)) return regular(await opened(path, fileFlags | constants.O_NOFOLLOW))
  await using place = await placeInside(path)
  // The real open comes only now: a device or pipe must not notice us, and reading must not empty the kernel's log.
  if (!place || (await statfs(byDescriptor(place))).type !== tmpfs) return null
  return await regular(await opened(byDescriptor(place), fileFlags))
}

/** A regular file, not open for reading. Its `stat` cannot be exchanged meanwhile. null: there is none. */
export const placeInside = async (path: string): Promise<FileHandle | null> =>
  regular(await walk(path, placeFlags))

/** The last `maxBytes` of a file as text; null: it cannot be read. Reads no more than the file's stated size. */
export async function tailInside(path: string, maxBytes: number): Promise<string | null> {
  await using file = await openInside(path)
  if (!file) return null
  const { size } = await file.stat()
  return await textOf(file, Math.max(0, size - maxBytes), size)
}

/** Invalid UTF-8 becomes U+FFFD. The text is shorter when the file was cut meanwhile, and empty for a size that a number cannot hold. */
export async function textOf(file: FileHandle, start: number, end: number): Promise<string> {
  if (!Number.isSafeInteger(end)) return ''
  const length = Math.max(0, end - start)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
  return buffer.toString('utf8', 0, bytesRead)
}

/** The file system that a folder is on; null: there is no such folder, or it is a folder of the host's that was bound there. */
export async function fileSystemInside(path: string): Promise<StatsFs | null> {
  if (!intoWorld.test(path)) return statfs(path)
  await using folder = await walk(path, folderFlags)
  const found = folder && (await statfs(byDescriptor(folder)))
  return found?.type === tmpfs ? found : null
}

/**
 * Each name is looked up below the folder before it, which stays open, so a link that is put there meanwhile is not
 * followed.
 */
async function walk(path: string, flags: number): Promise<FileHandle | null> {
  const [, root = '', rest = ''] = intoWorld.exec(path) ?? []
  const names = rest.split('/').filter((name) => name !== '' && name !== '.')
  const last = names.pop()
  if (last === undefined || last === '..' || names.includes('..')) return null
  let folder = await opened(root, pathOnly | constants.O_DIRECTORY)
  for (const name of names) {
    if (!folder) return null
    const inner: FileHandle | null = await opened(`${byDescriptor(folder)}/${name}`, folderFlags)
    await folder.close()
    folder = inner
  }
  if (!folder) return null
  try {
    return await opened(`${byDescriptor(folder)}/${last}`, flags)
  } finally {
    await folder.close()
  }
}

async function regular(file: FileHandle | null): Promise<FileHandle | null> {
  if (!file || (await file.stat()).isFile()) return file
  await file.close()
  return null
}

const byDescriptor = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`

/**
 * The file is missing, of another kind or under a lease, or its process has ended. Any other error is a fault of this
 * machine.
 */
const absent = [
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'ENXIO',
  'EACCES',
  'EPERM',
  'ESRCH',
  'ENODEV',
  'ENAMETOOLONG',
  'EISDIR',
  'EAGAIN',
]

async function opened(path: string, flags: number): Promise<FileHandle | null> {
  try {
    return await open(path, flags)
  } catch (error) {
    if (absent.includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}
