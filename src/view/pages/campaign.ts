import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { CampaignHead } from '../../store/reading.ts'
import type { Line } from '../data/board.ts'
import { costUsd, countsOf, groups, recoveryRate, remembered } from '../data/figures.ts'
import type { Running } from '../data/running.ts'
import { distributions } from '../parts/distributions.ts'
import { count, rateText, seconds, usd, when } from '../parts/format.ts'
import { matrix } from '../parts/matrix.ts'
import { bar, legend, pill, standingNames, standings } from '../parts/outcome.ts'
import { empty, type Html, linkTo, type Page, scrolling, section } from '../parts/page.ts'
import { runningNow } from '../parts/running.ts'
import { chooser, sortable, sortedAsNow } from '../parts/table.ts'

type Query = Record<string, string | undefined>

const pageSize = 50

const timesOf = remembered(distributions)
const matrixOf = remembered((lines) => {
  let made: ReturnType<typeof matrix> | null = null
  return (path: string) => (made ??= matrix(path, lines))
})

const orders: Record<string, (line: Line) => number | string> = {
  id: ({ id }) => id,
  outcome: ({ standing }) => standingNames.indexOf(standing),
  damage: ({ damage }) => damage,
  arm: ({ arm }) => arm,
  detect: (line) => line.detectMs ?? Number.POSITIVE_INFINITY,
  resolve: (line) => line.resolveMs ?? Number.POSITIVE_INFINITY,
  recover: (line) => line.recoverMs ?? Number.POSITIVE_INFINITY,
  commands: (line) => line.commands ?? -1,
  total: (line) => line.totalMs ?? -1,
}

interface Beside {
  /** All campaigns there are. */
  others: readonly CampaignHead[]
  running: readonly Running[]
  now: number
}

/** One campaign: outcomes by damage and arm, times, and its trials. */
export function campaignPage(
  campaign: CampaignHead,
  lines: readonly Line[],
  { others, running, now }: Beside,
  query: Query,
): Page {
  const path = `/c/${campaign.id}`
  const counts = countsOf(lines)
  const live = (counts.running ?? 0) + (counts.planned ?? 0) > 0 ? { live: '/events' } : {}
  return {
    title: `c${campaign.id} ${campaign.name}`,
    section: 'Campaigns',
    trail: [['Campaigns', '/']],
    ...live,
    body: html`${overview(campaign, lines, runningNow(campaign.id, running, counts.planned ?? 0, now))}
${section('trials', 'Trials', trials(path, lines, query))}
${compareForm(campaign, others)}`,
  }
}

/** The campaign without the list of its trials. */
export const overview = (campaign: CampaignHead, lines: readonly Line[], now: Html | string = ''): Html =>
  html`<h1><span class="quiet">c${campaign.id}</span> ${inert(campaign.name)}</h1>
${section('summary', 'Outcomes', summary(campaign, lines))}
${now}
${section('matrix', 'Damage and arm', lines.length === 0 ? empty('It has no trials.') : matrixOf(lines)(`/c/${campaign.id}`))}
${section('times', 'How long it took', timesOf(lines))}
${invalidTrials(lines)}`

function summary(campaign: CampaignHead, lines: readonly Line[]) {
  const counts = countsOf(lines)
  const arms = groups(lines, ({ arm }) => arm)
  return html`<p>${bar(counts, 480)}</p>${legend(standingNames.filter((name) => counts[name]))}
<dl class="facts"><div><dt>trials</dt><dd>${count(lines.length)}</dd></div>
<div><dt>started</dt><dd>${when(campaign.startedAt)} UTC</dd></div>
<div><dt>took</dt><dd>${campaign.endedAt === null ? 'not ended' : seconds(campaign.endedAt - campaign.startedAt)}</dd></div>
<div><dt>seed</dt><dd>${campaign.seed}</dd></div>
<div><dt>cost</dt><dd>${usd(costUsd(lines))}</dd></div>
${[...arms].map(([arm, of]) => {
  const { rate, interval, recovered, of: counted } = recoveryRate(of)
  return html`<div><dt>${inert(arm)} recovered</dt><dd>${rate === null ? '-' : html`${rateText(rate, interval)} <span class="quiet">${recovered} of ${counted}</span>`}</dd></div>`
})}</dl><p><a href="/c/${campaign.id}/analysis">All figures with their uncertainty</a></p>`
}

