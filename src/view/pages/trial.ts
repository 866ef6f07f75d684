import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { TrialRecord } from '../../eval/record.ts'
import { documentOf, type Trial } from '../../eval/report/document.ts'
import { storyOf } from '../data/story.ts'
import { type Timeline, timelineOf } from '../data/timeline.ts'
import type { TrialFacts } from '../data/trials.ts'
import { count, lasting, offset, seconds, usd, when } from '../parts/format.ts'
import { pill, type Standing, standings } from '../parts/outcome.ts'
import { empty, type Html, type Page, scrolling, section } from '../parts/page.ts'
import { stateDifference } from '../parts/states.ts'
import { rangeOf, timelineFigure, timelineLegend } from '../parts/timeline.ts'
import { type TranscriptPage, transcriptList } from '../parts/transcript.ts'

export const standingOf = ({ outcome, state }: Trial): Standing =>
  outcome?.kind ?? (state === 'done' ? 'invalid' : state)

/** `t3 node_kill on etcd-2`, in two parts; before anything was planned on the cluster, what was asked for. */
const titleOf = ({ trial, faults }: TrialFacts) => ({
  id: `t${trial.id}`,
  damage: (faults.length > 0 ? faults : trial.spec.faults)
    .map(({ chaosType, target }) => `${chaosType} on ${target}`)
    .join(' + '),
})

/** The reasons of a trial's outcome. `after`: the entry before the first one that is shown. */
export function trialPage(facts: TrialFacts, after: number): Page {
  const { trial, campaignName } = facts
  const { id, damage } = titleOf(facts)
  const isLive = trial.state !== 'done'
  return {
    title: `${id} ${damage}`,
    section: 'Campaigns',
    trail: [
      ['Campaigns', '/'],
      [`c${trial.campaignId} ${campaignName}`, `/c/${trial.campaignId}`],
    ],
    ...(isLive ? { live: `/events?trial=${trial.id}` } : {}),
    body: html`${trialBody(
      { ...facts, entries: facts.entries.filter(({ seq }) => seq > after) },
      timelineOf(facts),
      {
        hrefOf: (seq) => `/t/${trial.id}/entries/${seq}`,
        nextHref: (seq) => `/t/${trial.id}?after=${seq}#transcript`,
      },
    )}
<p class="actions"><a href="/t/${trial.id}.json">JSON</a>
<a href="/t/${trial.id}/atif.json" data-copy>ATIF</a>
<a href="/compare?a=t${trial.id}">Compare with another trial</a></p>`,
  }
}

/** The same without links to other pages. `entries` are the shown entries of its transcript. */
export function trialBody(
  facts: TrialFacts,
  timeline: Timeline,
  elsewhere: TranscriptPage['elsewhere'],
): Html {
  const { trial, entries } = facts
  const { spec, record } = trial
  const { id, damage } = titleOf(facts)
  const isLive = trial.state !== 'done'
  return html`<h1><span class="quiet">${id}</span> ${inert(damage)}</h1>
${section('outcome', outcomeTitle(trial), outcomeFacts(facts, timeline))}
${section('timeline', 'Timeline', html`${timelineFigure(timeline, rangeOf(timeline), { id: 'figure', links: true })}${timelineLegend()}`)}
${section(
  'transcript',
  `Transcript${spec.baseline ? '' : ` of ${inert(spec.variant.name)}`}`,
  transcriptList(entries, {
    elsewhere,
    zero: timeline.zero,
    isLive,
    sessions: sessionsOf(facts),
    isBaseline: spec.baseline,
  }),
)}
${section('tickets', 'Tickets', ticketTable(facts, timeline))}
${record ? details(record) : ''}`
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

const outcomeTitle = (trial: Trial) => html`${pill(standingOf(trial))}`

function outcomeFacts({ trial, tickets, phases, isLost, now }: TrialFacts, timeline: Timeline) {
  const { record, spec } = trial
  const { session, workload } = documentOf(trial)
  const standing = standingOf(trial)
  const phase = phases.findLast(({ endedAt }) => endedAt === null)
  const going =
    trial.state === 'running' && phase && !isLost
      ? html`: in phase <b>${phase.phase}</b> for ${lasting(now - phase.startedAt)}`
      : ''
  const row = (name: string, value: unknown) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`
  const story = storyOf(trial)
  const lost = html`Nobody runs it: it was last heard of at ${when(now)} UTC${phase ? html`, in phase <b>${phase.phase}</b>` : ''}. Where its process died, the next <code>operator eval run</code> ends it as invalid`
  return html`<p>${isLost ? lost : html`${capital(standings[standing].means)}${going}`}.</p>
${story.length === 0 ? '' : html`<div class="story e-${standing}">${story.map((sentence) => html`<p>${inert(sentence)}</p>`)}</div>`}
<dl class="facts">
${timeline.moments
  .filter(({ name }) => name !== 'injected')
  .toSorted((a, b) => a.at - b.at)
  .map(({ name, at }) => row(name, offset(at - timeline.zero)))}
${row('subject', `${inert(spec.subject)}, ${spec.size} nodes`)}${row('arm', inert(spec.baseline ? 'baseline' : spec.variant.name))}
${spec.baseline ? '' : row('agent', inert(spec.model ?? spec.agent))}${row('seed', spec.seed)}
${row('started', `${when(trial.startedAt)} UTC`)}
${trial.endedAt === null || trial.startedAt === null ? '' : row('took', seconds(trial.endedAt - trial.startedAt))}
${session ? html`${row('turns', session.turns)}${row('commands', session.commands)}${row('tokens', `${count(session.tokens.in)} in, ${count(session.tokens.out)} out`)}${row('cost', usd(session.cost_usd))}` : ''}
${workload ? html`${row('load', `${count(workload.ops)} operations, ${count(workload.failed)} failed`)}${row('unavailable for', seconds(workload.unavailable_ms))}${row('lost writes', workload.lost_writes)}` : ''}
${row('tickets', tickets.length)}
</dl>${record?.revertFailed ? html`<p class="warning">Left broken until the cluster was taken down: ${inert(record.revertFailed)}</p>` : ''}`
}

