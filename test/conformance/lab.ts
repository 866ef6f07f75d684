import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { BadInput, MachineLacks } from '../../src/core/errors.ts'
import type { Topology } from '../../src/core/watch/topology.ts'
import type { Cluster, Lab, Result } from '../../src/lab/contract.ts'
import { diskBytes, port, smallTopology } from '../standins/small-topology.ts'
import { slowed, until } from '../standins/until.ts'

const never = new AbortController().signal

/** What a program printed that was started the way `argv` says, without a shell of ours. */
export async function outcomeOf(argv: readonly string[]): Promise<Result> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: slowed(10_000) })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const [exitCode] = await once(child, 'close')
  return { stdout, stderr, exitCode }
}

/** A topology with something that is not to be had here. */
export interface Lacking {
  topology: Topology
  /** What is missing, and the way to get it. */
  says: RegExp
}

/** What every lab must do. */
export function labConformance(lab: Lab, lacking: Lacking): void {
  describe(`lab ${lab.name}: a cluster`, () => {
    let cluster: Cluster
    before(async () => {
      cluster = await lab.up(smallTopology(), { signal: never })
    })
    after(() => cluster[Symbol.asyncDispose]())

    const asked = (from: string, node: string) =>
      cluster.run(from, ['socat', '-t', '1', '-', `TCP:${node}:${port}`], {
        input: 'hello\n',
        timeoutMs: slowed(3_000),
      })
    const answers = (node: string) =>
      until(`${node} answers`, async () => (await asked(node, node)).exitCode === 0)

    test('starts every node with its files, name, network and log', async () => {
      for (const { name } of cluster.nodes) await answers(name)
      assert.equal((await asked('echo-1', 'echo-2')).stdout, 'I am echo-2\nhello\n')
      assert.match(await cluster.logs('echo-1'), /listening on/)
      assert.equal((await cluster.logs('echo-1', 1)).trim().split('\n').length, 1)
    })

    test('shows files and disks from outside, whatever links somebody makes', async () => {
      const read = async (path: string, part?: { offset: number; length: number }) =>
        (await cluster.read('echo-1', path, part))?.toString() ?? null
      assert.equal(await read('/etc/echo/echo-1'), 'I am echo-1\n')
      assert.equal(await read('/etc/echo/echo-1', { offset: 2, length: 2 }), 'am')
      assert.equal(await read('/etc/echo/nothing'), null)
      const folder = '/var/lib/echo/echo-1'
      const input = `cd ${folder}; head -c 1048570 /dev/zero >data; printf 'a mark\\0\\nacross' >>data; : >empty; ln -s data link`
      await cluster.run('echo-1', ['bash', '-s'], { input })
      const holds = (file: string, bytes: string) => cluster.holds('echo-1', file, Buffer.from(bytes))
      assert.deepEqual(
        await Promise.all([holds('data', 'mark\0\nacross'), holds('data', 'marks'), holds('data', '')]),
        [true, false, true],
      )
      assert.deepEqual(
        await Promise.all([holds('empty', ''), holds('nothing', ''), holds('link', 'a mark')]),
        [false, false, false],
      )
      const disk = await cluster.disk('echo-1')
      assert.ok(disk && disk.totalBytes >= diskBytes * 0.9 && disk.totalBytes <= diskBytes * 1.1)
      assert.ok(disk.availableBytes < disk.totalBytes - 2 ** 20)
      await cluster.run('echo-1', ['bash', '-c', `rm ${folder}/data ${folder}/empty ${folder}/link`])
      const { stdout } = await cluster.probe('echo-1', 'ip -o -4 addr show dev eth0')
      assert.ok(stdout.includes(cluster.nodes[0]?.address ?? 'no address'), 'in the network of the node')
    })

    test('has the journal that its owner keeps, for whoever attaches to it', async () => {
      await using other = await lab.up(smallTopology(1), { signal: never, journal: '/a/journal' })
      assert.equal((await lab.attach(other.id)).journal, '/a/journal')
      assert.equal(cluster.journal, undefined)
    })

    test('is listed and can be attached to by id, without becoming its owner', async () => {
      const listed = (await lab.list()).find(({ id }) => id === cluster.id)
      assert.deepEqual(listed?.nodes, ['echo-1', 'echo-2'])
      assert.equal(listed?.subject, 'echo')
      assert.equal(listed?.ownerPid, process.pid)
      const handle = await lab.attach(cluster.id)
      assert.deepEqual(handle.endpoints, cluster.endpoints)
      await handle[Symbol.asyncDispose]()
      assert.equal(await cluster.state('echo-1'), 'running')
      await assert.rejects(lab.attach('nothing'), BadInput)
      await assert.rejects(lab.up(smallTopology(), { id: cluster.id, signal: never }), BadInput)
    })

    test('run gives exit code, output and input, and ends what takes too long', async () => {
      const { stdout, stderr, exitCode } = await cluster.run(
        'echo-1',
        ['sh', '-c', 'cat; echo no >&2; exit 7'],
        { input: 'in' },
      )
      assert.deepEqual({ stdout, stderr, exitCode }, { stdout: 'in', stderr: 'no\n', exitCode: 7 })
      await assert.rejects(cluster.run('echo-1', ['sleep', '987'], { timeoutMs: 200 }), /longer than 200 ms/)
      const left = async () => (await cluster.run('echo-1', ['pgrep', '-f', 'sleep 987'])).stdout
      await until('it has ended', async () => (await left()) === '')
      assert.throws(() => cluster.run('nobody', ['true']), /echo-1, echo-2/)
    })

    test('of what a program prints, and of a log, no more is kept than was asked for', async () => {
      const print = 'echo first; yes | head -c 5000000; echo last'
      const { stdout } = await cluster.run('echo-1', ['sh', '-c', print])
      assert.match(stdout, /^first\ny[\s\S]*\n\[\d+ bytes left out\]\n[\s\S]*y\nlast\n$/)
      assert.ok(stdout.length < 1.1 * 2 ** 20)
      const whole = await cluster.run('echo-1', ['sh', '-c', print], { maxBytes: 2 ** 23 })
      assert.equal(whole.stdout.length, 5_000_011)
    })

    test('a node is killed, started, stopped, paused and resumed, and says so', async () => {
      const state = () => cluster.state('echo-1')
      await cluster.signal('echo-1', 'KILL')
      assert.equal(await state(), 'stopped')
      await cluster.stop('echo-1')
      assert.equal(await state(), 'stopped')
      await cluster.start('echo-1')
      await cluster.start('echo-1')
      assert.equal(await state(), 'running')
      await answers('echo-1')
      await cluster.signal('echo-1', 'STOP')
      assert.equal(await state(), 'paused')
      await cluster.signal('echo-1', 'CONT')
      assert.equal(await state(), 'running')
      await cluster.signal('echo-1', 'STOP')
      await cluster.stop('echo-1')
      assert.equal(await state(), 'stopped')
      assert.equal(await cluster.state('echo-2'), 'running')
      await cluster.start('echo-1')
      await answers('echo-1')
    })

    test('the disk of a node is its own and really full', async () => {
      const [one, two] = cluster.nodes
      assert.ok(one && two)
      const fill = await cluster.run('echo-1', [
        'dd',
        'if=/dev/zero',
        `of=${one.dataDir}/x`,
        'bs=1M',
        'count=64',
      ])
      assert.match(fill.stderr, /No space left on device/)
      const seen = await outcomeOf(
        cluster.join(['stat', '-f', '-c', '%a %b %S', cluster.endpoints['echo-1']?.dataPath ?? '']),
      )
      const [free, blocks, size] = seen.stdout.split(' ').map(Number)
      assert.equal(free, 0, seen.stderr)
      assert.equal((blocks ?? 0) * (size ?? 0), diskBytes)
      const other = await cluster.run('echo-2', [
        'dd',
        'if=/dev/zero',
        `of=${two.dataDir}/x`,
        'bs=1M',
        'count=1',
      ])
      assert.equal(other.exitCode, 0)
      await cluster.run('echo-1', ['rm', `${one.dataDir}/x`])
      await cluster.run('echo-2', ['rm', `${two.dataDir}/x`])
    })

    test('join: the host’s files where the endpoints are reached, unseen by the cluster’s processes', async () => {
      const { host } = new URL(cluster.endpoints['echo-2']?.url ?? '')
      const joined = await outcomeOf(cluster.join(['socat', '-t', '1', '-', `TCP:${host}`]))
      assert.equal(joined.stdout, 'I am echo-2\n')
      assert.equal((await outcomeOf(cluster.join(['test', '-f', import.meta.filename]))).exitCode, 0)
      const long = cluster.join(['sleep', '876'])
      const child = spawn(long[0] ?? '', long.slice(1), { stdio: 'ignore' })
      await once(child, 'spawn')
      const { stdout } = await cluster.run('echo-1', ['ps', '-ef'])
      child.kill('SIGKILL')
      assert.doesNotMatch(stdout, /876/)
    })

    test('enter: where an engineer would log in, or in a node’s network', async () => {
      const here = await outcomeOf(cluster.enter(['sh', '-c', 'ip -4 -o address; pwd; id -u']))
      assert.match(here.stdout, /\/root\n0\n$/)
      const there = await outcomeOf(cluster.enter(['ip', '-4', '-o', 'address'], 'echo-2'))
      assert.match(there.stdout, new RegExp(`inet ${cluster.nodes[1]?.address}/`))
    })

    test('two clusters of one topology know nothing of each other', async () => {
      await using second = await lab.up(smallTopology(), { signal: never })
      assert.notEqual(second.id, cluster.id)
      await second.signal('echo-1', 'KILL')
      await second.run('echo-1', ['sh', '-c', 'echo secret >/tmp/mine; hostname elsewhere'])
      assert.equal(await cluster.state('echo-1'), 'running')
      assert.equal((await cluster.run('echo-1', ['test', '-e', '/tmp/mine'])).exitCode, 1)
      assert.notEqual((await cluster.run('echo-1', ['hostname'])).stdout, 'elsewhere\n')
      await answers('echo-1')
    })
  })

  describe(`lab ${lab.name}: the end`, () => {
    test('a disposed cluster leaves nothing', async () => {
      const cluster = await lab.up(smallTopology(), { signal: never })
      await cluster[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
      assert.ok(!(await lab.list()).some(({ id }) => id === cluster.id))
      assert.notEqual((await outcomeOf(cluster.enter(['true']))).exitCode, 0)
    })

    test('an aborted up leaves nothing', async () => {
      const controller = new AbortController()
      const coming = lab.up(smallTopology(), { id: 'given-up', signal: controller.signal })
      controller.abort(new Error('changed my mind'))
      await assert.rejects(coming, /changed my mind/)
      assert.ok(!(await lab.list()).some(({ id }) => id === 'given-up'))
    })

    test('what is missing is said with the way to get it, before anything is made', async () => {
      await assert.rejects(lab.up(lacking.topology, { id: 'lacking', signal: never }), (error: Error) => {
        assert.ok(error instanceof MachineLacks)
        assert.match(error.message, lacking.says)
        return true
      })
      assert.ok(!(await lab.list()).some(({ id }) => id === 'lacking'))
    })

    test('abilities: each no has its reason and its fix', async () => {
      const all = await lab.abilities()
      assert.equal(all.clusters.can, true)
      for (const ability of Object.values(all)) if (!ability.can) assert.ok(ability.why && ability.fix)
    })
  })
}
