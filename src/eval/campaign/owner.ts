import { readFileSync } from 'node:fs'

/** Names a process so that it is never mistaken for a later one with the same pid: boot, pid, start time. */
export function ownerOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie runs nothing any more. Field 22 of proc(5) is the start time; the slice begins at field 3.
    return fields[0] === 'Z' ? null : `${boot}:${pid}:${fields[19]}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null
    throw error
  }
}

export const isAlive = (owner: string): boolean => ownerOf(Number(owner.split(':')[1])) === owner
