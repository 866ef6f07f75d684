import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Cluster } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { diskWatcher } from '../src/subjects/shared/disk.ts'
import { smallTopology } from './standins/small-topology.ts'
import { slowed, until } from './standins/until.ts'

/** What a row of this file may take: nothing inside may hold up who looks from outside. */
const soonMs = 8_000

async function soon<T>(work: Promise<T>, ms = soonMs): Promise<T> {
  const late = AbortSignal.timeout(ms)
  return Promise.race([
    work,
    new Promise<never>((_, reject) => late.addEventListener('abort', () => reject(new Error('it hangs')))),
  ])
}

describe('netns lab: whoever is inside decides nothing of what is seen from outside', () => {
  let cluster: Cluster
  const secrets = mkdtempSync(join(tmpdir(), 'inside-'))
  writeFileSync(join(secrets, 'echo-1.log'), 'a secret\n')
  after(() => rmSync(secrets, { recursive: true }))
  before(async () => {
    cluster = await netns.up(smallTopology(3), { signal: new AbortController().signal })
  })
  after(() => cluster[Symbol.asyncDispose]())
  const inside = (script: string) =>
    cluster.run('echo-3', ['bash', '-c', script], { timeoutMs: slowed(20_000) })
  /** Nodes and those who pretend to be one. */
  const ours = '^(socat|other|sleep|/tmp/socat) '
  const state = () => soon(cluster.state('echo-1'))
  const startsAgain = async () => {
    await inside(
      `pkill -9 -f '${ours}'; while pgrep -f '${ours}'; do sleep 0.02; done; rm -rf /run/svc/echo-1.*; svc start`,
    )
    await until('it runs', async () => (await cluster.state('echo-1')) === 'running')
  }

  /** [what the pid file is, how it is made of $file] */
  const pidFiles: [string, string][] = [
    ['missing', 'rm -f $file'],
    ['a folder', 'rm -f $file; mkdir $file'],
    ['a pipe', 'rm -rf $file; mkfifo $file'],
    ['a link to a device without end', 'rm -rf $file; ln -s /dev/zero $file'],
    ['a link to a file of the host', `rm -rf $file; ln -s ${import.meta.filename} $file`],
    ['huge', 'rm -rf $file; truncate -s 15g $file'],
    [
      'a socket',
      "rm -rf $file; perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Listen => 1, Local => shift)' $file",
    ],
    [
      'of a living sleep',
      `rm -rf $file; sleep 77 >/dev/null 2>&1 & p=$!; set -- $(sed "s/.*) //" /proc/$p/stat); echo "$p \${20}" >$file`,
    ],
    ['of a process of the host', `rm -rf $file; echo '${process.pid} 1' >$file`],
    ['of another node', 'rm -rf $file; cp /run/svc/echo-2.pid $file'],
    ['in a folder that is a link', 'rm -rf $file; mv /run/svc /run/was; ln -s /etc /run/svc'],
  ]
  for (const [what, make] of pidFiles)
    test(`the pid file is ${what}: a node that runs runs, one that was killed does not`, async () => {
      await inside(`file=/run/svc/echo-1.pid; ${make}`)
      assert.equal(await state(), 'running')
      await soon(cluster.signal('echo-1', 'KILL'))
      assert.equal(await state(), 'stopped')
      assert.equal(await soon(cluster.state('echo-2')), 'running')
      await inside('[ ! -d /run/was ] || { rm -f /run/svc; mv /run/was /run/svc; }')
      await startsAgain()
    })

  const own = 'socat -d -d TCP-LISTEN:8080,fork,reuseaddr "SYSTEM:cat /etc/echo/echo-1; cat"'
  const there = 'exec setsid nsenter --net=/run/netns/echo-1'
  /** Waits until it is what it becomes by the last exec. */
  const begun = (start: string) => `(${start}) >/dev/null 2>&1 </dev/null & p=$!
    until readlink /proc/$p/exe | grep -qE 'socat|sleep'; do kill -0 $p || exit 1; sleep 0.02; done`
  /** [who answers for the node that was killed, how it is started, what the lab says] */
  const forgers: [string, string, 'running' | 'stopped'][] = [
    ['a sleep that is called like it', `${there} bash -c 'exec -a "socat" sleep 78'`, 'stopped'],
    ['a copy of the program', `cp /usr/bin/socat /tmp/socat; ${there} /tmp/${own}`, 'stopped'],
    [
      'a copy over its name',
      `cp /usr/bin/socat /tmp/socat; mount --bind /tmp/socat /usr/bin/socat; ${there} ${own}`,
      'stopped',
    ],
    [
      'the program with other arguments',
      `${there} socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:cat`,
      'stopped',
    ],
    ['the program with one argument more', `${there} ${own.replace('-d -d', '-d -d -d')}`, 'stopped'],
    ['the program in another network', `exec setsid nsenter --net=/run/netns/echo-2 ${own}`, 'stopped'],
    [
      'the program in a network that took its place',
      `umount /run/netns/echo-1; : >/tmp/n; unshare -n mount --bind /proc/self/ns/net /tmp/n; exec setsid nsenter --net=/tmp/n ${own}`,
      'stopped',
    ],
    ['the program, by hand, as it was', `${there} ${own}`, 'running'],
    [
      'the program, by hand, under another name',
      `${there} bash -c 'exec -a other socat -d -d "$@"' _ ${own.slice('socat -d -d '.length)}`,
      'running',
    ],
  ]
  for (const [who, start, expected] of forgers)
    test(`${who} answers for a node: ${expected}`, async (t) => {
      // A cluster of its own: what is mounted over stays.
      const own = who.includes('over its name') || who.includes('took its place')
      await using mine = own ? await netns.up(smallTopology(3), { signal: t.signal }) : null
      const used = mine ?? cluster
      await used.signal('echo-1', 'KILL')
      await used.run('echo-3', ['bash', '-c', begun(start)])
      assert.equal(await soon(used.state('echo-1')), expected)
      if (!mine) await startsAgain()
    })

  test('a node that is paused is paused, whoever else is started beside it', async () => {
    await cluster.signal('echo-1', 'STOP')
    await inside(begun(`${there} ${own}`))
    assert.equal(await state(), 'paused')
    await cluster.stop('echo-1')
    // The other one finds the port taken, and ends by itself.
    await until('both have ended', async () => (await state()) === 'stopped')
    await startsAgain()
  })

  /** [what its log is, how it is made of $file, what may be read] */
  const logs: [string, string, RegExp | null][] = [
    ['missing', 'rm $file', null],
    ['a folder', 'rm -f $file; mkdir $file', null],
    ['a pipe', 'rm -rf $file; mkfifo $file', null],
    ['a link to a secret of the host', 'rm -rf $file; ln -s /etc/shadow $file', null],
    ['a link to a device', 'rm -rf $file; ln -s /dev/zero $file', null],
    [
      'in a folder that leads to the host',
      `umount -l /var/log; rm -rf /var/log; ln -s ${secrets} /var/log`,
      null,
    ],
    [
      'huge, and one line',
      'rm /var/log; mkdir /var/log; mount -t tmpfs -o size=1g none /var/log; truncate -s 40g $file',
      /^\0{1,262144}$/,
    ],
    ['larger than a number can say', 'rm -f $file; truncate -s 9223372036854771712 $file', /^$/],
    ['a page of the kernel', 'rm -f $file; : >$file; mount --bind /proc/kmsg $file', null],
    [
      'under a lease',
      `umount $file; setsid perl -e 'open($h, "+<", shift); fcntl($h, 1024, 1) or exit 1; $SIG{IO} = "IGNORE"; $SIG{ALRM} = sub { exit }; alarm 20; open(OK, ">", "/tmp/leased"); print OK $$; close OK; sleep 99' $file >/dev/null 2>&1 & until test -s /tmp/leased; do :; done`,
      null,
    ],
    ['a device, mounted', 'kill -9 $(cat /tmp/leased); mount --bind /dev/zero $file', null],
    ['not text', 'umount $file; rm -f $file; head -c 5000 /dev/urandom >$file', /./s],
    ['600 MB of lines', 'yes | head -c 600000000 >$file', /^(y\n){200}$/],
  ]
  test('a log is read as far as it is one, and never one of the host’s', async () => {
    for (const [what, make, readable] of logs) {
      await inside(`file=/var/log/echo-1.log; ${make}; true`)
      const before = process.memoryUsage.rss()
      const text = await soon(cluster.logs('echo-1', 200).catch(() => null))
      if (readable === null) assert.equal(text, null, what)
      else assert.match(text ?? '', readable, what)
      assert.ok((text?.length ?? 0) <= 300_000, what)
      assert.ok(process.memoryUsage.rss() - before < 100e6, what)
    }
    await inside('for n in 1 2 3; do echo >/var/log/echo-$n.log; done')
  })

  test('a disk that was made a link to the host’s, or covered with one of its folders, is no disk', async () => {
    const path = cluster.endpoints['echo-2']?.dataPath ?? ''
    assert.ok(await diskWatcher(path)(AbortSignal.timeout(soonMs)))
    for (const folder of ['/usr/share', '/proc']) {
      await inside(`mount --rbind ${folder} /var/lib/echo/echo-2`)
      assert.equal(await cluster.disk('echo-2'), null, folder)
      await inside('umount -l /var/lib/echo/echo-2')
    }
    assert.ok(await cluster.disk('echo-2'))
    await inside('umount -l /var/lib/echo/echo-2; rmdir /var/lib/echo/echo-2; ln -s / /var/lib/echo/echo-2')
    assert.equal(await diskWatcher(path)(AbortSignal.timeout(soonMs)), null)
  })

  test('a file of the kernel’s in the place of a configuration is not read with the powers of the host', async () => {
    const path = '/etc/echo/echo-1'
    for (const kernels of ['/proc/kmsg', '/proc/kallsyms', '/proc/sys/kernel/random/uuid']) {
      await inside(`mount --bind ${kernels} ${path}`)
      assert.equal(await soon(cluster.read('echo-1', path)), null, kernels)
      await inside(`umount ${path}`)
    }
    assert.match(String(await cluster.read('echo-1', path)), /I am echo-1/)
  })

  test('a network that is a pipe is not waited for', async () => {
    await inside('umount /run/netns/echo-1; rm /run/netns/echo-1; mkfifo /run/netns/echo-1')
    assert.notEqual((await soon(cluster.run('echo-1', ['true']))).exitCode, 0)
    await assert.rejects(soon(cluster.probe('echo-1', 'true')))
    await assert.rejects(soon(cluster.isDelayed('echo-1')))
  })

  test('nothing is done to the host’s network in the name of a node', async () => {
    const host = () =>
      execFileSync('sh', ['-c', 'ip -o link; iptables -t mangle -S 2>&1; tc qdisc']).toString()
    const before = host()
    await inside('umount /run/netns/echo-2; rm /run/netns/echo-2; ln -s /proc/1/ns/net /run/netns/echo-2')
    await assert.rejects(soon(cluster.undelay('echo-2')))
    await assert.rejects(soon(cluster.delay('echo-2', { minMs: 5, maxMs: 5 })))
    await assert.rejects(soon(cluster.isDelayed('echo-2')))
    assert.equal(host(), before)
    assert.equal(await cluster.state('echo-2'), 'running')
  })

  test('what a program prints is kept in part, and what holds its output is not waited for', async () => {
    const before = process.memoryUsage.rss()
    const flood = await soon(
      inside('echo first; yes | head -c 600000000; echo last; echo complaint >&2'),
      40_000,
    )
    assert.match(flood.stdout, /^first\ny[\s\S]*\n\[\d+ bytes left out\]\n[\s\S]*y\nlast\n$/)
    assert.equal(flood.stderr, 'complaint\n')
    assert.ok(flood.stdout.length < 1.1 * 2 ** 20)
    assert.ok(process.memoryUsage.rss() - before < 200e6)
    const held = await soon(inside('setsid sleep 79 & echo said; exit 3'))
    assert.deepEqual(held, { stdout: 'said\n', stderr: '', exitCode: 3 })
  })

  test('a program that stops itself, or everything, ends in time, and so does its cluster', async (t) => {
    const mine = await netns.up(smallTopology(3), { signal: t.signal })
    for (const who of ['$$', '-1'])
      await assert.rejects(
        mine.run('echo-3', ['bash', '-c', `sleep 9 & kill -STOP ${who} $$`], { timeoutMs: 500 }),
      )
    assert.equal(await mine.state('echo-1'), 'paused')
    await soon(Promise.resolve(mine[Symbol.asyncDispose]()))
  })

  test('of a cluster whose first process is gone nothing runs, and nobody waits for it', async (t) => {
    const mine = await netns.up(smallTopology(3), { signal: t.signal })
    const [, init] = /^\/proc\/(\d+)\//.exec(mine.endpoints['echo-1']?.logPath ?? '') ?? []
    process.kill(Number(init), 'SIGKILL')
    await until('it is gone', async () => (await mine.state('echo-1')) === 'stopped')
    assert.notEqual((await soon(mine.run('echo-1', ['true']))).exitCode, 0)
    await assert.rejects(soon(mine.logs('echo-1')))
    await assert.rejects(soon(mine.signal('echo-1', 'KILL')))
    await assert.rejects(soon(mine.start('echo-1')))
    await assert.rejects(soon(mine.isDelayed('echo-1')))
    await soon(Promise.resolve(mine[Symbol.asyncDispose]()))
  })

  test('whatever svc is made of, it holds nobody up, and only starting needs it', async () => {
    for (const svc of ['sleep 999', 'yes', 'kill -9 $$', 'exit 0']) {
      await inside(
        `printf '#!/bin/bash\\n%s\\n' '${svc}' >/tmp/svc; chmod +x /tmp/svc; mountpoint -q /usr/local/bin/svc || mount --bind /tmp/svc /usr/local/bin/svc`,
      )
      await cluster.logs('echo-3')
      assert.equal(await soon(cluster.state('echo-3')), 'running')
    }
    await soon(cluster.stop('echo-3'))
    assert.equal(await soon(cluster.state('echo-3')), 'stopped')
  })
})
