import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import { type EvalHome, evalHome, pastCampaign } from '../../test/standins/stored-trials.ts'
import { entry, ran } from '../../test/standins/viewing.ts'
import { evalMigrations } from './eval/schema.ts'
import { addCampaign, readEvalDb, transcript } from './eval/trials.ts'
import { trialEntryHeads } from './reading.ts'
import { type SearchFilter, searchEntries, textKinds } from './search.ts'
import { openDatabase } from './sqlite.ts'

suite('words of transcripts', () => {
  const undo = new AsyncDisposableStack()
  let home: EvalHome
  before(async () => {
    home = undo.use(evalHome())
    await pastCampaign(home.db, [
      {
        transcript: [
          ...ran(1, 'svc start etcd-2', 'started'),
          entry(3, 'reasoning', 'It came back: \u00fcber Nacht'),
        ],
      },
      { transcript: ran(1, 'df -h', `/dev/sda 100%\n${'x'.repeat(300_000)}\nno space left`) },
      {
        spec: { faults: [{ chaosType: 'pause', target: 'leader', params: {} }] },
        transcript: ran(1, 'svc status', 'started'),
      },
    ])
  })
  after(() => undo.disposeAsync())

  const found = async (query: string, filter: Partial<SearchFilter> = {}, limit = 10, before?: number) => {
    const { hits } = await searchEntries(home.db, query, { kinds: textKinds, ...filter }, { limit, before })
    return hits.map(({ trialId, seq }) => `t${trialId}.${seq}`)
  }

  test('all words, phrases, beginnings; the newest trial first', async () => {
    assert.deepEqual(await found('svc'), ['t3.1', 't1.1'])
    assert.deepEqual(await found('SVC start'), ['t1.1'])
    assert.deepEqual(await found('"start etcd"'), ['t1.1'])
    assert.deepEqual(await found('"svc etcd"'), [])
    assert.deepEqual(await found('sta*', { kinds: ['command'] }), ['t3.1', 't1.1'])
    assert.deepEqual(await found('sta'), [])
    assert.deepEqual(await found('Uber nacht'), ['t1.3'])
  })

  test('by kind of text, damage and outcome', async () => {
    assert.deepEqual(await found('started', { kinds: ['output'] }), ['t3.2', 't1.2'])
    assert.deepEqual(await found('started', { kinds: ['command'] }), [])
    assert.deepEqual(await found('started', { chaos: 'pause' }), ['t3.2'])
    assert.deepEqual(await found('started', { outcome: 'harmful' }), [])
    assert.deepEqual(await found('started', { campaignId: 99 }), [])
  })

  test('what a query language would take for its own is a word like any other', async () => {
    for (const query of [
      'NOT',
      'a OR b',
      'svc NEAR start',
      '"',
      '""',
      '*',
      '(',
      'command:svc',
      "'; drop table trials",
    ])
      assert.ok(Array.isArray(await found(query)), query)
    assert.deepEqual(await found('svc NOT start'), [])
  })

  test('beginning and end of a long output, also of one that is stored packed', async () => {
    assert.deepEqual(await found('sda'), ['t2.2'])
    assert.deepEqual(await found('"no space left"'), ['t2.2'])
    const [, head] = await trialEntryHeads(home.db, 2, { after: 0, limit: 9, bytes: 20 })
    assert.equal(head?.body, '/dev/sda 100%\nxxxxxx')
    assert.equal(head?.isWhole, false)
  })

  test('page by page', async () => {
    const { hits, before } = await searchEntries(home.db, 'svc', { kinds: textKinds }, { limit: 1 })
    assert.equal(hits.length, 1)
    assert.ok(before)
    assert.deepEqual(await found('svc', {}, 1, before), ['t1.1'])
    const last = await searchEntries(home.db, 'svc', { kinds: textKinds }, { limit: 1, before })
    assert.equal(last.before, null)
  })

  test('a head is cut between letters, and holds whatever a text may hold', async () => {
    await pastCampaign(home.db, [
      {
        transcript: [
          entry(1, 'reasoning', '\u00fc\u00fc\u00fc'),
          entry(2, 'reasoning', 'a\u0000b'),
          entry(3, 'reasoning', ''),
        ],
      },
    ])
    const heads = await trialEntryHeads(home.db, 4, { after: 0, limit: 9, bytes: 3 })
    assert.deepEqual(
      heads.map(({ body, isWhole }) => [body, isWhole]),
      [
        ['\u00fc', false],
        ['a\u0000b', true],
        ['', true],
      ],
    )
  })

  test('a database from before there was an index gets one when it is opened', async () => {
    const path = `${home.path}.old`
    await openDatabase(path, evalMigrations.slice(0, 3)).destroy()
    const old = new DatabaseSync(path)
    old.exec(`insert into campaigns (id, name, spec, seed, started_at) values (1, 'c', '{}', 1, 1);
      insert into trials (id, campaign_id, slot, spec, state) values (1, 1, 0, '{}', 'done');
      insert into entries values (1, 1, 's1', 1, 'tool_call', 'svc start etcd-2', '{"reasoning":"why"}', null)`)
    old.close()
    await using db = readEvalDb(path).db
    const { hits } = await searchEntries(db, 'start', { kinds: ['command'] }, { limit: 9 })
    assert.equal(hits.length, 1)
  })

  test('whoever only looks can write nothing', async () => {
    await using db = readEvalDb(home.path).db
    assert.equal((await transcript(db, 1)).length, 3)
    const campaign = { name: 'x', spec: {}, seed: 1, startedAt: 1 }
    await assert.rejects(addCampaign(db, campaign), /readonly/)
  })
})
