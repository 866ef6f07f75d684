import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { addTicket } from '../../test/standins/desk.ts'
import { spec } from '../../test/standins/record.ts'
import { type EvalHome, evalHome, pastCampaign } from '../../test/standins/stored-trials.ts'
import { until } from '../../test/standins/until.ts'
import { ran, recordedCampaigns, viewerOf } from '../../test/standins/viewing.ts'
import { systemClock } from '../core/clock.ts'
import { ownerOf } from '../eval/campaign/owner.ts'
import { folderOf } from '../eval/campaign/reap.ts'
import { noteLane } from '../eval/trial/seen.ts'
import { appendEntry } from '../store/audit/audit.ts'
import { addCampaign, addTrials, endPhase, listTrials, startPhase, startTrial } from '../store/eval/trials.ts'
import { openOperatorDb } from '../store/operator/open.ts'
import { claimTickets } from '../store/operator/sessions.ts'

/** As no browser asks: any method, any Host. */
async function ask(url: string, options: { method?: string; headers?: Record<string, string> }) {
  const asked = request(url, options).end()
  const [answer] = await once(asked, 'response')
  return { status: answer.statusCode as number, headers: answer.headers, body: await text(answer) }
}

suite('the server of the viewer', () => {
  const undo = new AsyncDisposableStack()
  let home: EvalHome
  let url = ''
  before(async () => {
    home = undo.use(evalHome())
    await recordedCampaigns(home.db)
    url = undo.use(await viewerOf({ evalDb: home.path })).url
  })
  after(() => undo.disposeAsync())

  test('answers to looks only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const { status } = await ask(url, { method })
      assert.equal(status, 405, method)
    }
    assert.equal((await ask(url, { method: 'HEAD' })).status, 200)
  })

  test('answers to no name but its own: another site may have one that leads here', async () => {
    assert.equal((await ask(url, { headers: { host: 'evil.example' } })).status, 403)
    assert.equal((await ask(url, { headers: { host: 'localhost:8000' } })).status, 200)
    assert.equal((await ask(url, { headers: { host: '[::1]:8000' } })).status, 200)
  })

  test('allows no script and no style but its own, and no frame', async () => {
    for (const path of ['', 't/25', 'nothing/there', 'assets/client.js']) {
      const { headers } = await ask(url + path, {})
      const policy = String(headers['content-security-policy'])
      assert.match(policy, /default-src 'none'/)
      assert.match(policy, /script-src 'self'(;|$)/)
      assert.match(policy, /frame-ancestors 'none'/)
      assert.doesNotMatch(policy, /unsafe|http/)
      assert.equal(headers['x-content-type-options'], 'nosniff')
    }
  })

  test('nothing of the kind is a page that says so', async () => {
    for (const path of [
      'c/99',
      't/99',
      't/1/entries/99',
      't/99.json',
      'nowhere',
      'assets/secrets',
      'assets/constructor',
      'tickets',
    ])
      assert.equal((await ask(url + path, {})).status, 404, path)
    const { status, body } = await ask(`${url}compare?a=t1&b=t99`, {})
    assert.equal(status, 200)
    assert.match(body, /no such trial/)
  })

  test('an entry is its own session’s, and no other’s', async () => {
    const path = join(dirname(home.path), 'operator.db')
    await using db = openOperatorDb(path)
    await addTicket(db, 'c1', 'etcd-2', 'down')
    const at = systemClock.now()
    const worker = { agent: 'llm', model: null, owner: 'me', clusters: null, leaseMs: 60_000 }
    await claimTickets(db, { ...worker, sessionId: 's1' }, at)
    await appendEntry(db, { sessionId: 's1', at, kind: 'reasoning', body: 'I look', meta: {} })
    await using viewer = await viewerOf({ operatorDb: path })
    const entry = async (session: string) =>
      (await ask(`${viewer.url}sessions/${session}/entries/1`, {})).status
    assert.deepEqual([await entry('s1'), await entry('s2')], [200, 404])
  })

  test('senseless parameters are no reason to fail', async () => {
    const odd = [
      'c/1?page=-1',
      'c/1?sort=constructor',
      '?sort=__proto__&order=x',
      'c/1?page=1e9',
      't/1?after=x',
    ]
    odd.push(
      'search?q=%22%22%22',
      'search?q=*',
      'search?q=NEAR(a b)',
      'search?q=a%00b',
      'search?q=command:x&before=x',
    )
    odd.push('?since=soon', 't/1/entries/2?from=-5', 'search?q=a&campaign=x&outcome=x')
    for (const path of odd) assert.equal((await ask(encodeURI(decodeURI(url + path)), {})).status, 200, path)
  })

  test('campaigns by what they can be filtered and sorted by; links keep what was chosen', async () => {
    await using own = evalHome()
    await recordedCampaigns(own.db)
    await using viewer = await viewerOf({ evalDb: own.path })
    const shown = async (query: string) => {
      const { body } = await ask(`${viewer.url}?${query}`, {})
      return { body, ids: [...body.matchAll(/data-row href="\/c\/(\d+)"/g)].map(([, id]) => id).join() }
    }
    for (const [query, ids] of [
      ['', '3,2,1'],
      ['subject=etcd', '3,2,1'],
      ['subject=tikv', ''],
      ['chaos=pause', '2,1'],
      ['arm=terse', '2,1'],
      ['arm=baseline&chaos=pause', '2,1'],
      ['sort=started&order=asc', '3,2,1'],
      ['sort=trials&order=asc', '3,2,1'],
      ['sort=recovered&order=asc', '2,3,1'],
      ['sort=name&order=desc', '1,2,3'],
      ['sort=cost&order=asc', '3,2,1'],
    ] as const)
      assert.equal((await shown(query)).ids, ids, query)
    const { body } = await shown('arm=terse&sort=recovered&order=asc')
    assert.match(body, /aria-sort="ascending"><a href="[^"]*arm=terse&amp;sort=recovered&amp;order=desc"/)
    assert.match(body, /<option value="terse" selected>/)
    assert.match(body, /50 % \(22\u201378\) <span class="quiet">4\/8/)
    assert.match(body, /class="spark"[^>]*aria-label="the newest 12, oldest first: resolved, /)
    assert.match(body, /\$0\.80/)
  })

  test('campaigns from a day to a day, both of them included', async () => {
    const none = /No campaign matches/
    for (const [days, isNone] of [
      ['since=1970-01-01&until=1970-01-01', false],
      ['until=1969-12-31', true],
      ['since=1970-01-02', true],
      ['since=soon&until=never', false],
    ] as const)
      assert.equal(none.test((await ask(`${url}?${days}`, {})).body), isNone, days)
  })

  test('a trial of 50 MB of output is a page as small as any other', async () => {
    const campaignId = await pastCampaign(home.db, [
      {
        transcript: ran(
          1,
          `echo ${'y'.repeat(9_000)}`,
          'all work and no play makes a dull boy\n'.repeat(1_300_000),
        ),
      },
    ])
    const { body: campaign } = await ask(`${url}c/${campaignId}`, {})
    const [, trial] = /href="(\/t\/\d+)"/.exec(campaign) ?? []
    const { status, body } = await ask(url + trial?.slice(1), {})
    assert.equal(status, 200)
    assert.ok(body.length < 60_000, `${body.length}`)
    for (const seq of [1, 2]) assert.ok(body.includes(`/entries/${seq}"`), 'there is a way to all of it')
    const entry = await ask(`${url + trial?.slice(1)}/entries/2`, {})
    assert.ok(entry.body.length < 300_000, `${entry.body.length}`)
    assert.match(entry.body, /from=\d+/)
  })

  test('bytes that are no text are shown as such, on every page that has them', async () => {
    const campaignId = await pastCampaign(home.db, [
      { transcript: ran(1, 'head -c 9 /dev/urandom', 'bytes') },
    ])
    const [trial] = await listTrials(home.db, { campaignId })
    using raw = new DatabaseSync(home.path)
    raw
      .prepare(
        "update entries set body = cast(x'62c328ff80edA0800a00fe656e64' as text) where trial_id = ? and seq = 2",
      )
      .run(trial?.id ?? 0)
    for (const path of [`t/${trial?.id}`, `t/${trial?.id}/entries/2`, `t/${trial?.id}/entries/2?part=0`]) {
      const { status, body } = await ask(url + path, {})
      assert.equal(status, 200, path)
      assert.match(body, /b\ufffd\(\ufffd+\n\\x00\ufffdend/, path)
    }
    assert.equal((await ask(`${url}t/${trial?.id}/atif.json`, {})).status, 200)
  })

  test('elsewhere than on the loopback it wants its token, and then never again', async () => {
    await using open = await viewerOf({ evalDb: home.path, host: '0.0.0.0' })
    const there = new URL(open.url)
    assert.match(there.search, /^\?token=[\w-]{32}$/)
    const plain = `http://127.0.0.1:${there.port}/`
    assert.equal((await ask(plain, {})).status, 401)
    assert.equal((await ask(`${plain}assets/client.js`, {})).status, 401)
    assert.equal((await ask(`${plain}?token=wrong`, {})).status, 401)
    const { status, headers } = await ask(`${plain}c/1${there.search}`, {})
    assert.equal(status, 302)
    assert.equal(headers.location, '/c/1')
    const [cookie = ''] = headers['set-cookie'] ?? []
    assert.match(cookie, new RegExp(`^\\w+_${there.port}=.*HttpOnly.*SameSite=Lax`))
    assert.equal((await ask(plain, { headers: { cookie: cookie.split(';')[0] ?? '' } })).status, 200)
    const token = there.searchParams.get('token')
    assert.equal((await ask(plain, { headers: { authorization: `Bearer ${token}` } })).status, 200)
  })

  test('a port that is taken, a database that is not there: said in words', async () => {
    const port = Number(new URL(url).port)
    await assert.rejects(viewerOf({ evalDb: home.path, port }), { name: 'BadInput', message: /--port/ })
    await assert.rejects(viewerOf({ evalDb: `${home.path}.none` }), { name: 'BadInput', message: /eval run/ })
  })

  test('a trial as JSON and as trajectories', async () => {
    const trial = JSON.parse((await ask(`${url}t/1.json`, {})).body)
    assert.equal(trial.outcome.kind, 'resolved')
    assert.equal(trial.record.spec.seed, 1)
    const [trajectory] = JSON.parse((await ask(`${url}t/1/atif.json`, {})).body)
    assert.equal(trajectory.schema_version, 'ATIF-v1.7')
  })

  test('four that write and everybody who looks: nobody waits for a lock, nobody fails', async () => {
    const script = join(import.meta.dirname, '../../test/standins/trial-writer.ts')
    const argv = ['--disable-warning=ExperimentalWarning', script, home.path, '4']
    const writers = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, argv))
    let isWriting = true
    const written = Promise.all(writers).finally(() => {
      isWriting = false
    })
    const statuses = new Set<number>()
    const readAll = async (pages: readonly string[]) => {
      let reads = 0
      while (isWriting)
        for (const page of pages) {
          statuses.add((await ask(url + page, {})).status)
          reads++
        }
      return reads
    }
    // What takes its time is asked for beside the rest, which does not wait for it.
    const quick = ['', 'c/4', 't/30', 'search?q=written']
    const [reads] = await Promise.all([readAll(quick), readAll(['compare?a=c1&b=c2', 'c/5/analysis'])])
    for (const { stderr } of await written) assert.equal(stderr, '')
    assert.deepEqual(
      [...statuses].filter((status) => status >= 500),
      [],
    )
    assert.ok(reads > quick.length)
    assert.match((await ask(`${url}search?q=written`, {})).body, /<mark>written/)
  })

  test('so many pages can follow, and no more; whoever leaves makes room', async () => {
    await using viewer = await viewerOf({ evalDb: home.path })
    const heads = Array.from({ length: 100 }, () => ask(`${viewer.url}events`, { method: 'HEAD' }))
    for (const { status } of await Promise.all(heads)) assert.equal(status, 200)
    const stop = new AbortController()
    const follow = () => fetch(`${viewer.url}events`, { signal: stop.signal })
    const all = await Promise.all(Array.from({ length: 100 }, follow))
    assert.deepEqual([...new Set(all.map(({ status }) => status))], [200])
    const refused = await follow()
    assert.equal(refused.status, 503)
    assert.match(await refused.text(), /too many pages/)
    assert.equal((await ask(`${viewer.url}c/1`, {})).status, 200)
    stop.abort()
    await until('there is room again', async () => {
      const one = new AbortController()
      const { status } = await fetch(`${viewer.url}events`, { signal: one.signal })
      one.abort()
      return status === 200
    })
  })

  test('what nobody runs any more is said to be so; what runs has its lane and its phase', async () => {
    const campaignId = await addCampaign(home.db, { name: 'cut off', spec: {}, seed: 1, startedAt: 1 })
    await addTrials(
      home.db,
      campaignId,
      [0, 1, 2].map((slot) => ({ slot, spec })),
    )
    const [dead, living] = await listTrials(home.db, { campaignId })
    const at = systemClock.now() - 5_000
    await startTrial(home.db, dead?.id ?? 0, 'boot:1:1', at)
    await startTrial(home.db, living?.id ?? 0, ownerOf(process.pid) ?? '', at)
    await startPhase(home.db, living?.id ?? 0, 'up', at)
    await endPhase(home.db, living?.id ?? 0, 'up', at + 1_000)
    await startPhase(home.db, living?.id ?? 0, 'warm', at + 1_000)
    const folder = folderOf(`${home.path}.trials`, living?.id ?? 0)
    mkdirSync(folder, { recursive: true })
    await noteLane(folder, 3)
    const { body } = await ask(`${url}c/${campaignId}`, {})
    const [now = ''] = /<section id="now".*?<\/section>/s.exec(body) ?? []
    const rows = now
      .split('<tr>')
      .slice(1)
      .map((row) => row.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '))
    const about = (id: number | undefined) => rows.find((row) => row.includes(`t${id} `)) ?? ''
    assert.match(about(living?.id), /^ 3 t\d+ node_kill default 1 warm 4 s \d\d:\d\d:\d\d 5 s/)
    assert.match(about(dead?.id), /^ - t\d+ .*nobody runs it/)
    assert.match(now, /One is to come\./)
    assert.doesNotMatch(now, /--resume/)
    const page = await ask(`${url}t/${dead?.id}`, {})
    assert.match(page.body, /Nobody runs it: it was last heard of at [\d: -]+ UTC\./)
    assert.doesNotMatch(page.body, /data-lasts/)
    assert.match((await ask(`${url}t/${living?.id}`, {})).body, /in phase <b>warm<\/b> for .*data-lasts/)
  })

  test('the analysis of a campaign is that of the command line; one that cannot be made is a page that says why', async () => {
    const { body } = await ask(`${url}c/1/analysis`, {})
    assert.match(body, /12 trials ended/)
    assert.match(body, /pass\^3/)
    const campaignId = await pastCampaign(home.db, [{}])
    using raw = new DatabaseSync(home.path)
    raw.prepare("update trials set summary = '{}' where campaign_id = ?").run(campaignId)
    const broken = await ask(`${url}c/${campaignId}/analysis`, {})
    assert.equal(broken.status, 500)
    assert.match(broken.body, /could not be made.*TypeError/s)
    // Nothing else suffers from it.
    for (const path of ['', 'c/2/analysis', `c/${campaignId}`])
      assert.equal((await ask(url + path, {})).status, 200, path)
  })

  test('what is written meanwhile is told, and shown', async () => {
    const stop = new AbortController()
    const answer = await fetch(`${url}events`, { signal: stop.signal })
    const events = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    assert.match(String((await events?.read())?.value), /event: ping/)
    const id = await pastCampaign(home.db, [{}], 'written meanwhile')
    assert.match(String((await events?.read())?.value), /event: change/)
    stop.abort()
    const { body } = await ask(url, {})
    assert.match(body, new RegExp(`c${id}.*written meanwhile`, 's'))
  })
})
