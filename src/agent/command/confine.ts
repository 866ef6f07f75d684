import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execFile } from '../../spawn.ts'
import type { Room } from './program.ts'
import { viewFor } from './view.ts'

const script = fileURLToPath(new URL('./confine.sh', import.meta.url))
/** This program, with its packages. */
const checkout = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

export interface Confine {
  /** Out of the program's sight, with all that stands in their folders. */
  databases: readonly string[]
  /** It runs as the user who runs the agent, also where that is root; else as a user of its own, where root can. */
  asSelf: boolean
}

interface ConfineOptions extends Confine {
  room: Room
  command: readonly string[]
  env: NodeJS.ProcessEnv
}

/** The measures that keep a program that works as the agent away from the databases, the trial and other sessions. */
export interface Confinement {
  /** It runs as a user that nothing belongs to: only where the agent is run by root. */
  ownUser: boolean
  /** It has a process namespace and a view of the file system of its own. */
  ownView: boolean
}

/** The exit code of confine.sh where it could not do its work, and no program was started. */
export const notConfined = 125
export const cannotConfine = 'operator: the program cannot be given a view of its own'

const isRoot = (): boolean => process.getuid?.() === 0

let known: Promise<Confinement> | undefined
/** The measures that work on this machine; tried once. */
export const confinement = (): Promise<Confinement> =>
  (known ??= ownView().then((can) => ({ ownUser: isRoot(), ownView: can })))

const namespaces = ['--mount', '--pid', '--ipc', '--fork', '--kill-child', '--propagation', 'private']
const intoView = (): string[] => [
  'unshare',
  ...(isRoot() ? [] : ['--user', '--map-root-user']),
  ...namespaces,
]

/** Back to the user from the root of a user namespace, in a namespace below it: what is mounted above stays mounted. */
const asUserAgain = (): string[] =>
  isRoot()
    ? []
    : ['unshare', '--user', `--map-user=${process.getuid?.()}`, `--map-group=${process.getgid?.()}`]

/** Container engines and some distributions forbid it; `doctor` says so. */
function ownView(): Promise<boolean> {
  const [program = '', ...args] = [...intoView(), '--mount-proc', ...asUserAgain(), 'true']
  return new Promise((resolve) => execFile(program, args, {}, (error) => resolve(error === null)))
}

/**
 * Above the uid of worlds (lab/netns/identity.ts) and every range that is handed out to people and services. One agent has
 * one session at a time.
 */
const firstUid = 2_010_000_000
const uidOfSession = (): number => firstUid + process.pid

/** argv and environment for a program that may read its own files, and none of the databases and rooms of others. */
export async function confined({ room, command, env, databases, asSelf }: ConfineOptions) {
  const can = await confinement()
  const uid = can.ownUser && !asSelf ? uidOfSession() : null
  const view = viewFor({ room: room.folder, command, env, checkout, databases, uid })
  const drop = dropped(uid)
  if (uid !== null) {
    // It may pass through its room, but only write to its home in there.
    for (const folder of ['.', 'bin']) chmodSync(join(room.folder, folder), 0o711)
    chmodSync(join(room.folder, 'bin', 'operator'), 0o755)
    chownSync(room.socket, uid, uid)
    mkdirSync(join(room.folder, 'home'), { mode: 0o700 })
    chownSync(join(room.folder, 'home'), uid, uid)
  }
  const itsEnv =
    view.home === null ? env : { ...withoutUser(env), HOME: view.home, USER: 'agent', LOGNAME: 'agent' }
  if (!can.ownView) return { argv: [...drop, ...command], env: itsEnv }
  const plan = join(room.folder, 'plan')
  writeFileSync(plan, view.plan, { mode: 0o600 })
  return { argv: [...intoView(), '--', 'bash', script, plan, '--', ...drop, ...command], env: itsEnv }
}

/** Nothing that the program starts gets more rights than the program. Root's capabilities are dropped, even if it stays root. */
function dropped(uid: number | null): string[] {
  const noCapabilities = isRoot() ? ['--bounding-set=-all', '--inh-caps=-all'] : []
  const user = uid === null ? [] : [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  return [...asUserAgain(), 'setpriv', ...user, ...noCapabilities, '--no-new-privs', '--']
}

/** Where the user's own settings and sockets are is of no use to another user. */
function withoutUser(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(XDG_.*|OPERATOR_HOME|DBUS_SESSION_BUS_ADDRESS|SSH_AUTH_SOCK|MAIL)$/.test(name),
    ),
  )
}
