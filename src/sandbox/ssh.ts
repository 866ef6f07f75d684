import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { systemClock } from '../core/clock.ts'
import { type ChildProcess, spawn } from '../spawn.ts'
import { quoted } from './guarded.ts'
import { plain, type Route, type Routes } from './route.ts'

/** Hosts by name, as ssh takes them (`user@host`, or a name of its configuration). Their keys have to be known. */
export interface SshPlace {
  kind: 'ssh'
  hosts: Readonly<Record<string, string>>
  /** Default: those of the account that we run as. */
  knownHosts?: string
  identity?: string
  config?: string
}

/** Nobody can answer a question, nothing is forwarded, and a host that is silent for long is given up. */
const always = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  'ClearAllForwardings=yes',
  'ForwardAgent=no',
  'ForwardX11=no',
  'PermitLocalCommand=no',
  'RequestTTY=no',
  'ConnectTimeout=10',
  'ServerAliveInterval=5',
  'ServerAliveCountMax=3',
]

const optionsOf = ({ knownHosts, identity, config }: SshPlace): string[] => [
  ...(config === undefined ? [] : ['-F', config]),
  ...always.flatMap((option) => ['-o', option]),
  ...(knownHosts === undefined
    ? []
    : ['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'GlobalKnownHostsFile=none']),
  ...(identity === undefined ? [] : ['-o', 'IdentitiesOnly=yes', '-i', identity]),
]

/**
 * One connection to each host, which the commands share; it ends with us, however we end. A command finds its own way when it
 * is gone.
 * @throws Error in the words of ssh when a host cannot be reached.
 */
export async function sshRoutes(place: SshPlace, signal: AbortSignal): Promise<Routes> {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'operator-ssh-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const env = plain('SSH_AUTH_SOCK')
  const named: Record<string, Route> = {}
  for (const [index, [name, host]] of Object.entries(place.hosts).entries()) {
    const shared = [...optionsOf(place), '-S', join(folder, String(index))]
    const master = spawn('setpriv', ['--pdeathsig', 'TERM', 'ssh', '-M', '-N', ...shared, '--', host], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    opened.defer(() => ended(master))
    await ready(master, ['ssh', ...shared, '-O', 'check', '--', host], env, signal)
    named[name] = {
      env,
      argv: (program) => [
        'ssh',
        ...shared,
        '-o',
        'ControlMaster=no',
        '--',
        host,
        program.map(quoted).join(' '),
      ],
    }
  }
  const all = opened.move()
  return { named, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** How often it is asked whether a connection stands; nothing tells. */
const askMs = 50

async function ready(
  master: ChildProcess,
  check: readonly string[],
  env: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<void> {
  const said = master.stderr ? text(master.stderr).catch(String) : Promise.resolve('')
  const gone = once(master, 'exit')
  for (;;) {
    if (master.exitCode !== null || master.signalCode !== null)
      throw new Error((await said).trim() || `ssh ended with ${master.exitCode ?? master.signalCode}`)
    const [program = '', ...args] = check
    const asked = spawn(program, args, { env, stdio: 'ignore' })
    const [code] = await once(asked, 'exit', { signal })
    if (code === 0) return
    await Promise.race([gone, systemClock.sleep(askMs, signal)])
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}
