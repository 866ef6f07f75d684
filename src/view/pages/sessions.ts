import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { Ticket } from '../../core/work/ticket.ts'
import type { Session } from '../../store/operator/sessions.ts'
import type { EntryHead } from '../../store/reading.ts'
import { empty, type Page, section } from '../parts/page.ts'
import { transcriptList } from '../parts/transcript.ts'
import { sessionTable, ticketTable } from './tickets.ts'

export const sessionsPage = (sessions: readonly Session[], now: number): Page => ({
  title: 'Sessions',
  section: 'Sessions',
  live: '/operator-events',
  body: html`<h1>Sessions</h1>${section(
    'sessions',
    html`<span class="quiet">the newest first</span>`,
    sessions.length === 0 ? empty('No agent has worked yet.') : sessionTable(sessions, now),
  )}`,
})

/** One agent's session, entry by entry, while it is written. */
export const sessionPage = (
  session: Session,
  { entries, tickets }: { entries: readonly EntryHead[]; tickets: readonly Ticket[] },
  { after, now }: { after: number; now: number },
): Page => ({
  title: `Session ${session.id}`,
  section: 'Sessions',
  trail: [['Sessions', '/sessions']],
  ...(session.state === 'running' ? { live: '/operator-events' } : {}),
  body: html`<h1><span class="quiet">session</span> ${inert(session.id)}</h1>
${section('facts', session.state, sessionTable([session], now))}
${section('tickets', 'Its tickets', tickets.length === 0 ? empty('None.') : ticketTable(tickets, now))}
${section(
  'transcript',
  'Transcript',
  transcriptList(
    entries.filter(({ seq }) => seq > after),
    {
      elsewhere: {
        hrefOf: (seq) => `/sessions/${encodeURIComponent(session.id)}/entries/${seq}`,
        nextHref: (seq) => `/sessions/${encodeURIComponent(session.id)}?after=${seq}#transcript`,
      },
      zero: session.startedAt,
      isLive: session.state === 'running',
    },
  ),
)}`,
})
