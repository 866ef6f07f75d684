import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { openEvalDb, trialPhases } from '../src/store/eval/trials.ts'
import { aftermathOf } from './standins/aftermath.ts'
import { type Home, home, quickTrial, type TrialDocument, trialsIn } from './standins/eval-runs.ts'
import { until } from './standins/until.ts'

const { can } = (await netns.abilities()).clusters as { can: boolean }

/** Every field of a trial's document, in its order, as scripts may rely on them. */
const fields = [
  'id',
  'subject',
  'lab',
  'seed',
  'agent',
  'variant',
  'baseline',
  'fault.chaos_type',
  'fault.target',
  'fault.params',
  'state',
  'outcome.kind',
  'at.started',
  'at.healthy',
  'at.injected',
  'at.impact',
  'at.detected',
  'at.claimed',
  'at.resolved',
  'at.recovered',
  'at.ended',
  'ms.reset',
  'ms.detect',
  'ms.resolve',
  'ms.recover',
  'ms.total',
  'workload.ops',
  'workload.failed',
  'workload.lost_writes',
  'workload.unavailable_ms',
  'session.id',
  'session.turns',
  'session.commands',
  'session.tokens.in',
  'session.tokens.out',
  'session.cost_usd',
]

const at = (document: TrialDocument, name: string): number => {
  const time = document.at?.[name]
  assert.match(time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, name)
  return Date.parse(time ?? '')
}

const ordered = (document: TrialDocument, ...names: string[]) => {
  for (const [i, later] of names.slice(1).entries()) {
    const earlier = names[i] ?? ''
    assert.ok(at(document, earlier) <= at(document, later), `${earlier} is after ${later}`)
  }
}

const valueAt = (document: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], document)

