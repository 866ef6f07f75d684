import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { probe } from '../../../test/standins/record.ts'
import { smallTopology } from '../../../test/standins/small-topology.ts'
import { chaosTypes } from '../../chaos/faults.ts'
import { systemClock } from '../../core/clock.ts'
import { labs } from '../../lab/labs.ts'
import { netns } from '../../lab/netns/netns.ts'
import * as store from '../../store/eval/trials.ts'
import type { TrialRecord, TrialSpec } from '../record.ts'
import { seenFile } from '../trial/seen.ts'
import { isAlive, ownerOf } from './owner.ts'
import { folderOf, reap } from './reap.ts'

const { can } = (await netns.abilities()).clusters as { can: boolean }
const me = ownerOf(process.pid) ?? ''
const dead = me.replace(/:\d+$/, ':1')

describe('reap', () => {
  let home: string
  let root: string
  let db: store.EvalDb
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'reap-'))
    root = join(home, 'trials')
    mkdirSync(root)
    db = store.openEvalDb(join(home, 'eval.db'))
  })
  afterEach(async () => {
    await db.destroy()
    rmSync(home, { recursive: true, force: true })
  })

  const go = (owner = me) => reap({ db, labs, chaosTypes, root, owner, clock: systemClock })

  /** A trial that runs, or ran, in a folder with a file of its own. */
  async function running(owner: string): Promise<number> {
    const campaignId = await store.addCampaign(db, { name: 'c', spec: {}, seed: 1, startedAt: 1 })
    await store.addTrials(db, campaignId, [{ slot: 0, spec: { settleMs: 1 } }])
    const id = (await store.listTrials(db, { campaignId }))[0]?.id ?? 0
    await store.startTrial(db, id, owner, 1)
    mkdirSync(folderOf(root, id))
    writeFileSync(join(folderOf(root, id), 'monitor.log'), 'a line')
    return id
  }
  const stored = (id: number) => store.trial<TrialSpec, TrialRecord>(db, id)

  test('a process is known by its start, not by its number alone', () => {
    assert.ok(isAlive(me))
    assert.ok(!isAlive(dead))
    assert.ok(!isAlive(me.replace(/^[^:]+/, 'an-earlier-boot')))
    assert.ok(!isAlive('boot:4194305:1'))
  })

  test('the dead end in the phase in which they died, the living run on', async () => {
    const [living, died] = [await running(me), await running(dead)]
    await store.startPhase(db, died, 'up', 10)
    await store.endPhase(db, died, 'up', 20)
    await store.startPhase(db, died, 'warm', 20)
    const line = JSON.stringify({ probe: probe(0) })
    writeFileSync(seenFile(folderOf(root, died)), `${line}\n${line.slice(0, 20)}`)
    assert.deepEqual(await go(), [died])
    const trial = await stored(died)
    assert.deepEqual(trial?.outcome, {
      kind: 'invalid',
      phase: 'warm',
      reason: 'the process that ran it died',
    })
    assert.deepEqual(trial?.record?.phases, {
      up: { startedAt: 10, endedAt: 20 },
      warm: { startedAt: 20, endedAt: null },
    })
    assert.deepEqual(trial?.record?.probes, [probe(0)], 'what the oracle saw until then')
    assert.ok(!existsSync(folderOf(root, died)))
    assert.equal((await stored(living))?.state, 'running')
    assert.ok(existsSync(folderOf(root, living)))
    assert.deepEqual(await go(), [])
  })

  test('of many at once, one does it', async () => {
    const died = await running(dead)
    await using other = store.openEvalDb(join(home, 'eval.db'))
    const theirs = { db: other, labs, chaosTypes, root, owner: me, clock: systemClock }
    const ended = await Promise.all([go(), reap(theirs), go(), reap(theirs)])
    assert.deepEqual(ended.flat(), [died])
  })

  test('a reaper that died itself is followed by the next', async () => {
    const died = await running(dead)
    assert.ok(await store.takeTrial(db, died, { from: dead, to: me.replace(/:\d+$/, ':2') }))
    assert.ok(!(await store.takeTrial(db, died, { from: dead, to: me })), 'it has another owner by now')
    assert.deepEqual(await go(), [died])
  })

  test('files of a trial that is stored already are removed, others stay', async () => {
    const [done, living] = [await running(dead), await running(me)]
    await go()
    mkdirSync(folderOf(root, done))
    mkdirSync(join(root, 'mine'))
    await go()
    assert.ok(!existsSync(folderOf(root, done)))
    assert.ok(existsSync(folderOf(root, living)))
    assert.ok(existsSync(join(root, 'mine')))
  })

  test("an operator's database that cannot be read is no reason to stop", async () => {
    const died = await running(dead)
    writeFileSync(
      join(folderOf(root, died), 'operator.db'),
      'no database, but long enough to be looked at'.repeat(99),
    )
    assert.deepEqual(await go(), [died])
    const { outcome } = (await stored(died)) ?? {}
    assert.match(outcome?.kind === 'invalid' ? outcome.reason : '', /died; what its operator did is lost: .+/)
    assert.ok(!existsSync(folderOf(root, died)))
  })

  test('a fault is reverted where its cluster survived', {
    skip: can ? false : 'no namespaces',
  }, async () => {
    await using cluster = await netns.up(smallTopology(), { signal: new AbortController().signal })
    const target = cluster.nodes[1]?.name ?? ''
    const died = await running(dead)
    const fault = { chaosType: 'pause', target, params: {}, undo: {} }
    await store.armFault(db, { trialId: died, lab: 'netns', clusterId: cluster.id, fault }, 1)
    await cluster.signal(target, 'STOP')
    assert.equal(await cluster.state(target), 'paused')
    assert.deepEqual(await go(), [died])
    assert.equal(await cluster.state(target), 'running')
    assert.deepEqual(await store.openFaults(db, died), [])
    const { record } = (await stored(died)) ?? {}
    assert.equal(record?.revertFailed, null)
    assert.deepEqual(record?.faults, [fault], 'its target is the one that was chosen')
  })

  test('a fault that nobody can revert any more is told', async () => {
    const died = await running(dead)
    const fault = { chaosType: 'flood', target: 'etcd-1', params: {}, undo: {} }
    await store.armFault(db, { trialId: died, lab: 'netns', clusterId: 'gone', fault }, 1)
    await go()
    assert.match((await stored(died))?.record?.revertFailed ?? '', /flood/)
  })
})
