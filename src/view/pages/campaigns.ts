import { setImmediate as others } from 'node:timers/promises'
import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { Board, Campaign as Row } from '../data/board.ts'
import { digestOf } from '../data/figures.ts'
import { count, rateText, seconds, usd, when } from '../parts/format.ts'
import { bar, legend, sparkline, standingNames } from '../parts/outcome.ts'
import { empty, linkTo, type Page, scrolling, section } from '../parts/page.ts'
import { chooser, sortable, sortedAsNow } from '../parts/table.ts'

type Query = Record<string, string | undefined>

const pageSize = 25
const dayMs = 24 * 3_600_000

const orders: Record<string, (row: Row) => number | string> = {
  started: ({ campaign }) => campaign.startedAt,
  name: ({ campaign }) => campaign.name.toLowerCase(),
  trials: ({ lines }) => lines.length,
  recovered: ({ lines }) => digestOf(lines).rate.rate ?? -1,
  detect: ({ lines }) => digestOf(lines).detectMs ?? Number.POSITIVE_INFINITY,
  resolve: ({ lines }) => digestOf(lines).resolveMs ?? Number.POSITIVE_INFINITY,
  recover: ({ lines }) => digestOf(lines).recoverMs ?? Number.POSITIVE_INFINITY,
  cost: ({ lines }) => digestOf(lines).costUsd ?? Number.POSITIVE_INFINITY,
}

const digested = new WeakSet<Row['lines']>()

/** One after the other, so that other requests are answered between them. */
async function digestAll(rows: readonly Row[]): Promise<void> {
  for (const { lines } of rows) {
    if (digested.has(lines)) continue
    digestOf(lines)
    digested.add(lines)
    await others()
  }
}

/** All campaigns; filter and order are in the address. */
export async function campaignsPage(board: Board, query: Query): Promise<Page> {
  const rows = await board.all()
  await digestAll(rows)
  const of = (name: 'subject' | 'chaos' | 'arm') =>
    [...new Set(rows.flatMap(({ lines }) => [...digestOf(lines)[name]]))].sort()
  const shown = sorted(rows.filter(matches(query)), query)
  const page = Math.max(0, Number(query.page ?? 0) || 0)
  const part = shown.slice(page * pageSize, (page + 1) * pageSize)
  const link = (change: Query) => linkTo('/', query, change)
  return {
    title: 'Campaigns',
    section: 'Campaigns',
    live: '/events',
    body: html`<h1>Campaigns</h1>
<form class="filters" action="/">${sortedAsNow(query)}
${chooser('subject', of('subject'), query.subject)}
${chooser('chaos', of('chaos'), query.chaos)}
${chooser('arm', of('arm'), query.arm)}
<label>from <input type="date" name="since" value="${query.since ?? ''}"></label>
<label>to <input type="date" name="until" value="${query.until ?? ''}"></label>
<button>Filter</button>${shown.length < rows.length ? html` <a href="/">all ${rows.length}</a>` : ''}
</form>
${section('campaigns', html`<span class="quiet">${shown.length === 1 ? 'one campaign' : `${count(shown.length)} campaigns`}</span>`, table(part, query, rows.length))}
${
  part.length > 0
    ? html`${legend(standingNames)}<p class="quiet small">Of the trials with an agent, baselines left out: the share of the valid ones that recovered, with its 95 % interval (Wilson); the medians of the times from the fault until a ticket opened (detect), the last one was closed (resolve) and all was well (recover). Cost: of all trials. Newest: a square a trial, the latest at the right.</p>`
    : ''
}
<nav class="pages" aria-label="Pages">${page > 0 ? html`<a rel="prev" href="${link({ page: String(page - 1) })}">newer</a>` : ''}
${(page + 1) * pageSize < shown.length ? html`<a rel="next" href="${link({ page: String(page + 1) })}">more</a>` : ''}</nav>`,
  }
}

function table(rows: readonly Row[], query: Query, all: number) {
  if (rows.length === 0)
    return empty(
      all === 0
        ? 'No campaign yet. `operator eval run --subject etcd --chaos node_kill` makes one.'
        : 'No campaign matches these filters.',
    )
  const head = (name: string, text: string) => sortable('/', query, name, text, 'started')
  return scrolling(
    'Campaigns',
    html`<table class="list"><thead><tr>
<th scope="col">id</th>${head('name', 'name')}${head('started', 'started, UTC')}${head('trials', 'trials')}
<th scope="col">outcomes</th>${head('recovered', 'recovered (95 %)')}${head('detect', 'detect')}${head('resolve', 'resolve')}${head('recover', 'recover')}${head('cost', 'cost')}
<th scope="col">newest</th></tr></thead>
<tbody>${rows.map(row)}</tbody></table>`,
  )
}

function row({ campaign, lines }: Row) {
  const { counts, rate, detectMs, resolveMs, recoverMs, costUsd, newest } = digestOf(lines)
  const isRunning = (counts.running ?? 0) > 0
  return html`<tr><td><a data-row href="/c/${campaign.id}">c${campaign.id}</a></td>
<td class="name"><a href="/c/${campaign.id}">${inert(campaign.name)}</a>${isRunning ? html` <span class="tag">${counts.running} running</span>` : ''}</td>
<td class="num">${when(campaign.startedAt)}</td><td class="num">${count(lines.length)}</td><td>${bar(counts)}</td>
<td class="num">${rate.rate === null ? '-' : html`${rateText(rate.rate, rate.interval)} <span class="quiet">${rate.recovered}/${rate.of}</span>`}</td><td class="num">${seconds(detectMs)}</td>
<td class="num">${seconds(resolveMs)}</td><td class="num">${seconds(recoverMs)}</td><td class="num">${usd(costUsd)}</td>
<td>${sparkline(newest)}</td></tr>`
}

function matches({ subject, chaos, arm, since, until }: Query): (row: Row) => boolean {
  // A value that is no date is ignored: comparisons with NaN would be false.
  const [from, to] = [Date.parse(since ?? ''), Date.parse(until ?? '') + dayMs]
  return ({ campaign, lines }) => {
    if (campaign.startedAt < from || campaign.startedAt >= to) return false
    const has = digestOf(lines)
    return (
      (!subject || has.subject.has(subject)) && (!chaos || has.chaos.has(chaos)) && (!arm || has.arm.has(arm))
    )
  }
}

function sorted(rows: Row[], { sort = 'started', order = 'desc' }: Query): Row[] {
  const key = Object.hasOwn(orders, sort) ? orders[sort] : undefined
  if (!key) return rows
  const keyed = rows.map((row) => ({ row, key: key(row) }))
  const up = order === 'asc' ? 1 : -1
  return keyed.sort((a, b) => (a.key < b.key ? -up : a.key > b.key ? up : 0)).map(({ row }) => row)
}
