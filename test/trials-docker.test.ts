import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { listTrials, openEvalDb, transcript, trialPhases } from '../src/store/eval/trials.ts'
import { killAndWait } from './standins/aftermath.ts'
import { playsAll } from './standins/all.ts'
import { leftOf, noDocker } from './standins/docker.ts'
import { type Home, home, quickTrial, ticketValues, trialsIn } from './standins/eval-runs.ts'
import { slowed, until } from './standins/until.ts'

/** Looks who is there, and then puts right whatever of a store's can be wrong in this campaign. */
const agent = `#!/bin/bash
operator shell --reason 'who is there?' -- docker ps -a --format '{{.Names}}' >&2 || exit 1
operator shell --reason 'put it right' -- '
  for n in tikv-1 tikv-2 tikv-3; do svc start $n; done
  for n in tikv-1 tikv-2 tikv-3; do until curl -sfm 2 -X PUT http://$n:20180/resume_grpc; do sleep 0.2; done; done' >&2 || exit 1
echo '{"status": "fixed", "rootCause": "a store was down", "component": "tikv-2", "actions": ["svc start"]}'
`

/** A cluster of six stand-ins under load takes most of a core. */
const lanes = playsAll && availableParallelism() >= 4 ? 4 : 2

const campaign = `
name: lanes
subjects: [tikv]
chaos_types:
  - {type: node_kill, target: tikv}
  - {type: pause_grpc}
trials_per_combination: ${lanes / 2}
variant: looks
parallel: ${lanes}
seed: 7
settle_seconds: 1
`

function campaignIn(place: Home): string[] {
  mkdirSync(join(place.path, 'variants'))
  const write = (name: string, text: string, mode?: number) => {
    writeFileSync(join(place.path, name), text, mode === undefined ? {} : { mode })
    return join(place.path, name)
  }
  write('variants/agent.sh', agent, 0o755)
  write('variants/looks.yaml', 'name: looks\nagent: command\ncommand: [./agent.sh]\n')
  const file = write('lanes.yaml', campaign)
  return [
    'eval',
    'run',
    'campaign',
    file,
    '--variants-dir',
    join(place.path, 'variants'),
    '--crowd',
    '--json',
  ]
}

const clusterOf = async (place: Home, id: number): Promise<string> => {
  await using db = openEvalDb(place.evalDb)
  const trial = (await listTrials(db)).find((one) => one.id === id)
  return trial?.clusterId ?? ''
}

describe('trials on Docker', { skip: await noDocker() }, () => {
  test('a node is broken and repaired, and nothing is left', async () => {
    using place = home()
    const { code, stdout, stderr } = await place.run(...quickTrial('--lab', 'docker', '--json'))
    const [done] = trialsIn(stdout)
    assert.deepEqual([done?.lab, done?.outcome], ['docker', { kind: 'resolved' }], stderr)
    assert.equal(done?.workload?.lost_writes, 0)
    assert.equal(code, 0)
    assert.deepEqual(await leftOf(await clusterOf(place, 1)), [])
  })

  test('kill -9 of a run in the middle of a trial: nothing is left', async () => {
    using place = home()
    await using db = openEvalDb(place.evalDb)
    const { child, stderr } = place.start(...quickTrial('--lab', 'docker'))
    const isBroken = async () => {
      assert.equal(child.exitCode, null, stderr())
      return (await trialPhases(db, 1)).some(({ phase }) => phase === 'operate')
    }
    await until('something is broken', isBroken, 60_000)
    const id = await clusterOf(place, 1)
    assert.ok((await leftOf(id)).length > 8)
    await killAndWait(child, place.path, 30_000)
    assert.deepEqual(await leftOf(id), [])
    assert.deepEqual(readdirSync(place.tmp), [])
  })

  test(`${lanes} of TiKV at a time: each is alone with its own cluster`, {
    timeout: slowed(300_000),
  }, async () => {
    using place = home()
    const { code, stdout, stderr } = await place.run(...campaignIn(place), '--lab', 'docker')
    assert.equal(code, 0, stderr)
    const trials = trialsIn(stdout)
    assert.deepEqual(
      trials.map(({ outcome }) => outcome),
      Array.from({ length: lanes }, () => ({ kind: 'resolved' })),
      stdout,
    )
    const [begun, ended] = [
      trials.map(({ at }) => at?.started ?? ''),
      trials.map(({ at }) => at?.ended ?? ''),
    ]
    assert.ok((begun.toSorted().at(-1) ?? '') < (ended.toSorted()[0] ?? ''), 'all of them ran at one time')
    assert.ok((await ticketValues(place)).includes('log leaderElections per minute'))
    await using db = openEvalDb(place.evalDb)
    const clusters = new Set<string>()
    for (const { id, clusterId } of await listTrials(db)) {
      clusters.add(clusterId ?? '')
      const [seen] = (await transcript(db, id)).filter(({ kind }) => kind === 'tool_result')
      const names = [...new Set(seen?.body.match(/^[0-9a-f]{8}-\S+$/gm))]
      const nodes = ['pd-1', 'pd-2', 'pd-3', 'tikv-1', 'tikv-2', 'tikv-3']
      const own = ['bastion', ...nodes.flatMap((node) => [node, `${node}-net`])]
      assert.deepEqual(names.toSorted(), own.map((name) => `${clusterId}-${name}`).toSorted())
      assert.deepEqual(await leftOf(clusterId ?? ''), [])
    }
    assert.equal(clusters.size, lanes)
  })
})
