import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { homedir, hostname, networkInterfaces } from 'node:os'
import { after, before, describe, test } from 'node:test'
import type { Cluster } from '../src/lab/contract.ts'
import { nobodyElse } from '../src/lab/netns/identity.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { labSandbox } from '../src/sandbox/lab.ts'
import { smallTopology } from './standins/small-topology.ts'
import { slowed } from './standins/until.ts'

const key = 'sk-ant-0123456789-do-not-leak'

/** Everything here is tried the way an agent would: as root, in the shell that it gets. */
describe('netns lab: what somebody inside cannot do', () => {
  let cluster: Cluster
  const servers: Server[] = []
  before(async () => {
    process.env.SOME_API_KEY = key
    cluster = await netns.up(smallTopology(), { signal: new AbortController().signal })
  })
  after(async () => {
    delete process.env.SOME_API_KEY
    for (const server of servers) server.close()
    await cluster[Symbol.asyncDispose]()
  })
  const inside = (command: string) =>
    labSandbox(cluster).exec(command, {
      timeoutMs: slowed(20_000),
      signal: new AbortController().signal,
      maxBytes: 2 ** 20,
    })

  const listen = async (where: { port: number; host: string } | { path: string }): Promise<Server> => {
    const server = createServer((socket) => socket.end('the host\n'))
    servers.push(server)
    server.listen(where)
    await once(server, 'listening')
    return server
  }

  test('see the environment, files, name or processes of whoever made it', async () => {
    const { stdout } = await inside(`
      env; hostname; cat /proc/[0-9]*/{environ,cmdline,comm,mountinfo} | tr '\\0' '\\n'; ls -laR /proc/[0-9]*/fd /proc/1/cwd
      grep -hI '' /etc/* /etc/svc/* /usr/local/bin/svc; ls -R /run /tmp /root /home /var /opt /srv /mnt; ps -ef; ss -xlpan; ls /sys`)
    assert.match(stdout, /socat/)
    const words = [
      'operator',
      'chaos',
      'trial',
      'oracle',
      'fault',
      'namespace-lab',
      key,
      hostname(),
      process.cwd(),
    ]
    if (homedir() !== '/root') words.push(homedir())
    for (const word of words) {
      const found = new RegExp(`.{0,200}(?<![a-z0-9])${RegExp.escape(word)}(?![a-z0-9]).{0,100}`, 'i').exec(
        stdout,
      )
      assert.equal(found?.[0], undefined, `'${word}' can be read inside`)
    }
    assert.equal((await inside(`kill -0 ${process.pid}`)).exitCode, 1)
  })

  test('read a file of the host that is not part of its system', async () => {
    for (const file of [
      import.meta.filename,
      '/etc/shadow',
      process.execPath,
      `/proc/${process.pid}/environ`,
    ])
      assert.equal((await inside(`cat ${file}`)).exitCode, 1, file)
    assert.match(
      (await inside('touch /usr/bin/x /usr/x 2>&1; echo >/usr/bin/bash')).stderr,
      /Read-only file system/,
    )
    // What a link says, it says inside.
    assert.notEqual((await inside('cat /proc/1/root/etc/hostname')).stdout.trim(), hostname())
  })

  test('uncover what the host has under a mount of the world', async () => {
    const { stdout } = await inside(
      'umount -l /usr/local /etc /usr 2>&-; find /usr/local | sort | head -20; ls /usr',
    )
    assert.equal(stdout.split('\n')[0], '/usr/local')
    assert.doesNotMatch(stdout, /^\/usr\/local\/./m)
    assert.match(stdout, /^bin$/m)
  })

  test('reach a port, an abstract socket, or the world', async () => {
    const server = await listen({ port: 0, host: '0.0.0.0' })
    await listen({ path: '\0host-socket' })
    const { port } = server.address() as { port: number }
    const own = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
    const v4 = ['127.0.0.1', '10.0.0.1', '10.0.0.254', ...own.filter((address) => !address.includes(':'))]
    for (const address of v4) {
      const { stdout } = await inside(`timeout 1 bash -c 'cat </dev/tcp/${address}/${port}'`)
      assert.doesNotMatch(stdout, /the host/, address)
    }
    assert.doesNotMatch((await inside('timeout 1 socat - ABSTRACT-CONNECT:host-socket')).stdout, /the host/)
    assert.match((await inside('cat </dev/tcp/1.1.1.1/80')).stderr, /unreachable/)
    assert.doesNotMatch((await inside('ip route')).stdout, /default/)
  })

  test('mount a disk, make a device, or leave its namespaces', async () => {
    assert.match((await inside('mknod /tmp/disk b 254 0')).stderr, /Operation not permitted/)
    assert.notEqual((await inside('mount -t ext4 /dev/vda /mnt || mount -t ext4 /dev/sda1 /mnt')).exitCode, 0)
    assert.notEqual(
      (await inside('mount -t sysfs none /sys && ls /sys/class/net | grep -v -e lo -e br0 -e veth')).exitCode,
      0,
    )
    const { stdout } = await inside('nsenter -t 1 -a cat /etc/hostname; unshare -m cat /etc/hostname')
    assert.doesNotMatch(stdout, new RegExp(`^${hostname()}$`, 'm'))
    const chroot = 'mkdir /tmp/c; cd /; chroot /tmp/c 2>/dev/null; cd ../../../../..; ls'
    assert.doesNotMatch((await inside(chroot)).stdout, /boot|lost\+found/)
  })

  test('write what belongs to the whole kernel', async () => {
    for (const file of [
      '/proc/sys/kernel/core_pattern',
      '/proc/sys/kernel/modprobe',
      '/proc/sys/vm/drop_caches',
      '/proc/sysrq-trigger',
    ])
      assert.match((await inside(`echo x >${file}`)).stderr, /Permission denied|Read-only|No such file/, file)
    assert.notEqual((await inside('date -s 2001-01-01')).exitCode, 0)
    const reboot = `python3 -c 'import ctypes; exit(ctypes.CDLL(None).reboot(0x1234567) != -1)'`
    assert.equal(
      (await inside(`type -P reboot && reboot -f; type -P python3 || exit 0; ${reboot}`)).exitCode,
      0,
    )
    assert.equal(await cluster.state('echo-1'), 'running')
  })

  test('be root of the host, whoever runs it', async () => {
    const [, outside] = (await inside('cat /proc/self/uid_map')).stdout.trim().split(/\s+/)
    const expected = process.getuid?.() === 0 ? nobodyElse : process.getuid?.()
    assert.equal(Number(outside), expected)
  })

  test('kill its first process, or let its network be entered by a look-alike', async () => {
    await inside('kill -9 1; kill -TERM 1; kill -INT 1')
    assert.equal(await cluster.state('echo-2'), 'running')
    const forged = JSON.stringify({ id: 'forged', subject: 'x', startedAt: 1, nodes: [] })
    const forge = `cp /usr/bin/bash /tmp/unshare; OPERATOR_CLUSTER='${forged}' setsid /tmp/unshare -c 'sleep 60; :' &`
    await inside(`${forge} until pgrep -x sleep; do :; done`)
    assert.ok(!(await netns.list()).some(({ id }) => id === 'forged'))
  })
})
