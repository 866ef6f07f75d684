import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findProgram } from '../src/lab/netns/programs.ts'
import { home, ticketValues, trialsIn } from './standins/eval-runs.ts'
import { standInsOnPath } from './standins/tikv/arena.ts'
import { until } from './standins/until.ts'

test('without its programs: exit 3, with where to get them', async () => {
  using place = home()
  for (const verb of [
    ['lab', 'up', 'tikv'],
    ['eval', 'run', '--subject', 'tikv', '--chaos', 'node_kill', '--agent', 'runbook'],
  ]) {
    const { code, stderr } = await place.run(...verb)
    assert.equal(code, 3, stderr)
    assert.match(stderr, /not on this machine: pd-server, tikv-server.*tiup install.*official tarballs/s)
  }
})

test('a trial from end to end: a store that nobody can use is found and repaired', async () => {
  await standInsOnPath()
  using place = home()
  const { code, stdout, stderr } = await place.run(
    ...['eval', 'run', '--subject', 'tikv', '--chaos', 'pause_grpc', '--target', 'tikv-2'],
    ...['--agent', 'runbook', '--seed', '7', '--settle', '1s', '--json'],
  )
  const [trial] = trialsIn(stdout)
  assert.equal(trial?.outcome?.kind, 'resolved', `${stdout}\n${stderr}`)
  assert.equal(trial?.workload?.lost_writes, 0)
  assert.ok((trial?.workload?.ops ?? 0) > 100)
  assert.match(JSON.stringify(trial?.session?.claim), /gRPC of tikv-2 is paused/)
  assert.ok((await ticketValues(place)).includes('log leaderElections per minute'))
  assert.equal(code, 0)
})

const skip = findProgram('prometheus') ? false : 'Prometheus is not on PATH (Debian: prometheus)'
test('with Prometheus beside it: it scrapes all of them, and the monitor has their metrics from it', {
  skip,
}, async () => {
  await standInsOnPath()
  using place = home()
  const id = `beside-${process.pid}`
  const up = await place.run('lab', 'up', 'tikv', '--with', 'prometheus', '--id', id)
  assert.equal(up.code, 0, up.stderr)
  try {
    const ask =
      "exec 3<>/dev/tcp/prometheus/9090; printf 'GET /api/v1/query?query=up HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
    const scraped = async () => {
      const { stdout } = await place.run('lab', 'exec', '--lab', id, 'tikv-1', '--', 'bash', '-c', ask)
      return (stdout.match(/"value":\[[\d.]+,"1"\]/g) ?? []).length === 6
    }
    await until('all six are scraped', scraped, 30_000)
    const once = await place.run('monitor', 'run', '--lab', id, '--once', '--json')
    const { healthy, nodes, checks } = JSON.parse(once.stdout)
    assert.equal(healthy, true, JSON.stringify(checks))
    assert.equal(nodes.prometheus.healthy, true)
    assert.ok(nodes['tikv-2'].recent.capacityBytes > 0, once.stdout)
  } finally {
    await place.run('lab', 'down', id)
  }
})
