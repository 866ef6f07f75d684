import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { Running } from '../data/running.ts'
import { count, lasting, when } from './format.ts'
import { empty, scrolling, section } from './page.ts'

/** The running trials by lane, and the number to come. Empty for a campaign that is over. */
export function runningNow(campaignId: number, running: readonly Running[], planned: number, now: number) {
  if (running.length === 0 && planned === 0) return ''
  const left =
    planned === 1
      ? 'One is to come.'
      : planned === 0
        ? 'These are the last.'
        : `${count(planned)} are to come.`
  const resume = `Where nothing goes on, \`operator eval run campaign --resume c${campaignId}\` does.`
  const isLost = running.length > 0 && running.every((trial) => trial.isLost)
  return section(
    'now',
    isLost ? 'Cut off' : 'Running now',
    running.length === 0
      ? empty(`No trial runs at this moment. ${left} ${resume}`)
      : html`${table(running, now)}<p class="quiet">${isLost ? `Nobody runs these. ${planned > 0 ? left : ''} ${resume}` : left}</p>`,
  )
}

const table = (running: readonly Running[], now: number) =>
  scrolling(
    'Running now',
    html`<table class="list"><thead><tr><th scope="col">lane</th><th scope="col">trial</th><th scope="col">damage</th><th scope="col">arm</th><th scope="col">seed</th><th scope="col">phase</th><th scope="col">for</th><th scope="col">since, UTC</th><th scope="col">in all</th></tr></thead>
<tbody>${running.map((trial) => row(trial, now))}</tbody></table>`,
  )

function row({ id, lane, damage, arm, seed, phase, startedAt, isLost }: Running, now: number) {
  const doing =
    phase === null ? 'about to begin' : phase.endedAt === null ? phase.phase : `after ${phase.phase}`
  const since = phase?.endedAt ?? phase?.startedAt ?? startedAt
  const lost = isLost
    ? html` <span class="tag lost" title="No process of this machine runs it. Where it died, the next \`operator eval run\` ends it as invalid.">nobody runs it</span>`
    : ''
  return html`<tr><td class="num">${lane ?? '-'}</td><td><a data-row href="/t/${id}">t${id}</a></td>
<td class="name">${inert(damage)}</td><td>${inert(arm)}</td><td class="num">${seed}</td>
<td>${doing}${lost}</td><td class="num">${since === null || isLost ? '-' : lasting(now - since)}</td>
<td class="num">${when(since).slice(11)}</td><td class="num">${startedAt === null || isLost ? '-' : lasting(now - startedAt)}</td></tr>`
}
