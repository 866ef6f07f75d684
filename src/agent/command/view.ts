import { realpathSync, type Stats, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path'

/** The part of this host that a program that works as the agent can see, and the user that it runs as. */
export interface View {
  /** A user of its own; null: the user who runs the agent. */
  uid: number | null
  /** Lines for confine.sh. */
  plan: string
  /** Its home; null: the user's. */
  home: string | null
}

export interface ViewOptions {
  /** The session's room. */
  room: string
  command: readonly string[]
  env: NodeJS.ProcessEnv
  /** The program that `operator` is, with its packages. */
  checkout: string
  /** Databases, which tell what is wrong with the cluster: they and what stands beside them are out of sight. */
  databases: readonly string[]
  uid: number | null
}

/** Where programs put what others should not see, and where other sessions have their rooms. */
const scratch = ['/tmp', '/var/tmp', '/dev/shm']
/**
 * Where what stays in sight is kept meanwhile, out of the program's sight: the tree of control groups goes with it, through
 * which a user's programs could end each other.
 */
const stash = '/sys/fs'
/** Sockets through which this user's other processes can be reached, or the host. */
const engineSockets = ['/run/docker.sock', '/run/podman/podman.sock', '/run/containerd/containerd.sock']

export function viewFor({ room, command, env, checkout, databases, uid }: ViewOptions): View {
  const home = uid === null ? null : join(room, 'home')
  const scratchFolders = new Set([...scratch, real(tmpdir())])
  const seen = shown(uid, scratchFolders)
  seen.always(room)
  for (const path of [checkout, join(checkout, 'node_modules'), dirname(dirname(process.execPath))])
    seen.add(path)
  for (const path of programFiles(command, env)) seen.addProgram(path)
  if (uid === null) seen.add(env.HOME ?? homedir())
  seen.add(process.cwd())

  const covers = new Map<string, string>()
  const cover = (folder: string, mode = '0755') => {
    if (statOf(folder)?.isDirectory() && !covers.has(folder)) covers.set(folder, mode)
  }
  for (const folder of scratchFolders) cover(folder, '1777')
  const blanks = [...engineSockets]
  for (const database of databases.map(real)) {
    // Where the program needs the folder of a database, only the database is out of sight.
    if (!seen.paths.has(dirname(database))) cover(dirname(database))
    else blanks.push(...['', '-wal', '-shm', '-heads', '-journal'].map((end) => database + end))
    cover(`${database}.trials`)
  }
  cover(`/run/user/${process.getuid?.()}`)
  for (const folder of seen.closed) cover(folder)

  const isCovered = (path: string) => [...covers.keys()].some((folder) => path.startsWith(`${folder}/`))
  const shallowFirst = (a: string, b: string) => a.length - b.length
  const lines = [
    `stash ${stash}`,
    ...(uid === null ? [] : [`user ${uid} ${home}`]),
    ...[...seen.paths]
      .filter(isCovered)
      .sort(shallowFirst)
      .map((path) => `show ${path}`),
    ...seen.copies.map((path) => `copy ${path}`),
    ...[...covers.keys()].sort(shallowFirst).map((path) => `cover ${path} ${covers.get(path)}`),
    ...blanks.filter((path) => statOf(path)).map((path) => `blank ${real(path)}`),
    `fixed ${real(checkout)}`,
  ]
  return { uid, home, plan: `${lines.join('\n')}\n` }
}

/** Collects what has to stay in sight, and the folders on the way there that the program's user may not pass. */
function shown(uid: number | null, scratchFolders: ReadonlySet<string>) {
  const [paths, closed, copies] = [new Set<string>(), new Set<string>(), [] as string[]]
  const mayUse = (path: string, bits: number) => {
    const mode = statOf(path)?.mode
    return mode !== undefined && (uid === null || (mode & bits) === bits)
  }
  const passTo = (path: string) => {
    const parents: string[] = []
    for (let at = dirname(path); at !== '/'; at = dirname(at)) parents.unshift(at)
    const way = parents.find((parent) => !mayUse(parent, 0o001))
    if (way) closed.add(way)
  }
  const always = (path: string) => {
    paths.add(real(path))
    passTo(real(path))
  }
  /** False: it stays out of sight, because the program's user could not read it, or because everything is beneath it. */
  const add = (path: string): boolean => {
    const place = real(path)
    if (place === '/' || scratchFolders.has(place) || !mayUse(place, 0o005)) return false
    always(place)
    return true
  }
  /** A file with what stands beside it; alone, where that folder is closed; as a copy, where it is closed itself. */
  const addProgram = (path: string) => {
    add(dirname(path))
    const place = real(path)
    const isBesideOthers = add(dirname(place))
    const isProgram = ((statOf(place)?.mode ?? 0) & 0o111) !== 0
    if (!mayUse(place, isProgram ? 0o005 : 0o004)) {
      copies.push(place)
      passTo(place)
    } else if (!isBesideOthers) always(place)
  }
  return { paths, closed, copies, always, add, addProgram }
}

/** The files among a command's words: the program, and scripts that are given to an interpreter. */
function programFiles(
  [program = '', ...words]: readonly string[],
  { PATH = '' }: NodeJS.ProcessEnv,
): string[] {
  const found = program.includes('/')
    ? [program]
    : PATH.split(delimiter)
        .map((folder) => join(folder, program))
        .filter((path) => statOf(path)?.isFile())
        .slice(0, 1)
  return [...found, ...words.filter((word) => isAbsolute(word) && statOf(word)?.isFile())]
}

/** undefined: it is not there, or not for this user, and so not for a program of his either. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return undefined
    throw error
  }
}

/** The place that a path leads to, also where its last part does not exist yet. */
function real(path: string): string {
  if (statOf(path)) return realpathSync(path)
  return statOf(dirname(path)) ? join(realpathSync(dirname(path)), basename(path)) : path
}
