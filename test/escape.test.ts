import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Cluster } from '../src/lab/contract.ts'
import { shellGroups } from '../src/lab/netns/bounds/groups.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { worlds } from '../src/lab/netns/world/marker.ts'
import { labSandbox } from '../src/sandbox/lab.ts'
import { asOrdinaryUser, type Ordinary, type Shell } from './standins/ordinary-user.ts'
import { diskBytes, smallTopology } from './standins/small-topology.ts'
import { slowed, until } from './standins/until.ts'
import { tools, waysOut } from './standins/ways-out.ts'

const signal = new AbortController().signal
const isRoot = process.getuid?.() === 0
// The numbers of calls in these attempts.
const skip = process.arch === 'x64' ? false : 'x64 only'
const unified = '/sys/fs/cgroup/unified'

/** Says how much it could write into connections to itself that it never reads: 600 MiB at most. */
const tcpBuffers = `perl -MSocket -MFcntl -e 'socket(my $l, AF_INET, SOCK_STREAM, 0); bind($l, sockaddr_in(0, INADDR_LOOPBACK)); listen($l, 999); for (1 .. 600) { socket(my $c, AF_INET, SOCK_STREAM, 0); setsockopt($c, SOL_SOCKET, SO_SNDBUF, 1 << 30); connect($c, getsockname($l)) or last; accept(my $s, $l); push @held, $c, $s; fcntl($c, F_SETFL, O_NONBLOCK | O_RDWR); while (my $n = syswrite($c, "x" x 99999)) { $sum += $n; last if $sum > 600 << 20 } last if $sum > 600 << 20 } print $sum >> 20, " MiB\n"'`

/** All of them in one command: it is the shell that is tried, not how fast one starts. */
function holds(shell: () => Shell): void {
  const said: string[] = []
  before(async () => {
    const all = [...waysOut, ...tools].map(([, command]) => `echo '== next'; ( ${command}\n) 2>&1`)
    said.push(...(await shell()(all.join('\n'))).split('== next\n').slice(1))
  })
  for (const [i, [what]] of waysOut.entries())
    test(`does not reach ${what}`, () => assert.doesNotMatch(said[i] ?? 'REACHED', /^.*REACHED.*$/m))
  for (const [i, [what]] of tools.entries())
    test(`has ${what}`, () => assert.match(said[waysOut.length + i] ?? '', /FINE/))
}

