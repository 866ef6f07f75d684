import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { addCampaign, openEvalDb } from '../src/store/eval/trials.ts'
import { type Home, home } from './standins/eval-runs.ts'
import { everyKind, hostile } from './standins/exports.ts'
import { pastCampaign } from './standins/stored-trials.ts'

const drivesTerminal = /[^\P{Cc}\n\t]|\p{Bidi_Control}/u

describe('what a person asks of trials that have ended', () => {
  let place: Home
  before(async () => {
    place = home()
    await using db = openEvalDb(place.evalDb)
    await pastCampaign(db, everyKind, hostile)
    await pastCampaign(db, [{}, {}], 'second')
    await db
      .updateTable('trials')
      .set({ state: 'planned', record: null, outcome: null, summary: null })
      .where('id', '=', 7)
      .execute()
  })
  after(() => place[Symbol.dispose]())

  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await place.run('eval', ...args)
    assert.equal(code, 0, stderr)
    return stdout
  }
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await place.run('eval', ...args)
    assert.equal(code, 2, stderr)
    assert.equal(stdout, '')
    return stderr
  }

  test('list: campaigns with their outcomes, page by page', async () => {
    const list = JSON.parse(await ok('list', '--json'))
    assert.deepEqual(
      list.map(({ campaign, trials, outcomes }: Record<string, unknown>) => [campaign, trials, outcomes]),
      [
        ['c2', 2, { resolved: 1, planned: 1 }],
        ['c1', 5, { harmful: 1, invalid: 1, resolved: 1, unresolved: 2 }],
      ],
    )
    const { stdout, stderr } = await place.run('eval', 'list', '--limit', '1')
    assert.match(stdout, /^c2 .* second .*1 resolved/m)
    assert.match(stderr, /--before c2/)
    const older = await ok('list', '--before', 'c2')
    assert.doesNotMatch(older, /second/)
    assert.doesNotMatch(older, drivesTerminal)
    assert.match(older, /^c1 /m)
  })

  test('show: a line a trial, or all documents', async () => {
    assert.match(await ok('show', 'c1'), /^t3 .* harmful .* 1 acknowledged writes lost/m)
    assert.match(await ok('show', 'c2'), /^t7 .* planned /m)
    const { campaign, trials } = JSON.parse(await ok('show', 'c1', '--json'))
    assert.equal(campaign, 'c1')
    assert.deepEqual(
      trials.map(({ outcome }: { outcome: { kind: string } }) => outcome.kind),
      ['resolved', 'unresolved', 'harmful', 'invalid', 'unresolved'],
    )
  })

  test('a campaign without trials is one that there is', async () => {
    await using db = openEvalDb(place.evalDb)
    const id = await addCampaign(db, { name: 'empty', spec: {}, seed: 1, startedAt: 1 })
    assert.match(await ok('show', `c${id}`), /^TRIAL /)
    assert.match(await ok('commands', `c${id}`), /^0 trials: 0 commands/)
    assert.match(await ok('analyze', `c${id}`), /nothing to analyze/)
    assert.match(await refused('show', `c${id + 1}`), /no campaign/)
    assert.match(await refused('commands', `c${id + 1}`), /no 'c\d+'/)
    await db.deleteFrom('campaigns').where('id', '=', id).execute()
  })

  test('analyze: for people, and the same bytes twice for programs', async () => {
    const page = await ok('analyze', 'c1')
    assert.match(page, /5 trials ended, judged by scorer \d+/)
    assert.match(page, /Invalid, and in no figure above: 1 of 5/)
    assert.doesNotMatch(page, /NaN|undefined/)
    assert.doesNotMatch(page, drivesTerminal)
    const json = await ok('analyze', 'c1', '--json')
    assert.equal(await ok('analyze', 'c1', '--json'), json)
    const { arms, invalid } = JSON.parse(json)
    assert.deepEqual(
      arms.map(({ arm, rates }: { arm: string; rates: { resolved: { of: number } } }) => [
        arm,
        rates.resolved.of,
      ]),
      [
        ['baseline', 1],
        ['default', 3],
      ],
    )
    assert.equal(invalid.reasons[0].phase, 'up')
    assert.match(await ok('analyze', 'c2'), /1 trial ended, 1 still to run/)
  })

  test('rescore: says nothing changed when nothing did', async () => {
    assert.match(await ok('rescore', 'c1'), /5 trials judged by scorer \d+: 0 changed, 0 left alone/)
    const { trials, changed, dry_run } = JSON.parse(await ok('rescore', '--all', '--dry-run', '--json'))
    assert.deepEqual([trials, changed, dry_run], [6, [], true])
    assert.equal((JSON.parse(await ok('rescore', 't3', '--json')) as { trials: number }).trials, 1)
  })

  test('export: to standard output, or to a file that is there when it is whole', async () => {
    const folder = join(place.path, 'out')
    mkdirSync(folder)
    for (const format of ['csv', 'html']) {
      const path = join(folder, `c1.${format}`)
      await ok('export', 'c1', '--format', format, '--output', path)
      assert.equal(readFileSync(path, 'utf8'), await ok('export', 'c1', '--format', format), format)
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.part')),
      [],
    )
    await ok('export', 'c1', '--format', 'atif', '--output', `${join(folder, 'each')}/`)
    const each = readdirSync(join(folder, 'each')).sort()
    assert.deepEqual(
      each,
      ['t1-1', 't2-1', 't3-1', 't4-1'].map((name) => `${name}.trajectory.json`),
    )
    assert.equal(JSON.parse(await ok('export', 't2', '--json')).trials[0].id, 't2')
  })

  test('what cannot be is refused, with what is allowed', async () => {
    const cases: [string[], RegExp][] = [
      [['show', 'x1'], /'x1' is neither a campaign \(c1\) nor a trial \(t1\)/],
      [['analyze', 't1'], /'t1' is no campaign; allowed: c1, c2/],
      [['analyze', 'c9'], /no campaign 'c9'/],
      [['rescore'], /say which trials: a campaign \(c1\), a trial \(t1\), or --all/],
      [['rescore', 'c9'], /'c9' has no trial that ended/],
      [['list', '--limit', '0'], /allowed: a whole number from 1 to 1000/],
      [['export', 'c1', '--format', 'pdf'], /allowed: json, jsonl, csv, junit, atif, html/],
      [['export', 'c9'], /there is no 'c9'/],
      [['export', 'c1', '--json', '--format', 'csv'], /give one/],
      [['export', 'c1', '--format', 'csv', '--output', place.path], /is a folder; name a file/],
    ]
    await Promise.all(cases.map(async ([args, words]) => assert.match(await refused(...args), words)))
    const nowhere = join(place.path, 'no', 'such', 'folder.csv')
    assert.match(await refused('export', 'c1', '--output', nowhere), /cannot be written: ENOENT/)
    assert.ok(!existsSync(join(place.path, 'no')))
  })

  test('every verb explains itself with examples', async () => {
    const explained = ['list', 'show', 'analyze', 'rescore', 'export'].map(async (verb) =>
      assert.match(
        await ok(verb, '--help'),
        new RegExp(`--json[\\s\\S]*Examples:\\n  operator eval ${verb}`),
      ),
    )
    await Promise.all(explained)
  })
})
