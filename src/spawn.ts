/**
 * The only way to start a process. A child gets the descriptors in its `stdio` and no others: Node opens files with
 * close-on-exec, but hands on what it inherited itself, and a caller's shell may have anything open.
 */
import { closeSync, existsSync, readdirSync, readFileSync } from 'node:fs'

export { type ChildProcess, execFile, fork, spawn } from 'node:child_process'

const closeOnExec = 0o2000000

// Once, when this module is loaded: before the first child. Elsewhere than on Linux, Node's own spawn closes them.
if (existsSync('/proc/self/fdinfo')) closeInherited()

/** Node opens nothing without close-on-exec, so whatever lacks it came from the caller. */
function closeInherited(): void {
  const channel = Number(process.env.NODE_CHANNEL_FD ?? -1)
  for (const descriptor of readdirSync('/proc/self/fd').map(Number)) {
    if (descriptor > 2 && descriptor !== channel && isHandedOn(descriptor)) closeSync(descriptor)
  }
}

function isHandedOn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch (error) {
    // The listing's own descriptor is closed by now.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