describe('an agent’s shell', { skip }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await netns.up(smallTopology(), { signal })
  })
  after(() => cluster?.[Symbol.asyncDispose]())
  const exec = (command: string, timeoutMs = 20_000) =>
    labSandbox(cluster).exec(command, { timeoutMs, signal, maxBytes: 2 ** 20 })
  const world = () => {
    const found = worlds().find(({ id }) => id === cluster.id)
    assert.ok(found)
    return found
  }

  describe('as we are', () =>
    holds(() => async (command) => {
      const { stdout, stderr } = await exec(command)
      return stdout + stderr
    }))

  describe('what a command leaves behind ends with it at its time limit', () => {
    const ways: [string, string][] = [
      ['in a session of its own, two forks away', '( setsid bash -c "exec -a left-MARK sleep 600 &" & )'],
      ['with an empty environment', 'env -i setsid bash -c "exec -a left-MARK sleep 600" &'],
      [
        'in a process namespace of its own',
        'setsid unshare -p --fork bash -c "exec -a left-MARK sleep 600" &',
      ],
      [
        'in namespaces of every kind',
        'setsid unshare -n -p -u -i -m --fork bash -c "exec -a left-MARK sleep 600" &',
      ],
      [
        'in the network of a node',
        'setsid nsenter --net=/run/netns/echo-1 bash -c "exec -a left-MARK sleep 600" &',
      ],
      ['by svc exec', 'setsid svc exec echo-1 -- bash -c "exec -a left-MARK sleep 600" &'],
      [
        'that nobody may look into',
        `setsid perl -e 'syscall(157, 4, 0, 0, 0, 0); $0 = "left-MARK"; sleep 600' &`,
      ],
      ['that starts itself again', 'f() { (exec -a left-MARK sleep 600 &); sleep 0.02; f; }; f &'],
      [
        'in another root',
        'mkdir -p /tmp/r && mount --rbind / /tmp/r && setsid chroot /tmp/r bash -c "exec -a left-MARK sleep 600" &',
      ],
      ['without /proc', 'setsid unshare -m bash -c "umount -l /proc; exec -a left-MARK sleep 600" &'],
    ]
    for (const [i, [what, command]] of ways.entries())
      test(what, async () => {
        const script = `${command.replaceAll('MARK', String(i))}\nuntil pgrep -f '^left-${i}'; do :; done; sleep 60`
        const { timedOut, stdout } = await exec(script, 700)
        assert.equal(timedOut, true)
        assert.match(stdout, /\d/, 'it ran')
        assert.equal((await exec(`pgrep -af '^left-${i}'`)).stdout, '')
        assert.equal(await cluster.state('echo-2'), 'running')
      })
  })

  // Of these nobody sees one twice, so the forks are counted.
  const chains = `for i in {1..8}; do perl -MPOSIX -e '$SIG{CHLD} = "IGNORE"; while () { exit if fork; setsid() }' & done`
  const forks = async (): Promise<number> =>
    Number(
      (await exec('n=/proc/sys/kernel/ns_last_pid; read -r a <$n; sleep 0.5; read -r b <$n; echo $((b - a))'))
        .stdout,
    )
  test('what forks and ends, again and again, ends with its command, too', async () => {
    assert.equal((await exec(`${chains}; sleep 60`, 700)).timedOut, true)
    assert.ok((await forks()) < 20)
  })

  test('and with its session, where its command ended in time', async () => {
    await exec(`(${chains}) >/dev/null 2>&1`)
    assert.ok((await forks()) > 40, 'it runs')
    await cluster.endLeftBehind?.()
    assert.ok((await forks()) < 20)
  })

  test('a tracer that an earlier command left behind holds neither a later one nor a node that is killed', async () => {
    await exec(
      `(setsid perl -e 'while () { for my $p (map { m{(\\d+)} } glob("/proc/[0-9]*")) { syscall(101, 0x4206, $p + 0, 0, 0x40) if $p > 1 && $p != $$ } }' >/dev/null 2>&1 &)`,
    )
    const startedAt = performance.now()
    assert.equal((await exec('sleep 60', 700)).timedOut, true)
    assert.ok(performance.now() - startedAt < slowed(3_000), 'its command ends at its time limit')
    await exec(
      `(setsid perl -e 'for my $p (split " ", qx(pgrep -x socat)) { syscall(101, 0x4206, $p + 0, 0, 0x40) } sleep 99' >/dev/null 2>&1 &) ; sleep 0.3`,
      700,
    )
    await cluster.signal('echo-1', 'KILL')
    assert.equal(await cluster.state('echo-1'), 'stopped')
    await cluster.endLeftBehind?.()
    await cluster.start('echo-1')
  })

  test('the limit of its processes is no higher where /proc is covered', async () => {
    const most = async () => Number((await exec('ulimit -Hu')).stdout)
    const usual = await most()
    assert.ok(usual > 250)
    await exec('mkdir -p /tmp/p/{1..9}/task/{1..300}; mount --bind /tmp/p /proc')
    const covered = await most()
    // umount(8) reads /proc first.
    await exec(`perl -e '$p = "/proc"; syscall(166, $p, 2)'; rm -r /tmp/p`)
    assert.ok(covered > 250 && covered < usual + 100, `${usual}, then ${covered}`)
  })

  test('a service that it started is not among what it leaves behind, nor under its limits', async () => {
    const { timedOut } = await exec('svc restart echo-1; sleep 60', 1_000)
    assert.equal(timedOut, true)
    assert.equal(await cluster.state('echo-1'), 'running')
    const limits = await exec(
      'p=$(pgrep -ox socat); cat /proc/$p/oom_score_adj; grep processes /proc/$p/limits',
    )
    assert.match(limits.stdout, /^0\n/)
    assert.ok(!/ 25\d /.test(limits.stdout), limits.stdout)
  })

  test('a node’s network that is a link leads nowhere', async () => {
    await exec('umount -l /run/netns/echo-2; rm -f /run/netns/echo-2; ln -s /proc/1/ns/net /run/netns/echo-2')
    const { exitCode, stderr } = await cluster.run('echo-2', ['ip', 'link'])
    assert.notEqual(exitCode, 0)
    assert.match(stderr, /network run\/netns\/echo-2/)
  })

  test('what takes too much memory is killed, and no node', async (t) => {
    const folder = shellGroups(world().holder).find((group) =>
      existsSync(join(group, 'memory.limit_in_bytes')),
    )
    if (!folder) return t.diagnostic('no memory group of version 1 here: not tried')
    const file = join(folder, 'memory.limit_in_bytes')
    const before = readFileSync(file, 'utf8')
    assert.equal(Number(before), 2.5 * 2 ** 30 + 2 * diskBytes)
    // Enough for the test, and quickly full.
    writeFileSync(file, String(48 * 2 ** 20))
    const ways = [
      `perl -e '$x = "x" x (100 << 20); print "REACHED"'`,
      'head -c 100M /dev/zero >/tmp/full && echo REACHED',
      `perl -e '$id = syscall(29, 0, 100 << 20, 01600); my $x = "x" x 4096; for (0 .. 25599) { shmwrite($id, $x, $_ * 4096, 4096) or die } print "REACHED"'`,
      `perl -e '$n = "m"; $fd = syscall(319, $n, 0); open(my $f, "+<&=", $fd); $x = "x" x (1 << 20); print $f $x or die for 1 .. 100; close $f; print "REACHED"'`,
    ]
    for (const way of ways) {
      assert.doesNotMatch((await exec(way)).stdout, /REACHED/, way)
      await exec('rm -f /tmp/full')
    }
    writeFileSync(file, before)
    assert.equal(await cluster.state('echo-1'), 'running')
    // Buffers of TCP: version 1 counts them apart, and makes their owner wait.
    const { stdout } = await exec(tcpBuffers)
    assert.match(stdout, /^\d+ MiB/)
    assert.ok(Number.parseInt(stdout, 10) < 300, stdout)
  })

  test('its groups go with the cluster', async () => {
    const groups = shellGroups(world().holder)
    await cluster[Symbol.asyncDispose]()
    for (const group of groups) assert.ok(!existsSync(join(group, '..')), group)
  })
})

