import { type Stats, statSync } from 'node:fs'

/**
 * The uid and gid that root becomes before it makes a world. Root of a world would otherwise be the host's root, to
 * which files such as /proc/sys/kernel/core_pattern belong. Above every range that useradd, systemd and subuid files
 * hand out on Debian and Ubuntu; nothing of the host's belongs to it.
 */
export const nobodyElse = 2_000_000_000

/** The uid that worlds of this user run as, seen from the host. */
export const worldUid = (): number => (isRoot() ? nobodyElse : (process.getuid?.() ?? -1))

export const isRoot = (): boolean => process.getuid?.() === 0

/** Whether the worlds' user may open a device; root's worlds belong to a user of their own. */
export function mayOpen(device: string): boolean {
  const node = statSync(device, { throwIfNoEntry: false })
  if (!node) return false
  return !isRoot() || openToAll(node)
}

const openToAll = (node: Stats): boolean => (node.mode & 0o006) === 0o006

/** argv that runs a program as the worlds' uid, and ends it when the process that started it ends. */
export const asWorldOwner = (): string[] => [
  ...['setpriv', ...worldOwner(), '--pdeathsig', 'KILL', '--'],
  ...ownKeyring(),
]

/** Likewise, but it outlives whoever started it. */
export const asLastingOwner = (): string[] => ['setpriv', ...worldOwner(), '--', ...ownKeyring()]

const worldOwner = (): string[] =>
  isRoot() ? [`--reuid=${nobodyElse}`, `--regid=${nobodyElse}`, '--clear-groups'] : []

/** keyctl(2), by architecture: include/uapi/asm-generic/unistd.h, arch/x86/entry/syscalls/syscall_64.tbl. */
const keyctl: Partial<Record<NodeJS.Architecture, number>> = { x64: 250, arm64: 219 }

/**
 * argv that gives a program a session keyring of its own, empty (KEYCTL_JOIN_SESSION_KEYRING is 1): who logged in here may
 * have tickets and keys in theirs, which no namespace hides. Where the call is refused, it is refused inside, too.
 */
function ownKeyring(): string[] {
  const call = keyctl[process.arch]
  return call === undefined ? [] : ['perl', '-e', `syscall ${call}, 1, 0; exec @ARGV or die "$!\\n"`, '--']
}

/** For setpriv: `reboot` in a process namespace kills all of it, and somebody inside may try. */
export const noReboot = ['--bounding-set=-sys_boot']
