import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { inert } from '../core/text.ts'
import type { Source } from '../eval/export/source.ts'
import { analyze } from '../eval/report/analyze.ts'
import { summarizeMissing } from '../eval/report/summaries.ts'
import { campaignHeads } from '../store/reading.ts'
import { assets } from './assets.ts'
import { type Line, openBoard } from './data/board.ts'
import { storedSummaries } from './data/summaries.ts'
import { timelineOf } from './data/timeline.ts'
import { trialFacts } from './data/trials.ts'
import { analysisBody } from './pages/analysis.ts'
import { overview, trialTable } from './pages/campaign.ts'
import { trialBody } from './pages/trial.ts'
import { type Html, section } from './parts/page.ts'

/** Limit of one output. The rest is in the database. */
const textBytes = 20_000

/**
 * Pages of the viewer in one file that opens from disk, piece by piece: the campaign, its figures and every trial, one of
 * which is shown at a time. It loads nothing. Without its script everything works except the cursor and the keys.
 */
export async function* copy({ db, which, campaign }: Source): AsyncGenerator<string> {
  const id = Number(campaign.id.slice(1))
  const head = (await campaignHeads(db)).find((one) => one.id === id)
  if (!head) return
  await summarizeMissing(db, id)
  const lines = await openBoard(db).lines(id)
  const isAll = 'campaign' in which
  const trials = isAll ? lines.filter(hasEnded).map((line) => line.id) : [which.trial]
  const ofCampaign = isAll ? [`/c/${id}`, `/c/${id}/analysis`] : []
  const addresses = new Set([...ofCampaign, ...trials.map((trial) => `/t/${trial}`)])
  const page = (address: string, body: Html): string => {
    const place = placeOf(address)
    return `<article class="page" id="${place}">\n${inPlace(place, String(body), addresses)}\n</article>\n`
  }
  yield opening(inert(`${campaign.id} ${campaign.name}`), ofCampaign.map(placeOf))
  if (isAll) {
    const table = trialTable(`/c/${id}`, lines.toReversed(), {})
    yield page(`/c/${id}`, html`${overview(head, lines)}${section('trials', 'Trials', table)}`)
    yield page(`/c/${id}/analysis`, analysisBody(head, analyze(await storedSummaries(db, id))))
  }
  for (const trial of trials) {
    const facts = await trialFacts(db, trial, { evalDbPath: null, now: 0, bytes: textBytes })
    if (facts) yield page(`/t/${trial}`, trialBody(facts, timelineOf(facts), null))
  }
  yield closing
}

const hasEnded = ({ standing }: Line): boolean => standing !== 'planned' && standing !== 'running'

/** `/c/1/analysis` -> `c1-analysis`, `/t/7` -> `t7` */
const placeOf = (address: string): string => address.slice(1).replace('/', '').replaceAll('/', '-')

/**
 * Turns a page of the server into one of many in a file: ids get the page's name as a prefix, addresses of included pages
 * become anchors, and other addresses are removed. Text contains no quotation marks except as `&quot;`.
 */
const inPlace = (place: string, markup: string, addresses: ReadonlySet<string>): string =>
  markup.replace(/ (id|aria-labelledby|href)="([^"]*)"/g, (_, name: string, value: string) => {
    if (name !== 'href') return ` ${name}="${place}-${value}"`
    const [, address = '', part] = /^([^#]*)(?:#(.*))?$/.exec(value) ?? []
    if (address !== '' && !addresses.has(address)) return ''
    const page = address === '' ? place : placeOf(address)
    return ` href="#${part ? `${page}-${part}` : page}"`
  })

const style = assets['style.css']?.text ?? ''
const script = assets['client.js']?.text ?? ''
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
/** The page may load nothing, and run only our own script. */
const policy = `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; base-uri 'none'; form-action 'none'`

const opening = (title: string, [campaign, analysis]: readonly string[]): string =>
  String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title} - Operator</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>${raw(style)}</style>
</head>
<body class="copy">
<a class="skip" href="#main">Skip to content</a>
<header><nav aria-label="Sections"><a class="home">Operator</a>${campaign ? html`<a href="#${campaign}">Campaign</a><a href="#${analysis}">Analysis</a>` : ''}</nav></header>
<main id="main" tabindex="-1">
`)

const closing = `</main>
<footer><span>a copy: the rest is in the database that it was made of</span></footer>
<script>${script}</script>
</body>
</html>
`