describe('eval run', { skip: can ? false : 'no namespaces here' }, () => {
  let place: Home
  before(() => {
    place = home()
  })
  after(() => place?.[Symbol.dispose]())

  test('a trial that is repaired, twice with the same seed', async () => {
    const { code, stdout, stderr } = await place.run(...quickTrial('--trials', '1', '--json'))
    assert.equal(code, 0, stderr)
    const document = JSON.parse(stdout)
    assert.equal(document.campaign, 'c1')
    const [trial] = trialsIn(stdout) as [TrialDocument]
    for (const field of fields) assert.notEqual(valueAt(trial, field), undefined, field)
    assert.equal(trial.outcome?.kind, 'resolved')
    assert.equal(trial.workload?.lost_writes, 0)
    assert.ok((trial.workload?.ops ?? 0) > 100)
    assert.ok((trial.session?.commands ?? 0) > 0)
    ordered(trial, 'started', 'healthy', 'injected', 'detected', 'claimed', 'resolved', 'ended')
    ordered(trial, 'injected', 'impact', 'recovered', 'ended')
    assert.equal(trial.ms.detect, at(trial, 'detected') - at(trial, 'injected'))
    assert.equal(trial.ms.total, at(trial, 'ended') - at(trial, 'started'))
    assert.match(stderr, /t1 {2}healthy after/)

    const again = await place.run(...quickTrial('--json'))
    const [second] = trialsIn(again.stdout) as [TrialDocument]
    assert.deepEqual(second.fault, trial.fault)
    assert.equal(second.seed, 7)
    assert.deepEqual(readdirSync(`${place.evalDb}.trials`), [], 'their own files are gone')
    assert.deepEqual(readdirSync(place.tmp), [])
  })

  test('what the operator did is kept when its database is gone', async () => {
    const { stdout } = await place.run('eval', 'show', 't1', '--json')
    const shown = JSON.parse(stdout)
    const commands = shown.transcript.filter((entry: { kind: string }) => entry.kind === 'tool_call')
    assert.equal(commands.length, shown.session.commands)
    assert.ok(commands.some((entry: { body: string }) => entry.body === `svc start ${shown.fault.target}`))
    assert.equal(shown.claims[0].status, 'fixed')
    assert.equal(shown.tickets[0].state, 'resolved')
  })

  test('list and show, for people and for scripts', async () => {
    const list = await place.run('eval', 'list')
    assert.match(list.stdout, /c1 .*node_kill on etcd.*1 resolved/)
    const [newest] = JSON.parse((await place.run('eval', 'list', '--json')).stdout)
    assert.deepEqual([newest.campaign, newest.outcomes], ['c2', { resolved: 1 }])
    const campaign = await place.run('eval', 'show', 'c1')
    assert.match(campaign.stdout, /t1 .*node_kill.*resolved/)
    const documents = await place.run('eval', 'show', 'c1', '--json')
    assert.equal(trialsIn(documents.stdout)[0]?.id, 't1')
    assert.match((await place.run('eval', 'show', 't1')).stdout, /\$ svc start etcd-\d[\s\S]*claim/)
  })

  test('a baseline has the same fault and no agent', async () => {
    const { code, stdout, stderr } = await place.run(
      ...quickTrial('--chaos', 'pause', '--target', 'leader', '--baseline', '--timeout', '3s', '--json'),
    )
    assert.equal(code, 0, stderr)
    const [trial] = trialsIn(stdout) as [TrialDocument]
    assert.deepEqual(trial.outcome, { kind: 'unresolved', reason: 'timeout' })
    assert.deepEqual([trial.baseline, trial.agent, trial.session], [true, null, null])
    assert.equal(trial.fault.chaos_type, 'pause')
    assert.notEqual(trial.at?.detected, null)
    assert.equal(trial.at?.claimed, null)
    assert.equal(trial.at?.recovered, null)
    assert.equal(trial.workload?.lost_writes, 0)
  })

  test('Ctrl-C ends everything, and the trial says where it was', async () => {
    const { child, ended, stdout, stderr } = place.start(...quickTrial('--settle', '60s', '--trials', '2'))
    await until('the agent works', () => stderr().includes('svc start'), 30_000)
    const { left } = aftermathOf(child.pid ?? 0, place.path)
    assert.ok(left().length > 8)
    process.kill(-(child.pid ?? 0), 'SIGINT') // the whole group, as a terminal does
    await systemClock.sleep(20)
    process.kill(-(child.pid ?? 0), 'SIGINT') // and a wrapper around it passes the same on
    assert.equal((await ended).exitCode, 130)
    assert.equal(stdout(), '')
    assert.match(stderr(), /^(c\d+) was stopped; continue it with: operator eval run campaign --resume \1$/m)
    assert.deepEqual(left(), [])
    assert.deepEqual(readdirSync(`${place.evalDb}.trials`), [])
    const id = /^(t\d+) /m.exec(stderr())?.[1] ?? ''
    const shown = JSON.parse((await place.run('eval', 'show', id, '--json')).stdout)
    assert.deepEqual(shown.outcome, { kind: 'invalid', phase: 'operate', reason: 'stopped by SIGINT' })
    assert.ok(shown.transcript.length > 0, 'what was recorded until then is kept')
    assert.equal(shown.ms.total > 0, true)
  })

  test('nobody reads what it prints any more: it ends in order', async () => {
    const { child, ended, stderr } = place.start(...quickTrial())
    const id = () => /^t(\d+) {2}healthy/m.exec(stderr())?.[1]
    await until('it is healthy', () => id() !== undefined, 30_000)
    const { left } = aftermathOf(child.pid ?? 0, place.path)
    child.stderr?.destroy()
    assert.equal((await ended).exitCode, 130)
    assert.deepEqual(left(), [])
    await using db = openEvalDb(place.evalDb)
    assert.ok((await trialPhases(db, Number(id()))).some(({ phase }) => phase === 'down'))
  })

  test('a database that fails in the middle: everything is taken down, and it says so', async () => {
    const { child, ended, stderr } = place.start(...quickTrial())
    await until('it is healthy', () => stderr().includes('healthy after'), 30_000)
    const { left } = aftermathOf(child.pid ?? 0, place.path)
    using sabotage = new DatabaseSync(place.evalDb)
    sabotage.exec('alter table phases rename to elsewhere')
    const { exitCode } = await ended
    sabotage.exec('alter table elsewhere rename to phases')
    assert.equal(exitCode, 1)
    assert.match(stderr(), /invalid in \w+: .*eval\.db: no such table: phases/)
    assert.deepEqual(left(), [])
  })

  test('two runs at once share a database', async () => {
    const runs = await Promise.all([
      place.run(...quickTrial('--json')),
      place.run(...quickTrial('--json', '--target', 'leader')),
    ])
    for (const { code, stdout, stderr } of runs) {
      assert.equal(code, 0, stderr)
      assert.deepEqual(
        trialsIn(stdout).map(({ outcome }) => outcome?.kind),
        ['resolved'],
      )
    }
    assert.notEqual(trialsIn(runs[0].stdout)[0]?.id, trialsIn(runs[1].stdout)[0]?.id)
  })
})

describe('eval run: what cannot be is said before anything is started', () => {
  const wrong: [string[], RegExp][] = [
    [['--subject', 'etc'], /etcd/],
    [['--chaos', 'nodekill'], /node_kill/],
    [['--target', 'etcd-9'], /etcd-1, etcd-2, etcd-3/],
    [['--target', 'follower', '--size', '1'], /etcd-1/],
    [['--size', '4'], /1, 3, 5/],
    [['--param', 'x=1'], /x/],
    [['--chaos', 'latency', '--param', 'peer=etcd-9'], /peer 'etcd-9': one of etcd-1, etcd-2, etcd-3/],
    [
      ['--chaos', 'latency', '--param', 'peer=etcd-1', '--target', 'etcd-1'],
      /peer 'etcd-1' of etcd-1: one of/,
    ],
    [['--interval', '10ms'], /100ms/],
    [['--lab', 'mars'], /netns/],
    [['--agent', 'wizard'], /runbook/],
  ]
  for (const [args, says] of wrong) {
    test(args.join(' '), async () => {
      using place = home()
      const { code, stdout, stderr } = await place.run(...quickTrial(...args))
      assert.equal(code, 2, stderr)
      assert.match(stderr, says)
      assert.equal(stdout, '')
      assert.ok(!existsSync(place.evalDb), 'nothing is stored')
    })
  }

  for (const id of ['c9', 't9', 'x1', 't', '']) {
    test(`show '${id}'`, async () => {
      using place = home()
      const { code, stderr } = await place.run('eval', 'show', id)
      assert.equal(code, 2)
      assert.match(stderr, /no database|c1/)
    })
  }
})
