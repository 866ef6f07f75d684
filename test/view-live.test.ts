import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { messageOf } from '../src/core/errors.ts'
import { appendEntry } from '../src/store/audit/audit.ts'
import { monitorEnded, registerMonitor } from '../src/store/operator/monitors.ts'
import { openOperatorDb } from '../src/store/operator/open.ts'
import { claimTickets } from '../src/store/operator/sessions.ts'
import { type Chromium, noBrowser, photograph, seriousProblems, startBrowser } from './standins/browser.ts'
import { addTicket } from './standins/desk.ts'
import { home, trialsIn } from './standins/eval-runs.ts'
import { operator } from './standins/operator.ts'
import { slowed, until } from './standins/until.ts'
import { hostile } from './standins/viewing.ts'

suite('the viewer while something happens, in Chromium', { skip: noBrowser }, () => {
  const undo = new AsyncDisposableStack()
  const place = undo.use(home())
  let browser: Chromium
  before(async () => {
    browser = undo.use(await startBrowser())
  })
  after(() => undo.disposeAsync())

  /** The viewer as a person starts it. */
  async function viewer(...args: string[]) {
    const running = operator([...args, '--port', '0', '--json'], { OPERATOR_HOME: place.path })
    await until(`it says where: ${running.stderr()}`, () => running.stdout().includes('}'), 30_000)
    return { url: String(JSON.parse(running.stdout()).url), running }
  }

  // OPERATOR_LANES=4 for a machine that carries them.
  const lanes = process.env.OPERATOR_LANES ?? '2'

  test('a campaign runs, trials write themselves, and everybody looks: nobody waits for a lock, nobody fails', async () => {
    const file = join(place.path, 'campaign.yaml')
    writeFileSync(
      file,
      `{name: live, subjects: [etcd], chaos_types: [{type: node_kill}], trials_per_combination: ${Number(lanes) + 1}, parallel: ${lanes}, seed: 7, settle_seconds: 1}`,
    )
    const campaign = place.start('eval', 'run', 'campaign', file, '--agent', 'runbook', '--crowd', '--json')
    await until('it is planned', () => existsSync(place.evalDb), 20_000)
    const { url, running } = await viewer('eval', 'viewer')
    await using _ended = running
    await using tab = await browser.open(`${url}t/1`)
    await using overview = await browser.open(`${url}c/1`)
    const { page } = tab
    let isOver = false
    void campaign.ended.finally(() => {
      isOver = true
    })
    const paths = [
      '',
      'c/1',
      't/1',
      't/2',
      't/3',
      't/2.json',
      'search?q=svc',
      'compare?a=t1&b=t2',
      'c/1/analysis',
    ]
    const reads = async () => {
      const answers: string[] = []
      for (let i = 0; !isOver; i++) {
        const path = paths[i % paths.length] ?? ''
        const answer = await fetch(url + path)
        await answer.arrayBuffer()
        answers.push(`${path}: ${answer.status}`)
        await systemClock.sleep(100) // the machine is small
      }
      return answers
    }
    const reading = reads().catch((error) => [messageOf(error)])

    const shows = (what: string, selector: string) =>
      page
        .locator(selector, { hasText: what })
        .first()
        .waitFor({ timeout: slowed(60_000), state: 'attached' })
    const whileRunning = (what: string) =>
      page
        .locator(`main:has(#outcome .o-running) ${what}`)
        .first()
        .waitFor({ timeout: slowed(60_000), state: 'attached' })
    // What the lanes do comes by itself, and goes with them.
    const wanted = Array.from({ length: Number(lanes) }, (_, i) => i + 1).join()
    const rows = "[...document.querySelectorAll('#now tbody tr')]"
    const lanesShown = overview.page.waitForFunction(
      `${rows}.map(({ cells }) => cells[0].innerText).join() === '${wanted}' && ${rows}.map(({ innerText }) => innerText)`,
      undefined,
      { polling: 200, timeout: slowed(60_000) },
    )
    lanesShown.catch(() => undefined) // awaited below, when the trial has been watched
    await whileRunning('.timeline .s-phase-warm')
    // Of it nothing hangs on a script.
    assert.match(await (await fetch(`${url}c/1`)).text(), /<section id="now".*<td class="num">[12]<\/td>/s)
    await whileRunning('#outcome:has-text("in phase") [data-lasts]')
    await whileRunning('.timeline .s-leader')
    await whileRunning('.timeline .l-ops')
    await whileRunning('.timeline .s-fault')
    await whileRunning('.timeline .s-down')
    await whileRunning('#transcript .command')
    for (const row of (await (await lanesShown).jsonValue()) as unknown as string[])
      assert.match(row, /\d+\s+t\d+\s+node_kill\s+\S+\s+\d+\s+(about to begin|(after )?[a-z]+)\s+\d+ s/)
    await photograph(page, 'trial-running')
    await photograph(overview.page, 'campaign-running')
    assert.deepEqual(await seriousProblems(overview.page), [])
    await shows('resolved', '#outcome h2')
    const { exitCode } = await campaign.ended
    assert.equal(exitCode, 0, campaign.stderr())
    const kinds = trialsIn(campaign.stdout()).map(({ outcome }) => outcome?.kind)
    assert.ok(
      kinds.every((kind) => kind === 'resolved' || kind === 'self_healed'),
      kinds.join(),
    )
    const answers = await reading
    assert.ok(answers.length > paths.length)
    assert.deepEqual([...new Set(answers.filter((answer) => !answer.endsWith(' 200')))], [])
    assert.doesNotMatch(campaign.stderr() + running.stderr(), /locked|busy|SQLITE/i)

    await overview.page
      .locator('#summary:not(:has(.o-running, .o-planned)):not(:has-text("not ended"))')
      .waitFor()
    assert.equal(await overview.page.locator('#now').count(), 0)
    assert.deepEqual(overview.wrong, [])
    await page.reload()
    assert.ok((await page.locator('.timeline .line').count()) >= 3)
    assert.match((await page.textContent('#state')) ?? '', /members/)
    await photograph(page, 'trial')
    assert.deepEqual(await seriousProblems(page), [])
    assert.deepEqual(tab.wrong, [])
    running.child.kill('SIGINT')
    assert.equal((await running.ended).exitCode, 130)
  })

  test('tickets of an operator database, as they come', async () => {
    await using db = openOperatorDb(`${place.path}/operator.db`)
    const { url, running } = await viewer('viewer')
    await using _ended = running
    await using tab = await browser.open(`${url}tickets`)
    const { page } = tab
    const main = page.locator('main')
    assert.match(await main.innerText(), /Nobody watches.*nobody who would open one/s)
    const [startedAt, of] = [systemClock.now(), { id: 'm1', cluster: 'c1', subject: 'etcd', pid: 1 }]
    const beat = { startedAt, beatAt: startedAt, observedAt: startedAt, endedAt: null, intervalMs: 60_000 }
    await registerMonitor(db, { ...of, ...beat })
    await main.filter({ hasText: 'Watched: c1, looked at' }).waitFor()
    assert.match(await main.innerText(), /Nothing is wrong/)
    const { id } = await addTicket(db, 'c1', 'etcd-2', '<b>down</b> \u202e')
    await page.locator('tbody tr', { hasText: 'etcd/member_down/etcd-2' }).waitFor()
    assert.match(await page.innerText('tbody'), /<b>down<\/b> \\x202e/)
    assert.deepEqual(await seriousProblems(page), [])
    await monitorEnded(db, 'm1', systemClock.now())
    await main.filter({ hasText: 'c1 is not watched: its monitor ended at' }).waitFor()
    await photograph(page, 'tickets')
    await page.click(`text=#${id}`)
    assert.match(await page.innerText('#history'), /opened/)
    assert.deepEqual(await seriousProblems(page), [])
    await page.goto(`${url}sessions`)
    assert.match(await page.innerText('main'), /No agent has worked yet/)
    const now = systemClock.now()
    const worker = { agent: 'llm', model: 'anthropic:claude-opus-5-5', owner: 'me', clusters: null }
    await claimTickets(db, { ...worker, sessionId: 's1', leaseMs: 60_000 }, now)
    await page.locator('tbody tr', { hasText: 'running' }).waitFor()
    assert.deepEqual(await seriousProblems(page), [])
    await page.click('a[href="/sessions/s1"]')
    assert.match(await page.innerText('#tickets'), /etcd\/member_down\/etcd-2/)
    const usage = { tokensIn: 12_345, tokensOut: 210, tokensCached: 12_000, costUsd: 0.0123 }
    for (const [seq, { kind, body, meta }] of hostile.entries())
      await appendEntry(db, {
        sessionId: 's1',
        at: now + seq,
        kind,
        body,
        meta: seq === 0 ? { usage } : meta,
      })
    await page.locator('#transcript .claim').waitFor()
    assert.match(await page.innerText('#transcript .usage'), /12\u202f345 in\s+210 out\s+\$0\.0123/)
    assert.deepEqual(await seriousProblems(page), [])
    await photograph(page, 'session')
    // What somebody has unfolded, and how far it is scrolled, stays while more is written.
    await page.click('#e7 .more a')
    await page.locator('#e7 .output', { hasText: 'line 2000' }).waitFor({ state: 'attached' })
    await page.evaluate("document.querySelector('#e7 .output').scrollTop = 5_000")
    await page.focus('#e2 .command')
    const end = { sessionId: 's1', at: now + 60_000, kind: 'reasoning', body: 'and more', meta: {} } as const
    await appendEntry(db, end)
    await page.locator('#transcript', { hasText: 'and more' }).waitFor()
    assert.match(await page.innerText('#e7 .output'), /line 2000/)
    assert.equal(await page.evaluate("document.querySelector('#e7 .output').scrollTop"), 5_000)
    assert.equal(await page.evaluate("document.activeElement.closest('li').id"), 'e2')
    await page.goto(`${url}tickets/${id}`)
    await photograph(page, 'ticket')
    assert.deepEqual(tab.wrong, [])
  })
})
