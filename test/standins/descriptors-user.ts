// Started with many open descriptors. Prints, as JSON, those that processes of each kind have beside their own three.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRoom, runProgram } from '../../src/agent/command/program.ts'
import { startDaemon } from '../../src/daemon.ts'
import { netns } from '../../src/lab/netns/netns.ts'
import { execute } from '../../src/lab/netns/process.ts'
import { labSandbox } from '../../src/sandbox/lab.ts'
import { smallTopology } from './small-topology.ts'
import { slowed } from './until.ts'

const signal = new AbortController().signal
// One line a descriptor: where it leads. Its own look at the folder is not one of them.
// biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
const list = 'for d in /proc/$$/fd/*; do [ "${d##*/}" -gt 2 ] && readlink "$d"; done; :'
const everyProcess =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
  'for d in /proc/[0-9]*/fd/*; do n=${d##*/}; [ "$n" -gt 2 ] && echo "$(tr "\\0" " " <"${d%/fd/*}/cmdline") $(readlink "$d")"; done; :'

await using cluster = await netns.up(smallTopology(), { signal })
const limits = { timeoutMs: slowed(20_000), signal, maxBytes: 2 ** 20 }
const shell = await labSandbox(cluster).exec(`exec sh -c '${list}'`, limits)
const all = await labSandbox(cluster).exec(everyProcess, limits)
using room = openRoom(['true'])
const program = await runProgram(['sh', '-c', list], { room, env: process.env, input: '', signal })
const folder = mkdtempSync(join(tmpdir(), 'descriptors-'))
const logFile = join(folder, 'log')
const daemon = await startDaemon(['sh', '-c', `exec >&2; ${list}; echo end; read -r _`], {
  env: { PATH: process.env.PATH ?? '' },
  logFile,
})
while (!readFileSync(logFile, 'utf8').includes('end') && !daemon.hasEnded()) await execute(['sleep', '0.05'])
await daemon[Symbol.asyncDispose]()
const joined = await execute(cluster.join(['sh', '-c', list]))
process.stdout.write(
  `${JSON.stringify({
    shell: shell.stdout,
    inside: all.stdout,
    program: program.stdout,
    daemon: readFileSync(logFile, 'utf8'),
    joined: joined.stdout,
  })}\n`,
)
rmSync(folder, { recursive: true })
