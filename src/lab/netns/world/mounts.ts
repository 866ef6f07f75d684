import { readFileSync } from 'node:fs'

export interface Mount {
  at: string
  flags: string[]
}

// A world's user may not remove these flags from a mount of the host, so a read-only bind has to repeat them.
const kept = ['nosuid', 'nodev', 'noexec']

/** The host's mounts, oldest first. Fields: `man 5 proc`, /proc/pid/mountinfo. */
export function hostMounts(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): Mount[] {
  return mountinfo
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, , , , at = '', options = ''] = line.split(' ')
      return { at: plain(at), flags: options.split(',').filter((option) => kept.includes(option)) }
    })
}

/** The flags of a path: those of the last mount on it or above it. */
export function flagsAt(path: string, mounts: readonly Mount[]): string[] {
  const covering = mounts.filter(({ at }) => path === at || path.startsWith(at === '/' ? '/' : `${at}/`))
  const depth = Math.max(...covering.map(({ at }) => at.length))
  return covering.findLast(({ at }) => at.length === depth)?.flags ?? []
}

/** Mounts below a folder: a recursive bind includes them, with their own write access. */
export const mountsBelow = (folder: string, mounts: readonly Mount[]): string[] => [
  ...new Set(mounts.map(({ at }) => at).filter((at) => at.startsWith(`${folder}/`))),
]

const plain = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