/** Sessions that left entries, in the order of their start. */
const sessionsOf = ({ sessions, entries }: TrialFacts): string[] => [
  ...new Set([
    ...sessions.toSorted((a, b) => a.startedAt - b.startedAt).map(({ id }) => id),
    ...entries.map(({ sessionId }) => sessionId),
  ]),
]

/** Tickets of the monitor. */
function ticketTable({ tickets }: TrialFacts, { zero }: Timeline) {
  if (tickets.length === 0) return empty('None was opened.')
  return scrolling(
    'Tickets',
    html`<table class="list"><thead><tr><th scope="col">id</th><th scope="col">violation</th><th scope="col">severity</th><th scope="col">opened</th><th scope="col">closed</th><th scope="col">what it said</th></tr></thead><tbody>${tickets.map(
      ({ id, key, severity, openedAt, resolvedAt, resolvedBy, state, message }) =>
        html`<tr><td class="num">${id}</td><td class="name">${inert(key)}</td><td>${severity}</td><td class="num">${offset(openedAt - zero)}</td><td class="num">${resolvedAt === null ? state : `${offset(resolvedAt - zero)}, by ${resolvedBy}`}</td><td class="wrap">${inert(message)}</td></tr>`,
    )}</tbody></table>`,
  )
}

function details(record: TrialRecord): Html {
  return html`${section('fault', 'The fault', faults(record))}
${section('state', 'State before and after', stateDifference(record))}
${section('logs', 'Logs of the nodes', logs(record))}`
}

function faults({ faults, spec, faultGoneAt, injectedAt, phases, revertFailed }: TrialRecord) {
  if (faults.length === 0) return empty('Nothing was injected.')
  const gone =
    faultGoneAt === null || faultGoneAt === undefined || injectedAt === null
      ? 'It was in place until it was reverted.'
      : `A look at it ${seconds(faultGoneAt - injectedAt)} after the injection found it gone.`
  const { revert } = phases
  const reverted = revertFailed
    ? 'failed'
    : revert?.endedAt
      ? `took ${seconds(revert.endedAt - revert.startedAt)}`
      : ''
  const words = (values: Record<string, unknown>) =>
    inert(
      Object.entries(values)
        .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', '),
    ) || '-'
  return html`<p>${gone}${reverted === '' ? '' : ` Reverting ${reverted}.`}</p>
${scrolling(
  'The fault',
  html`<table class="list"><thead><tr><th scope="col">fault</th><th scope="col">target, as planned</th><th scope="col">target</th><th scope="col">parameters</th><th scope="col">what revert was given</th></tr></thead><tbody>${faults.map(
    ({ chaosType, target, params, undo }, i) =>
      html`<tr><th scope="row">${inert(chaosType)}</th><td>${inert(spec.faults[i]?.target ?? '-')}</td><td>${inert(target)}</td><td class="wrap">${words(params)}</td><td class="wrap">${words(undo)}</td></tr>`,
  )}</tbody></table>`,
)}`
}

const logLines = 40
/** Limit for all nodes together, so that the page stays small. */
const logChars = 48_000

function logs({ logs }: TrialRecord) {
  const nodes = Object.entries(logs).sort(([a], [b]) => (a < b ? -1 : 1))
  if (nodes.length === 0) return empty('None were kept.')
  return nodes.map(
    ([node, text]) => html`<details id="log-${inert(node)}"><summary>${inert(node)}</summary>
<pre tabindex="0" role="group" aria-label="Log of ${inert(node)}"><code>${inert(newest(text, logChars / nodes.length))}</code></pre></details>`,
  )
}

/** The newest lines, each cut to fit. All of them are in the JSON. */
function newest(text: string, chars: number): string {
  const lines = text.trimEnd().split('\n').slice(-logLines)
  const short = lines.map((line) => (line.length > 400 ? `${line.slice(0, 400)}\u2026` : line))
  while (short.length > 1 && short.reduce((sum, line) => sum + line.length + 1, 0) > chars) short.shift()
  return short.join('\n')
}
