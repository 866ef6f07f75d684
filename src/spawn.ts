/**
 * The only way to start a process. A child gets the descriptors in its `stdio` and no others: Node opens files with
 * close-on-exec, but hands on what it inherited itself, and a caller's shell may have anything open.
 */
import * as node from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

export type { ChildProcess } from 'node:child_process'

const closeOnExec = 0o2000000

/**
 * Closes all descriptors that the program is not given, then becomes the program. close_range(2) has the same number
 * everywhere.
 */
const closer = `my $first = shift() + 0;
if (syscall(436, $first, 0x7fffffff, 0) != 0) {
  require POSIX;
  opendir(my $all, '/proc/self/fd');
  POSIX::close($_) for grep { /^\\d/ && $_ >= $first } readdir($all);
}
exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\\n"`

// Some descriptors lack close-on-exec: inherited ones, and those that a thread of Node opened (OpenSSL reads certificates
// so). We must not close them here, so the child does. On systems other than Linux, Node's own spawn does it.
let suspects = existsSync('/proc/self/fdinfo')
  ? readdirSync('/proc/self/fd')
      .map(Number)
      .filter((descriptor) => descriptor > 2)
  : []

function hasInherited(): boolean {
  suspects = suspects.filter(isHandedOn)
  return suspects.length > 0
}

function isHandedOn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false // closed meanwhile
    throw error
  }
}

function through(command: string, args: readonly string[], stdio?: node.StdioOptions): [string, string[]] {
  if (!hasInherited()) return [command, [...args]]
  const first = Math.max(3, Array.isArray(stdio) ? stdio.length : 0)
  return ['perl', ['-e', closer, String(first), command, ...args]]
}

export const spawn = ((command: string, args: readonly string[], options: node.SpawnOptions) =>
  node.spawn(...through(command, args, options.stdio), options)) as typeof node.spawn

type Told = (error: node.ExecFileException | null, stdout: string, stderr: string) => void

/** @param options as for text: not `encoding: 'buffer'` */
export function execFile(
  command: string,
  args: readonly string[],
  options: node.ExecFileOptions,
  told: Told,
): void {
  node.execFile(...through(command, args), { ...options, encoding: 'utf8' }, told)
}

/** Runs one of our modules with this same Node. */
export function fork(module: string, options: node.ForkOptions): node.ChildProcess {
  const flags = [...(options.execArgv ?? process.execArgv)]
  const [execPath, execArgv] = through(process.execPath, flags, options.stdio)
  return node.fork(module, [], { ...options, execPath, execArgv })
}