for (const [who, isDelegated] of [
  ['an ordinary user', false],
  ['an ordinary user with a cgroup of version 2', true],
] as const) {
  const canDelegate = isRoot && existsSync(unified)
  describe(`the shell of ${who}`, {
    skip: skip || (isDelegated && !canDelegate && 'cannot be made here'),
  }, () => {
    let theirs: Ordinary | null = null
    let group: string | undefined
    before(async () => {
      if (isDelegated) {
        group = mkdtempSync(join(unified, 'delegated-'))
        mkdirSync(join(group, 'bystander'))
      }
      theirs = await asOrdinaryUser('sk-ant-escape-canary', group)
    })
    after(async () => {
      await theirs?.[Symbol.asyncDispose]()
      const folder = group
      if (folder) {
        await until(
          'its group is empty',
          () => readFileSync(join(folder, 'session/cgroup.procs'), 'utf8') === '',
        )
        for (const part of ['session', 'bystander', '']) rmdirSync(join(folder, part))
      }
    })
    if (isRoot) holds(() => theirs?.shell ?? (async () => ''))

    test('has no memory that belongs to nobody', async () => {
      if (!theirs) return
      const made = await theirs.shell(
        `perl -e '$n = "m"; print "REACHED\\n" if syscall(319, $n, 0) >= 0; print "REACHED $_\\n" for grep { syscall($_, 0, 4096, 01600) >= 0 } 29, 64, 68'; mount -o remount,size=100g /tmp && echo REACHED; df -m /tmp | tail -1`,
      )
      assert.doesNotMatch(made, /REACHED/)
      assert.match(made, /\b256\b/)
    })
  })
}
