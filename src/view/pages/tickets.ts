import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import { plus } from '../../core/work/agent.ts'
import { type Ticket, type TicketState, ticketStates } from '../../core/work/ticket.ts'
import type { MonitorInfo } from '../../store/operator/monitors.ts'
import type { Session } from '../../store/operator/sessions.ts'
import type { TicketEvent } from '../../store/operator/tickets.ts'
import { count, lasting, offset, seconds, usd, when } from '../parts/format.ts'
import { empty, linkTo, type Page, scrolling, section } from '../parts/page.ts'
import { chooser } from '../parts/table.ts'
import { watchedBy, watchedNow } from '../parts/watched.ts'

type Query = Record<string, string | undefined>

export const ticketPageSize = 100

const styles: Record<TicketState, string> = {
  open: 'unresolved',
  claimed: 'running',
  verifying: 'self_healed',
  resolved: 'resolved',
  escalated: 'harmful',
}

const statePill = ({ state, held, resolvedBy }: Ticket) =>
  html`<span class="pill"><i class="dot o-${styles[state]}"></i>${state}${state === 'resolved' ? ` by ${resolvedBy}` : ''}${held ? ', held' : ''}</span>`

/** The page for an engineer on call: current problems, the newest first. */
export function ticketsPage(
  tickets: readonly Ticket[],
  clusters: readonly string[],
  monitors: readonly MonitorInfo[],
  query: Query,
  now: number,
): Page {
  const shown = tickets.toReversed()
  const ofCluster = monitors.filter(({ cluster }) => !query.cluster || cluster === query.cluster)
  const watched = watchedBy(ofCluster, tickets, now)
  return {
    title: 'Tickets',
    section: 'Tickets',
    live: '/operator-events',
    body: html`<h1>Tickets</h1><form class="filters" action="/tickets">
<label>state <select name="state"><option value="">unresolved</option>${['all', ...ticketStates].map((state) => html`<option ${query.state === state ? html`selected` : ''}>${state}</option>`)}</select></label>
${chooser('cluster', clusters, query.cluster)}<button>Filter</button></form>
${watchedNow(watched, now)}
${section(
  'tickets',
  html`<span class="quiet">${shown.length === ticketPageSize ? `the newest ${ticketPageSize}` : shown.length === 1 ? 'one ticket' : `${shown.length} tickets`}</span>`,
  shown.length === 0
    ? empty(
        query.state || query.cluster
          ? 'No ticket matches these filters.'
          : watched.now.length > 0
            ? 'Nothing is wrong: no unresolved ticket.'
            : 'No unresolved ticket, and nobody who would open one.',
      )
    : ticketTable(shown, now),
)}
${shown.length === ticketPageSize ? html`<nav class="pages" aria-label="Pages"><a rel="next" href="${linkTo('/tickets', query, { before: String(shown.at(-1)?.id) })}">older</a></nav>` : ''}`,
  }
}

/** The first stands at the top. */
export const ticketTable = (tickets: readonly Ticket[], now: number) =>
  scrolling(
    'Tickets',
    html`<table class="list"><thead><tr><th scope="col">id</th><th scope="col">state</th><th scope="col">severity</th><th scope="col">violation</th><th scope="col">cluster</th><th scope="col">for</th><th scope="col">seen</th><th scope="col">what it says</th></tr></thead>
<tbody>${tickets.map(
      (ticket) =>
        html`<tr><td><a data-row href="/tickets/${ticket.id}">#${ticket.id}</a></td><td>${statePill(ticket)}</td><td>${ticket.severity}${ticket.flapping ? ', flapping' : ''}</td>
<td class="name">${inert(ticket.key)}</td><td class="name">${inert(ticket.cluster)}</td><td class="num">${ticket.resolvedAt === null ? lasting(now - ticket.violatedAt) : seconds(ticket.resolvedAt - ticket.violatedAt)}</td><td class="num">${ticket.occurrences}</td><td class="wrap">${inert(ticket.message)}</td></tr>`,
    )}</tbody></table>`,
  )

