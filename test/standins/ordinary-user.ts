import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** Runs a command in a cluster's shell; everything that it printed. */
export type Shell = (command: string) => Promise<string>

export interface Ordinary extends AsyncDisposable {
  shell: Shell
}

const root = join(import.meta.dirname, '../..')
const uid = 65_432

/**
 * A small cluster owned by an ordinary user with `key` in the environment, and its shell. Only root can become one;
 * an ordinary user is one already. Null: then. With `group`, a folder of a cgroup file system, it is delegated to the user,
 * as systemd does, and all runs in a group below it.
 */
export async function asOrdinaryUser(key: string, group?: string): Promise<Ordinary | null> {
  if (process.getuid?.() !== 0) return null
  await using undo = new AsyncDisposableStack()
  // Another user need not be able to read this checkout: what the lab consists of is copied.
  const copy = mkdtempSync(join(tmpdir(), 'ordinary-'))
  undo.defer(() => rmSync(copy, { recursive: true, force: true }))
  chmodSync(copy, 0o755)
  const node = join(copy, 'node')
  cpSync(process.execPath, node)
  for (const part of ['package.json', 'src', 'test/standins', 'node_modules/zod'])
    cpSync(join(root, part), join(copy, part), { recursive: true })
  const login = group === undefined ? [] : delegated(group)
  const run = (script: string, ...args: string[]): ChildProcess => {
    const [program = '', ...argv] = [
      ...login,
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${uid}`,
      '--clear-groups',
      '--',
      node,
      join(copy, script),
      ...args,
    ]
    const env = { PATH: process.env.PATH, HOME: copy, ANTHROPIC_API_KEY: key }
    return spawn(program, argv, { cwd: copy, env, stdio: ['ignore', 'pipe', 'inherit'] })
  }
  const owner = run('test/standins/lab-owner.ts', 'netns')
  undo.defer(async () => {
    owner.kill('SIGKILL')
    if (owner.exitCode === null && owner.signalCode === null) await once(owner, 'exit')
  })
  const said = await Promise.race([once(owner.stdout as never, 'data'), once(owner, 'exit')])
  const id = String(said[0]).trim()
  if (!/^[0-9a-f]{8}$/.test(id)) throw new Error(`the owner said: ${id}`)
  const all = undo.move()
  return {
    shell: async (command) => {
      const user = run('test/standins/sandbox-user.ts', 'netns', id, command)
      return user.stdout ? await text(user.stdout) : ''
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** argv that runs a program in a group of the user's own; the folder is the caller's to remove. */
function delegated(group: string): string[] {
  const session = join(group, 'session')
  mkdirSync(session, { recursive: true })
  for (const folder of [group, session])
    for (const file of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.kill', 'cgroup.freeze']) {
      if (existsSync(join(folder, file))) chownSync(join(folder, file), uid, uid)
    }
  return ['sh', '-c', 'echo 0 >"$0/cgroup.procs" && exec "$@"', session]
}
