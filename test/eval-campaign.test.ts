import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { rngFrom } from '../src/core/rng.ts'
import type { TrialRecord, TrialSpec } from '../src/eval/record.ts'
import { listTrials, openEvalDb } from '../src/store/eval/trials.ts'
import { home, trialsIn } from './standins/eval-runs.ts'
import { slowed, until } from './standins/until.ts'

const campaign = `
name: small
subjects: [etcd]
chaos_types:
  - type: node_kill
trials_per_combination: 2
parallel: 2
include_baseline: true
settle_seconds: 1
seed: 11
load: { clients_per_node: 1, ops_per_client: 10 }
limits: { trial_minutes: 0.15 }
`

describe('a campaign', () => {
  const place = home()
  after(() => place[Symbol.dispose]())
  const file = join(place.path, 'small.yaml')
  writeFileSync(file, campaign)
  const args = ['eval', 'run', 'campaign', file, '--agent', 'runbook']

  test('is planned before anything starts, the same way every time', async () => {
    const [first, again] = [
      await place.run(...args, '--dry-run', '--json'),
      await place.run(...args, '--dry-run', '--json'),
    ]
    assert.equal(first.code, 0, first.stderr)
    assert.equal(first.stdout, again.stdout)
    assert.equal(JSON.parse(first.stdout).trials.length, 4)
  })

  test('ends every slot of its plan exactly once, however often it is killed', {
    timeout: slowed(115_000),
  }, async () => {
    const rng = rngFrom(5)
    const db = openEvalDb(place.evalDb)
    const trials = () => listTrials<TrialSpec, TrialRecord>(db, { campaignId: 1 })
    const begun = async (n: number) =>
      (await trials()).filter(({ startedAt }) => startedAt !== null).length >= n
    for (let kill = 0; kill < 2; kill++) {
      const before = (await trials()).filter(({ startedAt }) => startedAt !== null).length
      const running = place.start(...(kill === 0 ? args : ['eval', 'run', 'campaign', '--resume', 'c1']))
      await until('it runs trials', () => begun(before + 1), 20_000)
      // Anywhere between the start of a cluster and the middle of a repair.
      const until_ = performance.now() + rng.int(4_000)
      await until('a moment', () => performance.now() >= until_, 30_000)
      process.kill(running.child.pid ?? 0, 'SIGKILL')
      await running.ended
    }
    const resumed = await place.run('eval', 'run', 'campaign', '--resume', 'c1', '--json')
    assert.equal(resumed.code, 0, resumed.stderr)
    const ended = (await trials()).filter(({ interrupted }) => !interrupted)
    await db.destroy()
    assert.ok(ended.every(({ state }) => state === 'done'))
    assert.equal(ended.length, 4)
    const ops = ended.flatMap(({ record }) => record?.samples.map((sample) => sample.ops) ?? [])
    const middle = ops.toSorted((a, b) => a - b)[ops.length >> 1] ?? 0
    assert.ok(middle > 0 && middle < 60, `30 operations a second, not the usual 150: ${ops}`)

    const valid = trialsIn(resumed.stdout).filter(({ outcome }) => outcome?.kind !== 'invalid')
    assert.equal(valid.length, 4, resumed.stdout)
    for (const seed of new Set(valid.map((trial) => trial.seed))) {
      const pair = valid.filter((trial) => trial.seed === seed)
      assert.deepEqual(pair.map(({ baseline }) => baseline).sort(), [false, true])
      assert.equal(new Set(pair.map(({ fault }) => fault.target)).size, 1, 'both arms lose the same node')
      const [none] = pair.filter(({ baseline }) => baseline)
      assert.deepEqual([none?.outcome?.kind, none?.session], ['unresolved', null])
    }
  })

  test('says what is not known, with the place in the file', async () => {
    const broken = join(place.path, 'broken.yaml')
    writeFileSync(broken, campaign.replace('node_kill', 'node_kil').replace('seed:', 'sed:'))
    const { code, stderr } = await place.run('eval', 'run', 'campaign', broken, '--agent', 'runbook')
    assert.equal(code, 2)
    assert.match(
      stderr,
      /broken\.yaml:5:5 chaos_types\.0\.type: unknown chaos type; known: none, noise, node_kill/,
    )
    assert.match(stderr, /broken\.yaml:10:1 sed: unknown key; known: name, plugins, subjects/)
  })
})
