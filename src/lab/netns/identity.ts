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
