import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Cluster } from '../src/lab/contract.ts'
import { docker } from '../src/lab/docker/docker.ts'
import { labSandbox } from '../src/sandbox/lab.ts'
import type { ExecOptions } from '../src/sandbox/sandbox.ts'
import { noDocker } from './standins/docker.ts'
import { smallTopology } from './standins/small-topology.ts'
import { slowed, until } from './standins/until.ts'

const never = new AbortController().signal
const user = fileURLToPath(new URL('./standins/sandbox-user.ts', import.meta.url))
const skip = await noDocker()

/** An Ethernet frame with a datagram to every node of the link, this host included. */
function toAllNodes(port: number): Buffer {
  const from = Buffer.from('fe800000000000000000000000000009', 'hex')
  const to = Buffer.from('ff020000000000000000000000000001', 'hex')
  const body = Buffer.from('inside')
  const udp = Buffer.alloc(8)
  udp.writeUInt16BE(5555, 0)
  udp.writeUInt16BE(port, 2)
  udp.writeUInt16BE(udp.length + body.length, 4)
  const pseudo = Buffer.concat([from, to, Buffer.from([0, 0, 0, udp.length + body.length, 0, 0, 0, 17])])
  const summed = Buffer.concat([pseudo, udp, body])
  let sum = 0
  for (let i = 0; i < summed.length; i += 2) sum += summed.readUInt16BE(i)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  udp.writeUInt16BE(~sum & 0xffff, 6)
  const ip = Buffer.from([0x60, 0, 0, 0, 0, udp.length + body.length, 17, 255])
  const ethernet = Buffer.from('33330000000102000000000986dd', 'hex')
  return Buffer.concat([ethernet, ip, from, to, udp, body])
}

