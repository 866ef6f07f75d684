import type { Cluster } from '../contract.ts'
import type { Engine } from './engine/engine.ts'
import { execIn } from './engine/exec.ts'

const mostBytes = 1 << 20

/** Regular files only: a link may lead anywhere, and a pipe may block for ever. */
const read = '[ -f "$1" ] && [ ! -L "$1" ] || exit 3; tail -c "+$2" -- "$1" | head -c "$3" | base64 -w 0'
const space = 'df -kP -- "$1" | tail -n 1'
/** Reads part by part, each together with the end of the one before, and no more than any disk holds. */
const search = `[ -f "$1" ] && [ ! -L "$1" ] && [ -s "$1" ] || exit 1
  exec perl -e 'my ($file, $wanted) = ($ARGV[0], pack "H*", $ARGV[1]); my $seen = "";
    open my $in, "<:raw", $file or exit 1;
    for (1 .. 1024) { read($in, my $part, 1 << 20) or exit 1; $seen = substr($seen, -4096) . $part;
      exit 0 if index($seen, $wanted) >= 0; } exit 1' "$1" "$2"`

/** Reads the files of a node in the container that has its network and disk; the programs used are not the node's. */
export function filesOf(
  engine: Engine,
  linkOf: (node: string) => string,
  dataDirOf: (node: string) => string,
): Pick<Cluster, 'read' | 'disk' | 'holds'> {
  const sh = (node: string, script: string, ...args: string[]) =>
    execIn(engine, linkOf(node), ['sh', '-c', script, 'sh', ...args], { timeoutMs: 10_000 })
  return {
    read: async (node, path, { offset, length } = { offset: 0, length: mostBytes }) => {
      const most = Math.min(length, mostBytes)
      const { stdout, exitCode } = await sh(node, read, path, String(offset + 1), String(most))
      return exitCode === 0 ? Buffer.from(stdout, 'base64') : null
    },
    disk: async (node) => {
      const { stdout, exitCode } = await sh(node, space, dataDirOf(node))
      const [, total = 0, , available = 0] = stdout.split(/\s+/).map(Number)
      return exitCode === 0 ? { totalBytes: total * 1024, availableBytes: available * 1024 } : null
    },
    holds: async (node, path, bytes) =>
      (await sh(node, search, `${dataDirOf(node)}/${path}`, bytes.toString('hex'))).exitCode === 0,
  }
}
