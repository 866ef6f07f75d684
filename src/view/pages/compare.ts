import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { CampaignHead } from '../../store/reading.ts'
import type { Line } from '../data/board.ts'
import { countsOf, isWell, medianMs, recoveryRate, timeNames } from '../data/figures.ts'
import { timelineOf } from '../data/timeline.ts'
import type { TrialFacts } from '../data/trials.ts'
import { brief, offset, rateText, seconds } from '../parts/format.ts'
import { bar, pill } from '../parts/outcome.ts'
import { empty, type Html, type Page, scrolling, section } from '../parts/page.ts'
import { rangeOf, rangeOfBoth, timelineFigure, timelineLegend } from '../parts/timeline.ts'
import { standingOf } from './trial.ts'

/** Asks for the two sides as long as they are not chosen. */
export function askPage(query: Record<string, string | undefined>, wrong: string): Page {
  return {
    title: 'Compare',
    section: 'Compare',
    body: html`<h1>Compare</h1>
<form class="filters" action="/compare"><label>one <input name="a" size="8" required value="${query.a ?? ''}" placeholder="t1 or c1"></label>
<label>other <input name="b" size="8" required value="${query.b ?? ''}" placeholder="t2 or c2"></label><button>Compare</button></form>
${wrong === '' ? empty('Two trials are shown on one time axis; of two campaigns, which trials turned out otherwise.') : html`<p class="warning" role="alert">${inert(wrong)}</p>`}`,
  }
}

/** Two trials with the same axis, both aligned at the injection. */
export function compareTrialsPage(a: TrialFacts, b: TrialFacts): Page {
  const sides = [a, b].map((facts) => ({ facts, timeline: timelineOf(facts) }))
  const range = rangeOfBoth(rangeOf(timelineOf(a)), rangeOf(timelineOf(b)))
  const names = [...new Set(sides.flatMap(({ timeline }) => timeline.moments.map(({ name }) => name)))]
  const head = ({ trial }: TrialFacts) =>
    html`<a href="/t/${trial.id}">t${trial.id}</a> ${pill(standingOf(trial))} <span class="quiet">${inert(trial.spec.faults.map(({ chaosType }) => chaosType).join('+'))}, ${inert(trial.spec.baseline ? 'baseline' : trial.spec.variant.name)}, seed ${trial.spec.seed}</span>`
  const commands = ({ entries }: TrialFacts) => entries.filter(({ kind }) => kind === 'tool_call')
  return {
    title: `t${a.trial.id} and t${b.trial.id}`,
    section: 'Compare',
    trail: [['Compare', '/compare']],
    body: html`<h1>t${a.trial.id} and t${b.trial.id}</h1>
${sides.map(({ facts, timeline }, i) => section(`side-${i}`, head(facts), timelineFigure(timeline, range, { id: `figure-${i}`, links: false, of: `t${facts.trial.id}-` })))}
${timelineLegend()}
${section(
  'moments',
  'Moments',
  scrolling(
    'Moments',
    html`<table class="list"><thead><tr><th scope="col">after the injection</th><th scope="col">t${a.trial.id}</th><th scope="col">t${b.trial.id}</th></tr></thead><tbody>${names.map(
      (name) =>
        html`<tr><th scope="row">${name}</th>${sides.map(({ timeline }) => {
          const moment = timeline.moments.find((one) => one.name === name)
          return html`<td class="num">${moment ? offset(moment.at - timeline.zero) : '-'}</td>`
        })}</tr>`,
    )}</tbody></table>`,
  ),
)}
${section(
  'commands',
  'Commands',
  html`<div class="panels">${sides.map(({ facts, timeline }) =>
    commands(facts).length === 0
      ? empty(`t${facts.trial.id}: none were run.`)
      : html`<div><h3>t${facts.trial.id}</h3><ol class="transcript">${commands(facts)
          .slice(0, 200)
          .map(
            ({ seq, at, body }) =>
              html`<li data-seq="t${facts.trial.id}-${seq}"><a href="/t/${facts.trial.id}#e${seq}"><time>${offset(at - timeline.zero)}</time></a><div><code>${brief(body, 160)}</code></div></li>`,
          )}</ol></div>`,
  )}</div>`,
)}`,
  }
}