describe('an agent’s shell in a container', { skip }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await docker.up(smallTopology(), { signal: never })
  })
  after(() => cluster[Symbol.asyncDispose]())
  const exec = (command: string, options: Partial<ExecOptions> = {}, sandbox = labSandbox(cluster)) =>
    sandbox.exec(command, { timeoutMs: slowed(20_000), signal: never, maxBytes: 100_000, ...options })
  const running = async (pattern: string) =>
    (await cluster.run('echo-1', ['pgrep', '-f', pattern])).stdout !== ''

  test('gives output, errors and exit code, and what was asked of the engine', async () => {
    const sandbox = labSandbox(cluster)
    const command = `echo "it's"; echo err >&2; docker ps -q >/dev/null; docker info >/dev/null; exit 3`
    const result = await exec(command, {}, sandbox)
    assert.deepEqual([result.stdout, result.exitCode, result.timedOut], ["it's\n", 3, false])
    assert.match(result.stderr, /^err\n/)
    const lines = (await Array.fromAsync(sandbox.engineRequests?.() ?? [])).flat()
    const asked = lines.map((line) => JSON.parse(line))
    assert.ok(asked.some(({ passed }) => passed === '/containers/json'))
    assert.ok(asked.some(({ refused }) => /\/info/.test(refused ?? '')))
  })

  test('has svc, which knows the nodes and their networks', async () => {
    const { stdout } = await exec(
      'svc kill echo-2 KILL; svc status; svc start echo-2; svc status; svc exec echo-2 -- hostname; svc logs echo-2 -n 1',
    )
    assert.match(
      stdout,
      /^echo-1 +running +pid \d+ +since \S+Z\necho-2 +stopped +ended \S+Z by signal KILL\n/,
    )
    assert.match(stdout, /echo-2 +running .*\necho-2\n.*listening on/)
    await cluster.signal('echo-1', 'STOP')
    assert.match(
      (await exec('svc status echo-1; svc restart echo-1; svc status echo-1')).stdout,
      /paused[\s\S]*running/,
    )
  })

  test('frames made by hand reach nothing on this host either', async () => {
    const heard: string[] = []
    await using undo = new AsyncDisposableStack()
    const listen = async (family: 'udp4' | 'udp6') => {
      const socket = createSocket({ type: family, ipv6Only: family === 'udp6' })
      undo.defer(() => void socket.close())
      socket.on('message', (message) => heard.push(`${family} ${message}`))
      socket.bind(0)
      await once(socket, 'listening')
      return socket.address().port
    }
    const [four, six] = [await listen('udp4'), await listen('udp6')]
    const address = networkInterfaces().docker0?.find(({ family }) => family === 'IPv4')?.address ?? ''
    assert.ok(address, 'the engine has a bridge of its own')
    // This host itself hears what it sends to itself: the listeners work.
    const here = createSocket('udp6').unref()
    undo.defer(() => void here.close())
    here.send('here', six, '::1')
    await until('the listener hears', () => heard.includes('udp6 here'))

    const frame = [...toAllNodes(six)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
    const { exitCode, stderr } = await cluster.run('echo-1', [
      'bash',
      '-c',
      `ip route add ${address}/32 dev eth0; for _ in 1 2 3; do
        echo inside >/dev/udp/${address}/${four}; printf '${frame}' | socat -u - INTERFACE:eth0 || exit 1; sleep 0.2; done`,
    ])
    assert.equal(exitCode, 0, stderr)
    assert.deepEqual(heard, ['udp6 here'])
  })

  test('what closes this host to a cluster goes with the cluster', async () => {
    const other = await docker.up(smallTopology(), { signal: never })
    const network = execFileSync('docker', ['network', 'inspect', '-f', '{{.Id}}', other.id]).toString()
    const rules = () =>
      ['iptables-save', 'ip6tables-save'].flatMap((program) =>
        execFileSync(program)
          .toString()
          .split('\n')
          .filter((line) => line.startsWith(`-A INPUT -i br-${network.slice(0, 12)} `)),
      )
    try {
      assert.equal(rules().length, 2)
    } finally {
      await other[Symbol.asyncDispose]()
    }
    assert.deepEqual(rules(), [])
  })

  test('what takes too long is killed with all that it started, and so is what a dead caller left', async () => {
    const command = 'trap "" TERM INT HUP; echo begun; (sleep 321 & setsid sleep 321 & sleep 321) & sleep 321'
    const { stdout, timedOut } = await exec(command, { timeoutMs: 1_500 })
    assert.deepEqual([stdout, timedOut], ['begun\n', true])
    await until('nothing of it runs', async () => !(await running('sleep 321')))
    const child = spawn(process.execPath, [user, 'docker', cluster.id, 'echo begun; sleep 432 & sleep 432'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    assert.ok(await running('sleep 432'))
    child.kill('SIGKILL')
    await until('nothing of it runs', async () => !(await running('sleep 432')), 15_000)
  })

  test('reaches neither this host nor the internet, nor what is on this host’s disk or in its processes', async () => {
    const server = createServer((socket) => socket.end('a listener of the host\n'))
    await new Promise<void>((resolve) => server.listen(0, '::', resolve))
    try {
      const { port } = server.address() as { port: number }
      const own = Object.values(networkInterfaces()).flatMap((all) =>
        (all ?? []).map(({ address }) => address),
      )
      const addresses = [
        '127.0.0.1',
        '1.1.1.1',
        '169.254.169.254',
        '$(ip r | sed -n "s/default via \\([^ ]*\\).*/\\1/p")',
        ...own,
      ]
      const tries = addresses.map(
        (address) => `timeout 1 bash -c "exec 3<>/dev/tcp/${address}/${port}; cat <&3" &`,
      )
      const files = `timeout 2 getent hosts example.com; ls ${import.meta.dirname} /host ${process.execPath}; cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -a '[d]ocker-agent'`
      const ways =
        'mount -t proc p /mnt && echo REACHED; mknod /tmp/d b 254 0 && head -c 1 /tmp/d && echo REACHED; echo x >/proc/sys/kernel/core_pattern && echo REACHED; nsenter -t 1 -a -r true && echo REACHED'
      for (const where of ['', 'svc exec echo-1 -- ']) {
        const { stdout } = await exec(
          `${where}bash -c '${`${tries.join(' ')} ${files}; ${ways}; wait`.replaceAll("'", `'\\''`)}' 2>/dev/null`,
        )
        assert.equal(stdout, '', where)
      }
      assert.doesNotMatch(
        (await exec('env; cat /proc/[0-9]*/environ 2>/dev/null')).stdout,
        /OPERATOR|ANTHROPIC|DOCKER_HOST/,
      )
    } finally {
      server.close()
    }
  })
})
