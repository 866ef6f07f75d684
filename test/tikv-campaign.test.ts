import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { home, trialsIn } from './standins/eval-runs.ts'
import { standInsOnPath } from './standins/tikv/arena.ts'
import { slowed } from './standins/until.ts'

// As such files were written before there were targets, seeds, limits and labs in them. They must go on to run.
const everything = `
name: tikv-chaos-campaign
subjects: [tikv]
chaos_types:
  - type: node_kill
  - type: latency
    params: {min_ms: 50, max_ms: 150}
  - type: disk_pressure
    params: {fill_percent: 80}
  - type: network_partition
    params: {}
trials_per_combination: 3
parallel: 2
cooldown_seconds: 5
include_baseline: true
variant: default
`
const brief = `
name: tikv-brief
subjects: [tikv]
chaos_types:
  - type: node_kill
  - type: network_partition
    params: {}
trials_per_combination: 1
parallel: 2
cooldown_seconds: 1
include_baseline: false
variant: default
`

test('a campaign of TiKV in the fewest words is planned whole, and runs', {
  timeout: slowed(120_000),
}, async () => {
  await standInsOnPath()
  using place = home()
  const file = join(place.path, 'campaign.yaml')
  const run = (...more: string[]) =>
    place.run('eval', 'run', 'campaign', file, '--agent', 'runbook', '--crowd', '--json', ...more)
  writeFileSync(file, everything)
  const planned = await run('--dry-run')
  assert.equal(planned.code, 0, planned.stderr)
  assert.equal(JSON.parse(planned.stdout).trials.length, 4 * 3 * 2)

  writeFileSync(file, brief)
  const { code, stdout, stderr } = await run()
  assert.equal(code, 0, stderr)
  const trials = trialsIn(stdout)
  assert.deepEqual(trials.map(({ fault }) => fault.chaos_type).toSorted(), ['network_partition', 'node_kill'])
  for (const { outcome, workload } of trials) {
    assert.deepEqual(outcome, { kind: 'resolved' }, stdout)
    assert.equal(workload?.lost_writes, 0)
  }
})