interface Side {
  campaign: CampaignHead
  lines: readonly Line[]
}

/** Two campaigns: their rates and times, and the trials with equal damage, arm and seed but different outcomes. */
export function compareCampaignsPage(a: Side, b: Side, verdict: Html): Page {
  const pairs = pairsOf(a.lines, b.lines)
  const flipped = pairs.filter(({ one, other }) => isWell(one) !== isWell(other))
  const sides = [a, b]
  const row = (name: string, value: (side: Side) => unknown) =>
    html`<tr><th scope="row">${name}</th>${sides.map((side) => html`<td>${value(side)}</td>`)}</tr>`
  const rate = ({ lines }: Side) => {
    const { rate, interval, recovered, of } = recoveryRate(withAgent(lines))
    return rate === null
      ? '-'
      : html`${rateText(rate, interval)} <span class="quiet">${recovered} of ${of}</span>`
  }
  return {
    title: `c${a.campaign.id} and c${b.campaign.id}`,
    section: 'Compare',
    trail: [['Compare', '/compare']],
    body: html`<h1>c${a.campaign.id} ${inert(a.campaign.name)} and c${b.campaign.id} ${inert(b.campaign.name)}</h1>
${section('verdict', 'Verdict', verdict)}
${section(
  'figures',
  'Figures, without the baselines',
  scrolling(
    'Figures',
    html`<table class="list"><thead><tr><th scope="col"></th>${sides.map(({ campaign }) => html`<th scope="col"><a href="/c/${campaign.id}">c${campaign.id} ${inert(campaign.name)}</a></th>`)}</tr></thead><tbody>
${row('outcomes', ({ lines }) => bar(countsOf(withAgent(lines)), 240))}${row('recovered (95 %)', rate)}
${timeNames.map((name) => row(`median ${name}`, ({ lines }) => seconds(medianMs(withAgent(lines), name))))}</tbody></table>`,
  ),
)}
${section(
  'flipped',
  'Trials that turned out otherwise',
  html`<p class="quiet">${pairs.length} pairs of trials with the same damage, arm and seed; ${flipped.length} recovered in one and not in the other.</p>${
    flipped.length === 0
      ? empty(pairs.length === 0 ? 'The two have no trial in common.' : 'None.')
      : scrolling(
          'Trials that turned out otherwise',
          html`<table class="list"><thead><tr><th scope="col">damage</th><th scope="col">arm</th><th scope="col">seed</th>${sides.map(({ campaign }) => html`<th scope="col">c${campaign.id}</th>`)}<th scope="col"></th></tr></thead><tbody>${flipped
            .slice(0, 200)
            .map(
              ({ one, other }) =>
                html`<tr><td>${inert(one.damage)}</td><td>${inert(one.arm)}</td><td class="num">${one.seed}</td>${[one, other].map((line) => html`<td><a href="/t/${line.id}">t${line.id}</a> ${pill(line.standing)}</td>`)}<td><a data-row href="/compare?a=t${one.id}&amp;b=t${other.id}">side by side</a></td></tr>`,
            )}</tbody></table>`,
        )
  }`,
)}`,
  }
}

/** Shown where a comparison would take too long for a page. */
export const tooMany = (ids: readonly number[]) =>
  html`<p>So many trials are compared on the command line: <code>operator eval compare ${ids.map((id) => `c${id}`).join(' ')}</code></p>`

const withAgent = (lines: readonly Line[]) => lines.filter(({ arm }) => arm !== 'baseline')

/** Pairs valid trials with equal subject, damage, arm and seed, in their order. */
function pairsOf(a: readonly Line[], b: readonly Line[]): { one: Line; other: Line }[] {
  const isValid = ({ standing }: Line) => !['invalid', 'planned', 'running'].includes(standing)
  const key = ({ subject, damage, arm, seed }: Line) => JSON.stringify([subject, damage, arm, seed])
  const others = Map.groupBy(b.filter(isValid), key)
  return a.filter(isValid).flatMap((one) => {
    const other = others.get(key(one))?.shift()
    return other ? [{ one, other }] : []
  })
}