export function ticketPage(
  ticket: Ticket,
  events: readonly TicketEvent[],
  sessions: readonly Session[],
  now: number,
): Page {
  const row = (name: string, value: unknown) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`
  const { claim } = ticket
  return {
    title: `#${ticket.id} ${ticket.key}`,
    section: 'Tickets',
    trail: [['Tickets', '/tickets']],
    live: '/operator-events',
    body: html`<h1><span class="quiet">#${ticket.id}</span> ${inert(ticket.key)}</h1>
${section(
  'state',
  statePill(ticket),
  html`<p>${inert(ticket.message)}</p><dl class="facts">${row('severity', ticket.severity)}${row('cluster', inert(ticket.cluster))}${row('violated', `${when(ticket.violatedAt)} UTC`)}
${row('opened', offset(ticket.openedAt - ticket.violatedAt))}${ticket.resolvedAt === null ? '' : row('resolved', offset(ticket.resolvedAt - ticket.violatedAt))}
${row('seen', ticket.occurrences === 1 ? 'once' : `${ticket.occurrences} times`)}${row('attempts', `${ticket.attempts} of ${ticket.maxAttempts}`)}${row('variant', inert(ticket.variant.name))}
${Object.entries(ticket.values).map(([name, value]) => row(inert(name), inert(String(value))))}</dl>
${claim ? html`<p><b>Claim by ${ticket.claimBy ?? 'agent'}: ${claim.status === 'fixed' ? 'fixed' : 'not fixed'}.</b> ${inert(claim.rootCause)}</p><ul>${claim.actions.map((action) => html`<li>${inert(action)}</li>`)}</ul>` : ''}`,
)}
${section('sessions', 'Sessions', sessions.length === 0 ? empty('No agent has worked on it yet.') : sessionTable(sessions, now))}
${section(
  'history',
  'History',
  scrolling(
    'History',
    html`<table class="list"><thead><tr><th scope="col">when, UTC</th><th scope="col">event</th><th scope="col">by</th><th scope="col"></th></tr></thead><tbody>${events.map(
      ({ at, event, by, detail }) =>
        html`<tr><td class="num">${when(at)}</td><td>${inert(event)}</td><td>${inert(by)}</td><td class="wrap">${inert(detail ?? '')}</td></tr>`,
    )}</tbody></table>`,
  ),
)}`,
  }
}

export const sessionTable = (sessions: readonly Session[], now: number) =>
  scrolling(
    'Sessions',
    html`<table class="list"><thead><tr><th scope="col">session</th><th scope="col">state</th><th scope="col">cluster</th><th scope="col">agent</th><th scope="col">started, UTC</th><th scope="col">took</th><th scope="col">turns</th><th scope="col">commands</th><th scope="col">tokens</th><th scope="col">cost</th><th scope="col">claim</th></tr></thead>
<tbody>${sessions.map(
      (session) =>
        html`<tr><td><a data-row href="/sessions/${session.id}">${inert(session.id.slice(0, 8))}</a></td><td>${session.state}</td><td class="name">${inert(session.cluster)}</td><td>${inert(session.model ?? session.agent)}, ${inert(session.variant)}</td>
<td class="num">${when(session.startedAt)}</td><td class="num">${session.endedAt === null ? lasting(now - session.startedAt) : seconds(session.endedAt - session.startedAt)}</td><td class="num">${session.turns}</td><td class="num">${session.commands}</td>
<td class="num">${count(plus(session.tokensIn, session.tokensOut))}</td><td class="num">${usd(session.costUsd)}</td><td>${session.claim ? (session.claim.status === 'fixed' ? 'fixed' : 'not fixed') : inert(session.reason ?? '-')}</td></tr>`,
    )}</tbody></table>`,
  )
