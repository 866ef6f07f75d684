import type { Hono } from 'hono'
import { iso } from '../../core/clock.ts'
import { trajectories } from '../../eval/export/atif.ts'
import type { Analysis } from '../../eval/report/analyze.ts'
import { documentOf } from '../../eval/report/document.ts'
import type { EvalSchema } from '../../store/eval/schema.ts'
import * as store from '../../store/eval/trials.ts'
import { trialEntryText } from '../../store/reading.ts'
import { searchEntries, textKinds } from '../../store/search.ts'
import { type Line, openBoard } from '../data/board.ts'
import { watchOf, watchTrial } from '../data/changes.ts'
import { openDerive } from '../data/derive.ts'
import { digestOf, promised, remembered } from '../data/figures.ts'
import type { Opened } from '../data/opened.ts'
import { runningIn } from '../data/running.ts'
import { trialFacts } from '../data/trials.ts'
import { analysisPage, verdict } from '../pages/analysis.ts'
import { campaignPage } from '../pages/campaign.ts'
import { campaignsPage } from '../pages/campaigns.ts'
import { askPage, compareCampaignsPage, compareTrialsPage, tooMany } from '../pages/compare.ts'
import { entryFragment, entryPage } from '../pages/entry.ts'
import { searchPage } from '../pages/search.ts'
import { trialPage } from '../pages/trial.ts'
import type { Html } from '../parts/page.ts'
import type { Shared } from '../shared.ts'

type Options = Shared & Opened<EvalSchema>

/** The pages of an eval.db. */
export function evalRoutes(app: Hono, options: Options): void {
  const { db, path, file, show, changes, clock, signal } = options
  const board = openBoard(db)
  const derive = openDerive(file, signal)
  const choices = openChoices(board)
  const analyses = new WeakMap<readonly Line[], Promise<Analysis>>()
  const verdictsWith = remembered(() => new WeakMap<readonly Line[], Promise<Html>>())
  const facts = (id: number) => trialFacts(db, id, { evalDbPath: path, now: clock.now() })

  app.get('/', async (c) => show(c, await campaignsPage(board, c.req.query())))
  app.get('/c/:id{[0-9]+}', async (c) => {
    const id = Number(c.req.param('id'))
    const all = await board.campaigns()
    const campaign = all.find((one) => one.id === id)
    if (!campaign) return show(c, null)
    const lines = await board.lines(id)
    const beside = { others: all, running: await runningIn(db, path, id), now: clock.now() }
    return show(c, campaignPage(campaign, lines, beside, c.req.query()))
  })
  app.get('/c/:id{[0-9]+}/analysis', async (c) => {
    const id = Number(c.req.param('id'))
    const campaign = (await board.campaigns()).find((one) => one.id === id)
    if (!campaign) return show(c, null)
    const asked = () => derive({ kind: 'analysis', campaign: id })
    return show(c, analysisPage(campaign, await promised(analyses, await board.lines(id), asked)))
  })
  app.get('/t/:id{[0-9]+}', async (c) => {
    const found = await facts(Number(c.req.param('id')))
    return show(c, found && trialPage(found, Number(c.req.query('after') ?? 0) || 0))
  })
  app.get('/t/:id{[0-9]+\\.json}', async (c) => {
    const found = await facts(Number.parseInt(c.req.param('id'), 10))
    if (!found) return c.notFound()
    const { trial, tickets } = found
    return c.json({ ...documentOf(trial), tickets, record: trial.record })
  })
  app.get('/t/:id{[0-9]+}/atif.json', async (c) => {
    const found = await facts(Number(c.req.param('id')))
    if (!found) return show(c, null)
    const { id, campaignId } = found.trial
    const campaign = await store.campaign(db, campaignId)
    const head = {
      id: `c${campaignId}`,
      name: campaign?.name ?? '',
      seed: campaign?.seed ?? 0,
      started: iso(campaign?.startedAt ?? 0),
      ended: iso(campaign?.endedAt ?? null),
    }
    return c.json(await Array.fromAsync(trajectories({ db, which: { trial: id }, campaign: head })))
  })
  app.get('/t/:id{[0-9]+}/entries/:seq{[0-9]+}', async (c) => {
    const { id, seq } = c.req.param()
    const text = await trialEntryText(db, Number(id), Number(seq))
    if (text === null) return c.notFound()
    const here = `/t/${id}/entries/${seq}`
    if (c.req.query('part') !== undefined) return c.html(entryFragment(here, text))
    const trail = [
      ['Campaigns', '/'],
      [`t${id}`, `/t/${id}#e${seq}`],
    ] as const
    return show(
      c,
      entryPage(`t${id}, entry ${seq}`, trail, here, text, Number(c.req.query('from') ?? 0) || 0),
    )
  })
  app.get('/search', async (c) => {
    const query = c.req.query()
    const campaign = query.campaign?.trim() || undefined
    const kinds = textKinds.filter((kind) => !query.in || query.in === kind)
    const filter = {
      kinds,
      // A name is no number: it finds nothing, instead of some other trial.
      campaignId: campaign === undefined ? undefined : Number(/^c?(\d+)$/i.exec(campaign)?.[1] ?? 0),
      subject: query.subject || undefined,
      chaos: query.chaos || undefined,
      outcome: query.outcome || undefined,
    }
    const before = Number(query.before) || undefined
    const found = await searchEntries(db, query.q ?? '', filter, { limit: 40, before })
    return show(c, searchPage(query, found, await choices()))
  })
  app.get('/compare', async (c) => {
    const query = c.req.query()
    const [a, b] = [query.a ?? '', query.b ?? ''].map((id) => /^([ct])(\d+)$/.exec(id.trim()))
    if (!a || !b || a[1] !== b[1]) {
      const isAsked = query.a && query.b
      return show(c, askPage(query, isAsked ? 'Allowed: two trials (t1, t2) or two campaigns (c1, c2).' : ''))
    }
    const ids = [Number(a[2]), Number(b[2])] as const
    if (a[1] === 't') {
      const [one, other] = await Promise.all(ids.map(facts))
      return show(c, one && other ? compareTrialsPage(one, other) : askPage(query, 'There is no such trial.'))
    }
    const all = await board.campaigns()
    const [one, other] = await Promise.all(
      ids.map(async (id) => {
        const campaign = all.find((head) => head.id === id)
        return campaign && { campaign, lines: await board.lines(id) }
      }),
    )
    if (!one || !other) return show(c, askPage(query, 'There is no such campaign.'))
    const asked = async () => {
      const [reference, candidate] = ids
      const comparison = await derive({ kind: 'comparison', reference, candidate })
      return comparison ? verdict(comparison) : tooMany(ids)
    }
    const said = await promised(verdictsWith(one.lines), other.lines, asked)
    return show(c, compareCampaignsPage(one, other, said))
  })
  app.get('/events', (c) => {
    const trial = Number(c.req.query('trial'))
    return changes(c, [watchOf(db), ...(trial ? [watchTrial(path, trial)] : [])])
  })
}

/** Filters for trials. */
function openChoices(board: ReturnType<typeof openBoard>) {
  return async () => {
    const subjects = new Set<string>()
    const chaos = new Set<string>()
    for (const { lines } of await board.all()) {
      for (const subject of digestOf(lines).subject) subjects.add(subject)
      for (const type of digestOf(lines).chaos) chaos.add(type)
    }
    return { subjects: [...subjects].sort(), chaos: [...chaos].sort() }
  }
}
