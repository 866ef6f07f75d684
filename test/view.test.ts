import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import type { Entry } from '../src/store/audit/audit.ts'
import { listTrials } from '../src/store/eval/trials.ts'
import { copy } from '../src/view/copy.ts'
import {
  type Chromium,
  noBrowser,
  photograph,
  seriousProblems,
  shotPath,
  startBrowser,
  type Tab,
} from './standins/browser.ts'
import { injectedAt } from './standins/record.ts'
import { type EvalHome, evalHome, pastCampaign } from './standins/stored-trials.ts'
import { longName, ran, recordedCampaigns, viewerOf } from './standins/viewing.ts'

if (noBrowser) console.error(`\n*** ${noBrowser} ***\n`)

suite('the pages of an evaluation, in Chromium', { skip: noBrowser }, () => {
  const undo = new AsyncDisposableStack()
  let home: EvalHome
  let browser: Chromium
  let url = ''
  before(async () => {
    home = undo.use(evalHome())
    await recordedCampaigns(home.db)
    url = undo.use(await viewerOf({ evalDb: home.path })).url
    browser = undo.use(await startBrowser())
  })
  after(() => undo.disposeAsync())

  const open = (path: string, options = {}): Promise<Tab> => browser.open(url + path.slice(1), options)

  const pages = [
    '/',
    '/?chaos=nothing-of-the-kind',
    '/c/1',
    '/c/1/analysis',
    '/c/3',
    '/t/1',
    '/t/25',
    '/t/26',
    '/t/25/entries/7',
    '/compare',
    '/compare?a=t1&b=t2',
    '/compare?a=c1&b=c2',
    '/search?q=svc',
    '/help',
  ]
  const nameOf = (path: string) => (path === '/' ? 'campaigns' : path.replace(/\W+/g, '_').slice(1))
  for (const path of pages)
    test(`${path}: nothing goes wrong, nothing comes from elsewhere, axe is content`, async () => {
      await using tab = await open(path)
      await photograph(tab.page, nameOf(path))
      assert.deepEqual(await seriousProblems(tab.page), [])
      assert.deepEqual(tab.wrong, [])
    })

  test('on a narrow screen nothing but tables and pictures scrolls sideways', async () => {
    await using tab = await open('/', { viewport: { width: 380, height: 800 } })
    for (const path of pages) {
      await tab.page.goto(url + path.slice(1))
      if (['/', '/c/1', '/t/1'].includes(path)) await photograph(tab.page, `${nameOf(path)}-narrow`)
      const width = await tab.page.evaluate('document.documentElement.scrollWidth')
      assert.ok(Number(width) <= 380, `${path} is ${width} wide`)
    }
    assert.deepEqual(await seriousProblems(tab.page), [])
  })

  test('from the campaigns through a cell of the matrix to a trial; the address says what is shown', async () => {
    await using tab = await open('/')
    const { page } = tab
    await page.click('text=before')
    await page.click('.matrix td a >> nth=0')
    assert.match(page.url(), /\/c\/1\?damage=\w+&arm=\w+#trials$/)
    const rows = page.locator('#trials tbody tr')
    assert.equal(await rows.count(), 4)
    await page.click('#trials th a:has-text("detect")')
    assert.match(page.url(), /damage=.*sort=detect/)
    assert.equal(await rows.count(), 4)
    await page.selectOption('select[name=outcome]', 'harmful')
    await page.click('#trials button')
    assert.match(await page.innerText('#trials'), /No trial matches/)
    assert.match(page.url(), /sort=detect.*outcome=harmful/)
    assert.deepEqual(tab.wrong, [])
  })

  test('what is hostile is shown, and does nothing', async () => {
    await using tab = await open('/t/25')
    const { page } = tab
    assert.doesNotMatch(await page.title(), /owned/)
    const transcript = await page.innerText('#transcript')
    assert.match(transcript, /<script>document\.title/)
    assert.match(transcript, /\\x202e.*\\x00/)
    assert.match(transcript, /"onmouseover=/)
    for (const raw of ['\u202e', '\u001b', '[31m']) assert.ok(!transcript.includes(raw), JSON.stringify(raw))
    assert.equal(await page.innerText('.c1 >> nth=0'), 'red')
    assert.equal(await page.locator('img').count(), 0)
    assert.equal(await page.locator('script:not([src]):not([type="application/json"])').count(), 0)
    assert.deepEqual(tab.wrong, [])
  })

  test('a long output comes when it is asked for', async () => {
    await using tab = await open('/t/25')
    const { page } = tab
    const output = page.locator('#e7 .output')
    assert.equal((await output.innerText()).split('\n').length, 30)
    await page.click('#e7 .more a')
    await page.waitForFunction("document.querySelector('#e7 .output').textContent.includes('line 2000')")
    assert.deepEqual(tab.wrong, [])
  })

  test('the cursor on a command marks it in the picture, and the other way round', async () => {
    await using tab = await open('/t/1')
    const { page } = tab
    assert.equal(await page.locator('#e6.claim.fixed').count(), 1)
    await page.hover('#e4 .command')
    assert.equal(await page.getAttribute('.timeline rect.on', 'data-seq'), '4')
    assert.match(await page.innerText('.readout'), /\+2\.5 s .* operations.* remediation: svc start etcd-2$/)
    assert.equal(await page.getAttribute('.timeline .band', 'visibility'), 'visible')
    await page.hover('.timeline rect[data-seq="2"]')
    assert.equal(await page.getAttribute('.transcript .on', 'data-seq'), '2')
    await page.click('.timeline rect[data-seq="4"]')
    assert.match(page.url(), /#e4$/)
    assert.deepEqual(tab.wrong, [])
  })

  test('a trajectory is copied to where it can be pasted from', async () => {
    await using tab = await open('/t/1', { permissions: ['clipboard-read', 'clipboard-write'] })
    const { page } = tab
    await page.click('a[data-copy]')
    await page.locator('a[data-copy]', { hasText: 'copied' }).waitFor()
    const [trajectory] = JSON.parse(await page.evaluate<string>('navigator.clipboard.readText()'))
    assert.equal(trajectory.schema_version, 'ATIF-v1.7')
    assert.equal(trajectory.steps[1].metrics.prompt_tokens, 4_210)
    assert.deepEqual(tab.wrong, [])
  })

  test('everything can be reached by keys', async () => {
    await using tab = await open('/')
    const { page } = tab
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/c/2')
    await page.keyboard.press('u')
    await page.waitForURL(url)
    await page.keyboard.press('/')
    await page.keyboard.type('svc?j')
    assert.equal(await page.inputValue('#find'), 'svc?j')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/search?q=*')
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.waitForURL('**/help')
    assert.deepEqual(tab.wrong, [])
  })

  test('what changes meanwhile takes away neither the row nor the focus', async () => {
    await using tab = await open('/')
    const { page } = tab
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    // The first may come with the connection, the second comes by it.
    for (const name of ['meanwhile', 'and again']) {
      await pastCampaign(home.db, [{}], name)
      await page.locator('tbody tr', { hasText: name }).waitFor()
    }
    assert.equal(await page.innerText('tr.here td:first-child'), 'c2')
    assert.equal(await page.evaluate("document.activeElement.getAttribute('href')"), '/c/2')
    assert.deepEqual(tab.wrong, [])
  })

  test('search finds words of commands and outputs, marks them, and leads to the place', async () => {
    await using tab = await open('/')
    const { page } = tab
    await page.fill('#find', 'start "etcd 2"')
    await page.keyboard.press('Enter')
    const hits = page.locator('.hits > li')
    await hits.first().waitFor()
    assert.deepEqual(await hits.first().locator('mark').allInnerTexts(), ['start', 'etcd-2'])
    await page.click('.hits a[data-row] >> nth=0')
    await page.waitForURL(/\/t\/\d+#e4$/)
    assert.equal(await page.locator('#e4:target').count(), 1)
    await page.goto(`${url}search?q=stopped&in=command`)
    assert.match(await page.innerText('main'), /Nothing was found/)
    await page.goto(`${url}search?q=stop*&in=output&campaign=c1`)
    assert.equal(await hits.count(), 4)
    await page.goto(`${url}search?q=stop*&in=output&campaign=before`)
    assert.equal(await hits.count(), 0)
    assert.deepEqual(tab.wrong, [])
  })

  test('two campaigns: trials that turned out otherwise, side by side on one axis', async () => {
    await using tab = await open('/compare?a=c1&b=c2')
    const { page } = tab
    assert.equal(await page.locator('#flipped tbody tr').count(), 4)
    await page.click('text=side by side >> nth=0')
    const ticks = await page.evaluate<string[]>(
      "[...document.querySelectorAll('figure.timeline')].map((figure) => [...figure.querySelectorAll('.tick')].filter((tick) => tick.textContent.endsWith(' s')).map((tick) => tick.getAttribute('x') + tick.textContent).join())",
    )
    const [one, other] = ticks
    assert.ok(one)
    assert.equal(one, other)
    assert.deepEqual(tab.wrong, [])
  })

  test('printed, there is nothing to press, and nothing is cut off', async () => {
    await using tab = await open('/t/25')
    const { page } = tab
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    assert.equal(await page.locator('header').isVisible(), false)
    assert.equal(await page.locator('.more a').first().isVisible(), false)
    assert.equal(await page.evaluate("getComputedStyle(document.querySelector('pre')).maxHeight"), 'none')
    assert.equal(await page.evaluate('getComputedStyle(document.body).color'), 'rgb(28, 33, 40)')
    await page.pdf({ path: shotPath('printed.pdf') })
  })

  test('a copy opens from disk, and is as good as the viewer but for what it asks the server', async () => {
    const file = shotPath('copy.html')
    const campaign = { id: 'c3', name: longName, seed: 1, started: '', ended: null }
    const pieces = copy({ db: home.db, which: { campaign: 3 }, campaign })
    writeFileSync(file, (await Array.fromAsync(pieces)).join(''))
    await using tab = await browser.open(`file://${file}`)
    const { page } = tab
    assert.equal(await page.locator('article:visible').count(), 1)
    await photograph(page, 'copy-campaign')
    assert.deepEqual(await seriousProblems(page), [])
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForURL('**#t25')
    assert.equal(await page.locator('h1:visible').innerText(), 't25 node_kill on random')
    await page.hover('#t25 .timeline rect[data-seq="6"]')
    assert.equal(await page.getAttribute('#t25 .transcript .on >> nth=0', 'data-seq'), '6')
    assert.equal(await page.getAttribute('#t25 .band', 'visibility'), 'visible')
    await page.click('#t25 .timeline rect[data-seq="6"]')
    await page.waitForURL('**#t25-e6')
    assert.equal(await page.locator('article:visible').count(), 1)
    await photograph(page, 'copy-trial')
    assert.doesNotMatch(await page.title(), /owned/)
    assert.deepEqual(await seriousProblems(page), [])
    assert.deepEqual(tab.wrong, [])
  })

  test('without JavaScript there is all of it but the cursor', async () => {
    await using tab = await open('/t/1', { javaScriptEnabled: false })
    const { page } = tab
    assert.ok((await page.locator('.timeline rect').count()) >= 5)
    assert.match(await page.innerText('#transcript'), /svc start etcd-2/)
    await page.goto(`${url}t/25`)
    await page.click('#e7 .more a')
    assert.match(await page.innerText('pre'), /line 2000/)
  })

  test('of commands that follow each other closely, the one that is pointed at is marked', async () => {
    const at = (ms: number, entries: Entry[]) => entries.map((one) => ({ ...one, at: injectedAt + ms }))
    const transcript = [2, 4, 6].flatMap((seq, i) => at(2_000 + i * 60, ran(seq, 'svc status', 'well')))
    const campaignId = await pastCampaign(home.db, [{ transcript }], 'closely')
    const [trial] = await listTrials(home.db, { campaignId })
    await using tab = await open(`/t/${trial?.id}`)
    for (const seq of ['2', '4', '6']) {
      await tab.page.hover(`.timeline rect[data-seq="${seq}"]`)
      assert.equal(await tab.page.getAttribute('.transcript .on >> nth=0', 'data-seq'), seq)
    }
    assert.deepEqual(tab.wrong, [])
  })
})