function invalidTrials(lines: readonly Line[]) {
  const reasons = groups(
    lines.filter(({ standing }) => standing === 'invalid'),
    ({ reason }) => reason ?? 'no outcome',
  )
  if (reasons.size === 0) return ''
  return section(
    'invalid',
    'Invalid trials: ours, not counted',
    html`<ul>${[...reasons].map(
      ([reason, of]) =>
        html`<li>${inert(reason)}: ${of.slice(0, 20).map(({ id }) => html`<a href="/t/${id}">t${id}</a> `)}${of.length > 20 ? `and ${of.length - 20} more` : ''}</li>`,
    )}</ul>`,
  )
}

function trials(path: string, lines: readonly Line[], query: Query) {
  const shown = sorted(lines.filter(matches(query)), query)
  const page = Math.max(0, Number(query.page ?? 0) || 0)
  const part = shown.slice(page * pageSize, (page + 1) * pageSize)
  const of = (name: 'damage' | 'arm') => [...new Set(lines.map((line) => line[name]))].sort()
  const link = (change: Query) => `${linkTo(path, query, change)}#trials`
  return html`<form class="filters" action="${path}#trials">${sortedAsNow(query)}
${chooser('damage', of('damage'), query.damage)}${chooser('arm', of('arm'), query.arm)}
<label>outcome <select name="outcome"><option value="">any</option>${standingNames.map(
    (name) =>
      html`<option value="${name}" ${name === query.outcome ? html`selected` : ''}>${standings[name].label}</option>`,
  )}</select></label><button>Filter</button>
<span class="quiet">${count(shown.length)} of ${count(lines.length)}</span></form>
${part.length === 0 ? empty('No trial matches these filters.') : trialTable(path, part, query)}
<nav class="pages" aria-label="Pages">${page > 0 ? html`<a rel="prev" href="${link({ page: String(page - 1) })}">earlier</a>` : ''}
${(page + 1) * pageSize < shown.length ? html`<a rel="next" href="${link({ page: String(page + 1) })}">more</a>` : ''}</nav>`
}

export function trialTable(path: string, lines: readonly Line[], query: Query) {
  const head = (name: string, text: string) => sortable(path, query, name, text, 'id')
  return scrolling(
    'Trials',
    html`<table class="list"><thead><tr>${head('id', 'id')}${head('outcome', 'outcome')}${head('damage', 'damage')}
<th scope="col">target</th>${head('arm', 'arm')}<th scope="col">seed</th>${head('detect', 'detect')}${head('resolve', 'resolve')}${head('recover', 'recover')}${head('commands', 'commands')}${head('total', 'took')}</tr></thead>
<tbody>${lines.map(
      (
        line,
      ) => html`<tr><td><a data-row href="/t/${line.id}">t${line.id}</a></td><td>${pill(line.standing)}</td>
<td>${inert(line.damage)}</td><td>${inert(line.target)}</td><td>${inert(line.arm)}</td><td class="num">${line.seed}</td>
<td class="num">${seconds(line.detectMs)}</td><td class="num">${seconds(line.resolveMs)}</td><td class="num">${seconds(line.recoverMs)}</td>
<td class="num">${line.commands ?? '-'}</td><td class="num">${seconds(line.totalMs)}</td></tr>`,
    )}</tbody></table>`,
  )
}

const compareForm = (campaign: CampaignHead, others: readonly CampaignHead[]) =>
  others.length < 2
    ? ''
    : html`<form class="filters" action="/compare"><input type="hidden" name="a" value="c${campaign.id}">
<label>Compare with <select name="b">${others
        .filter(({ id }) => id !== campaign.id)
        .slice(0, 100)
        .map(({ id, name }) => html`<option value="c${id}">c${id} ${inert(name)}</option>`)}</select></label>
<button>Compare</button></form>`

const matches =
  ({ damage, arm, outcome }: Query) =>
  (line: Line): boolean =>
    (!damage || line.damage === damage) &&
    (!arm || line.arm === arm) &&
    (!outcome || line.standing === outcome)

function sorted(lines: readonly Line[], { sort = 'id', order = 'desc' }: Query): readonly Line[] {
  const key = Object.hasOwn(orders, sort) ? orders[sort] : undefined
  if (!key) return lines
  const up = order === 'asc' ? 1 : -1
  return lines.toSorted((a, b) => {
    const [x, y] = [key(a), key(b)]
    return x < y ? -up : x > y ? up : a.id - b.id
  })
}
