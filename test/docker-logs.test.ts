import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, test } from 'node:test'
import { docker } from '../src/lab/docker/docker.ts'
import { subjectNamed } from '../src/subjects/subjects.ts'
import type { TikvObservation } from '../src/subjects/tikv/observe/observation.ts'
import { topology } from '../src/subjects/tikv/topology.ts'
import { noDocker } from './standins/docker.ts'
import { smallTopology } from './standins/small-topology.ts'
import { until } from './standins/until.ts'

const never = new AbortController().signal
/** Each start says so, and then counts; one of its lines is too long for the engine to keep in one piece. */
const counter = `echo start $$; head -c 40000 /dev/zero | tr '\\0' x; for ((i = 0; ; i++)); do echo $i; sleep 0.005; done`

describe('logs on Docker', { skip: await noDocker() }, () => {
  test('are in a file of this host: each line once, however often its writer ends and is started', async () => {
    const small = smallTopology(1)
    const nodes = small.nodes.map((node) => ({ ...node, argv: ['bash', '-c', counter] }))
    await using cluster = await docker.up({ ...small, nodes }, { signal: never })
    const file = cluster.endpoints['echo-1']?.logPath ?? ''
    const text = () => readFileSync(file, 'utf8')
    const starts = () => text().match(/^start/gm)?.length ?? 0
    await until('it is written', () => text().length > 41_000)
    for (let i = 2; i <= 4; i++) {
      // At once, or after a while: before the file has all of it, and after.
      if (i === 3) await cluster.stop('echo-1')
      else await cluster.signal('echo-1', 'KILL')
      await cluster.start('echo-1')
      await until(`start ${i} is written`, () => starts() === i)
    }
    await cluster.signal('echo-1', 'KILL')
    const all = await cluster.logs('echo-1', 1_000_000)
    await until('all is written', () => text().length >= all.length)
    assert.ok(text() === all, 'as the engine has it')
    assert.ok(all.includes(`\n${'x'.repeat(40_000)}0\n1\n`))
    // Nobody else of this machine, and nobody inside.
    assert.equal(statSync(dirname(dirname(file))).mode & 0o077, 0)
    const { stdout } = await cluster.run('echo-1', ['sh', '-c', 'cat /proc/mounts; ls -d /tmp/engine-*'])
    assert.ok(!stdout.includes('.log'), stdout)
  })

  test('an election in the logs of the stores reaches the observation, and goes with a violation', async () => {
    await using cluster = await docker.up(topology(3), { signal: never })
    const subject = subjectNamed('tikv')
    await using connection = subject.connect(cluster.endpoints)
    const observe = async () => (await connection.observe(never)) as TikvObservation
    const electionsIn = ({ nodes }: TikvObservation) =>
      Object.values(nodes).reduce((sum, { log }) => sum + (log?.leaderElections ?? 0), 0)
    await until(
      'it is healthy',
      async () => Object.values((await observe()).nodes).every(({ healthy }) => healthy),
      30_000,
    )
    // Each stands once for the region that it begins with: some seconds after it is healthy.
    await until('each leads some of the regions', async () => electionsIn(await observe()) >= 3)
    const before = electionsIn(await observe())
    await cluster.signal('tikv-1', 'KILL')
    await until('the others stand for election', async () => electionsIn(await observe()) > before)
    const rule = subject.invariants.find(({ name }) => name === 'node_down')
    await until('what its log said goes with what is found', async () => {
      const verdict = rule?.check(await observe(), 'tikv-1')
      return verdict?.kind === 'violated' && 'log leaderElections per minute' in (verdict.values ?? {})
    })
    assert.ok(cluster.endpoints['tikv-1']?.logPath)
  })
})
