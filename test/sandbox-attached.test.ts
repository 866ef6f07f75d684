import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Attached, attachedSandbox } from '../src/sandbox/attached.ts'
import type { ExecOptions, Sandbox } from '../src/sandbox/sandbox.ts'
import { slowed, until } from './standins/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'attached-'))
const path = process.env.PATH
const file = (name: string, text: string, mode = 0o600) => {
  writeFileSync(join(folder, name), text, { mode })
  return join(folder, name)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

/** A real sshd on loopback, for the account that runs the tests. */
async function startSshd() {
  const port = await freePort()
  for (const name of ['host', 'me', 'stranger'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
  const config = file(
    'sshd_config',
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(folder, 'host')}
AuthorizedKeysFile ${join(folder, 'me.pub')}
PidFile none
UsePAM no
StrictModes no
`,
  )
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  await until('sshd listens', async () => said.includes('Server listening'))
  file('known', `[127.0.0.1]:${port} ${readFileSync(join(folder, 'host.pub'), 'utf8')}`)
  file('unknown', `[127.0.0.1]:${port} ${readFileSync(join(folder, 'stranger.pub'), 'utf8')}`)
  const client = file(
    'config',
    `Host box other\n  HostName 127.0.0.1\n  Port ${port}\n  User ${userInfo().username}\n`,
  )
  const place = (known: string, hosts: Record<string, string> = { a: 'box' }): Attached => ({
    kind: 'ssh',
    hosts,
    config: client,
    knownHosts: join(folder, known),
    identity: join(folder, 'me'),
  })
  return { place, stop: () => child.kill() }
}

const signal = new AbortController().signal
const options: ExecOptions = { timeoutMs: slowed(20_000), signal, maxBytes: 10_000 }

/** Processes of this machine whose command line is exactly this. */
const running = (...argv: string[]) =>
  execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => !line.startsWith('Z') && line.replace(/^\S+\s+/, '') === argv.join(' ')).length
const gone = (...argv: string[]) => until(`${argv.join(' ')} is gone`, async () => running(...argv) === 0)

const skip = existsSync('/usr/sbin/sshd') ? false : 'there is no sshd on this machine (scripts/setup --ssh)'

let sshd: Awaited<ReturnType<typeof startSshd>>
before(async () => {
  if (skip === false) sshd = await startSshd()
  // Clients of an engine and of a cluster, as far as their command lines: they run the program here. They check nothing of what
  // the real ones do to names, streams and signals.
  mkdirSync(join(folder, 'bin'))
  file('bin/docker', '#!/bin/bash\n[[ "$*" == "exec -i box "* ]] || exit 125\nshift 3\nexec "$@"\n')
  file(
    'bin/kubectl',
    '#!/bin/bash\n[[ "$*" == "--namespace db exec -i etcd-0 --container etcd -- "* ]] || exit 125\nshift 8\nexec "$@"\n',
  )
  for (const name of ['docker', 'kubectl']) chmodSync(join(folder, 'bin', name), 0o755)
  process.env.PATH = `${join(folder, 'bin')}:${path}`
})
after(() => {
  process.env.PATH = path
  sshd?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const places: [string, () => Attached][] = [
  ['ssh', () => sshd.place('known')],
  ['docker', () => ({ kind: 'docker', container: 'box' })],
  ['kubectl', () => ({ kind: 'kubectl', namespace: 'db', pod: 'etcd-0', container: 'etcd' })],
  ['command', () => ({ kind: 'command', argv: ['env', 'LC_ALL=C'] })],
]

for (const [index, [name, place]] of places.entries()) {
  describe(`a shell by ${name}`, { skip: name === 'ssh' && skip }, () => {
    let sandbox: Sandbox
    const mark = (test: number) => `${7_000_000 + process.pid * 100 + index * 10 + test}`
    before(async () => {
      sandbox = await attachedSandbox(place(), signal)
    })
    after(() => sandbox.end?.())

    test('gives output, errors and exit code, and takes any text', async () => {
      const { stdout, stderr, exitCode } = await sandbox.exec(`echo "it's"; echo err >&2; exit 3`, options)
      assert.deepEqual({ stdout, stderr, exitCode }, { stdout: "it's\n", stderr: 'err\n', exitCode: 3 })
    })

    test('hands on nothing of our environment', async () => {
      process.env.ANTHROPIC_API_KEY = 'sk-of-ours'
      const { stdout } = await sandbox.exec('env; tr "\\0" "\\n" </proc/$PPID/environ', options)
      delete process.env.ANTHROPIC_API_KEY
      assert.doesNotMatch(stdout, /sk-of-ours/)
    })

    test('a long output keeps its beginning and its true end', async () => {
      const { stdout, rests } = await sandbox.exec(
        'echo begin; head -c 3000000 /dev/zero | tr "\\0" x; echo END',
        options,
      )
      assert.match(stdout, /^begin\n/)
      assert.match(rests?.stdout?.tail ?? '', /xEND\n$/)
    })

    test('at its time limit everything that a command started is killed', async () => {
      const command = `(env -i setsid sleep ${mark(1)} &); nohup sleep ${mark(1)} & sleep 1000`
      const { timedOut } = await sandbox.exec(command, { ...options, timeoutMs: slowed(1_000) })
      assert.equal(timedOut, true)
      await gone('sleep', mark(1))
    })

    test('so it is when it is stopped', async () => {
      const stop = new AbortController()
      const command = `(setsid sleep ${mark(2)} &); sleep 1000`
      const stopped = sandbox.exec(command, { ...options, signal: stop.signal })
      await until('it runs', async () => running('sleep', mark(2)) === 1)
      stop.abort(new Error('stop'))
      await assert.rejects(stopped, /stop/)
      await gone('sleep', mark(2))
    })

    test('what is left behind does not hold the command up, and ends with the session', async () => {
      const other = await attachedSandbox(place(), signal)
      const { stdout, timedOut } = await other.exec(`(setsid sleep ${mark(3)} &); echo done`, options)
      assert.deepEqual([stdout, timedOut], ['done\n', false])
      assert.equal(running('sleep', mark(3)), 1)
      await other.end?.()
      await gone('sleep', mark(3))
    })
  })
}

test('of several hosts a command names the one that it is for', { skip }, async () => {
  const sandbox = await attachedSandbox(sshd.place('known', { 'etcd-1': 'box', 'etcd-2': 'other' }), signal)
  assert.match(sandbox.describe, /begins with @etcd-2/)
  assert.equal((await sandbox.exec('@etcd-2 echo hi', options)).stdout, 'hi\n')
  assert.equal((await sandbox.exec('echo @etcd-2', options)).stdout, '@etcd-2\n')
  await sandbox.end?.()
})

test('a host whose key is not known is refused in the words of ssh', { skip }, async () => {
  await assert.rejects(
    attachedSandbox(sshd.place('unknown'), signal),
    /[Hh]ost key verification failed|IDENTIFICATION/,
  )
})

test('a place that cannot be reached, or lacks the programs, says so', async () => {
  const at = (argv: string[]) => attachedSandbox({ kind: 'command', argv }, signal)
  await assert.rejects(at(['sh', '-c', 'echo no such pod >&2; exit 1']), /no such pod \(needed there: bash/)
  await assert.rejects(at(['/no/such/program']), /No such file|ENOENT/)
})
