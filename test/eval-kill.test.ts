/**
 * kill -9 of a run at any moment leaves nothing behind, and the next run says so. `node test/eval-kill.test.ts 30`
 * kills that often; without a number, often enough to see every phase.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { chaosTypes } from '../src/chaos/faults.ts'
import { systemClock } from '../src/core/clock.ts'
import { rngFrom } from '../src/core/rng.ts'
import type { Phase } from '../src/core/work/outcome.ts'
import { ownerOf } from '../src/eval/campaign/owner.ts'
import { folderOf, reap } from '../src/eval/campaign/reap.ts'
import { operatorDbIn } from '../src/eval/report/transcript.ts'
import { labs } from '../src/lab/labs.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { entriesAfter } from '../src/store/audit/audit.ts'
import {
  type EvalDb,
  listTrials,
  openEvalDb,
  transcript,
  trial,
  trialPhases,
} from '../src/store/eval/trials.ts'
import { openOperatorDb } from '../src/store/operator/open.ts'
import { killAndWait } from './standins/aftermath.ts'
import { type Home, home, quickTrial, trialsIn } from './standins/eval-runs.ts'
import { slowed, until } from './standins/until.ts'

const { can } = (await netns.abilities()).clusters as { can: boolean }
const kills = Number(process.argv[2] ?? 6)

interface Moment {
  phase: Phase
  /** When to kill: that long after the phase began, at most. About as long as it takes. */
  withinMs: number
  /** Else it has been well for long enough by the time the ticket is resolved. */
  settle?: string
}

const moments: Moment[] = [
  { phase: 'up', withinMs: 600 },
  { phase: 'operate', withinMs: 3_500 },
  { phase: 'warm', withinMs: 1_000 },
  { phase: 'capture', withinMs: 120 },
  { phase: 'inject', withinMs: 40 },
  { phase: 'settle', withinMs: 1_000, settle: '6s' },
  { phase: 'operate', withinMs: 3_500 },
  { phase: 'down', withinMs: 80 },
  { phase: 'revert', withinMs: 30 },
  { phase: 'arm', withinMs: 2 },
]

const reaperOf = (place: Home, db: EvalDb) => () =>
  reap({
    db,
    labs,
    chaosTypes,
    clock: systemClock,
    root: `${place.evalDb}.trials`,
    owner: ownerOf(process.pid) ?? '',
  })

/** What a dead run left on record, before anybody touches it. */
async function remainsOf(place: Home, db: EvalDb, id: number) {
  const phases = await trialPhases(db, id)
  const path = operatorDbIn(folderOf(`${place.evalDb}.trials`, id))
  if (!existsSync(path)) return { phases, entries: [] }
  await using operatorDb = openOperatorDb(path)
  return { phases, entries: await entriesAfter(operatorDb, 0) }
}

/** Starts a run and kills it; returns the id of its trial, or null when it had none yet. */
async function killOne(place: Home, db: EvalDb, moment: Moment, afterMs = 0) {
  const before = (await listTrials(db)).at(-1)?.id ?? 0
  const { child, stderr } = place.start(...quickTrial('--settle', moment.settle ?? '1s'))
  const newest = async () => (await listTrials(db)).findLast(({ id }) => id > before)
  await until(
    `the phase ${moment.phase}`,
    async () => {
      assert.ok(child.exitCode === null, stderr())
      const found = await newest()
      return found !== undefined && (await trialPhases(db, found.id)).some((p) => p.phase === moment.phase)
    },
    60_000,
  )
  await systemClock.sleep(afterMs)
  await killAndWait(child, place.path)
  return (await newest())?.id ?? null
}

describe('kill -9 of a run', { skip: can ? false : 'no namespaces here', concurrency: true }, () => {
  const lanes = 2
  for (let lane = 0; lane < lanes; lane++) {
    test(`at any moment (lane ${lane + 1}): nothing is left, and what was recorded is kept`, {
      timeout: slowed(60_000 + kills * 15_000),
    }, async (t) => {
      using place = home()
      await using db = openEvalDb(place.evalDb)
      const rng = rngFrom(lane + 1)
      for (let i = lane; i < kills; i += lanes) {
        const moment = moments[i % moments.length] ?? rng.pick(moments)
        const id = await killOne(place, db, moment, rng.int(moment.withinMs))
        assert.ok(id !== null)
        const left = await remainsOf(place, db, id)
        const died = await trial(db, id)
        const diedIn = left.phases.findLast(({ endedAt }) => endedAt === null) ?? left.phases.at(-1)
        t.diagnostic(
          `t${id}: ${moment.phase}, dead in ${died?.state === 'done' ? 'no phase' : diedIn?.phase}`,
        )

        const reaper = reaperOf(place, db)
        const [first, second] = await Promise.all([reaper(), reaper()])
        const ended = await trial<{ seed: number }, { phases: Record<string, unknown> }>(db, id)
        assert.deepEqual([...first, ...second], died?.state === 'done' ? [] : [id], 'by exactly one of them')
        assert.deepEqual(await reaper(), [])
        assert.deepEqual(await trial(db, id), ended)
        assert.equal(ended?.state, 'done')
        assert.deepEqual(readdirSync(`${place.evalDb}.trials`), [])
        assert.deepEqual(readdirSync(place.tmp), [])
        if (died?.state === 'done') continue
        assert.deepEqual(ended?.outcome, {
          kind: 'invalid',
          phase: diedIn?.phase,
          reason: 'the process that ran it died',
        })
        assert.deepEqual(
          Object.keys(ended?.record?.phases ?? {}),
          left.phases.map((p) => p.phase),
        )
        assert.deepEqual(await transcript(db, id), left.entries)
      }
      const { code, stdout, stderr } = await place.run(...quickTrial('--json'))
      assert.equal(code, 0, stderr)
      assert.equal(trialsIn(stdout)[0]?.outcome?.kind, 'resolved')
    })
  }

  describe('a reaper', () => {
    let place: Home
    before(() => {
      place = home()
    })
    after(() => place[Symbol.dispose]())

    test('is the next run, and leaves the trials of living runs alone', async () => {
      await using db = openEvalDb(place.evalDb)
      const dead = await killOne(place, db, { phase: 'operate', withinMs: 0 })
      const living = place.start(...quickTrial('--json'))
      const isRunning = async () => {
        const running = await listTrials(db, { state: 'running' })
        return running.length === 1 && running[0]?.id !== dead
      }
      await until('the dead trial is ended, and another runs', isRunning, 30_000)
      assert.equal((await trial(db, dead ?? 0))?.outcome?.kind, 'invalid')
      assert.deepEqual(await reaperOf(place, db)(), [])
      assert.ok(await isRunning())
      const second = await place.run('eval', 'run', 'campaign', '--resume', 'c2')
      assert.deepEqual([second.code, /c2 is running already/.test(second.stderr)], [2, true], second.stderr)
      assert.equal((await living.ended).exitCode, 0, living.stderr())
      assert.equal(trialsIn(living.stdout())[0]?.outcome?.kind, 'resolved')
    })
  })
})
