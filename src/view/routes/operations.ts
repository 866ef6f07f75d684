import type { Hono } from 'hono'
import { type TicketState, ticketStates } from '../../core/work/ticket.ts'
import { listMonitors } from '../../store/operator/monitors.ts'
import type { OperatorDb } from '../../store/operator/open.ts'
import { listSessions, session } from '../../store/operator/sessions.ts'
import { listTickets, ticket, ticketEvents } from '../../store/operator/tickets.ts'
import { sessionEntryHeads, sessionEntryText, ticketClusters } from '../../store/reading.ts'
import { watchOf } from '../data/changes.ts'
import { maxEntries } from '../data/trials.ts'
import { entryFragment, entryPage } from '../pages/entry.ts'
import { sessionPage, sessionsPage } from '../pages/sessions.ts'
import { ticketPage, ticketPageSize, ticketsPage } from '../pages/tickets.ts'
import { headBytes } from '../parts/transcript.ts'
import type { Shared } from '../shared.ts'

interface Options extends Shared {
  db: OperatorDb
}

const unresolved = ticketStates.filter((state) => state !== 'resolved')
const sessionsShown = 200

/** The pages of an operator.db. */
export function operatorRoutes(app: Hono, options: Options): void {
  const { db, show, changes, clock } = options
  app.get('/tickets', async (c) => {
    const query = c.req.query()
    const { state, cluster } = query
    const states: readonly TicketState[] =
      state === 'all' ? ticketStates : (ticketStates.filter((one) => one === state) as TicketState[])
    const before = Number(query.before) || undefined
    const tickets = await listTickets(db, {
      states: states.length > 0 ? states : unresolved,
      limit: ticketPageSize,
      ...(cluster ? { cluster } : {}),
      ...(before === undefined ? {} : { before }),
    })
    const [clusters, monitors] = [await ticketClusters(db), await listMonitors(db)]
    return show(c, ticketsPage(tickets, clusters, monitors, query, clock.now()))
  })
  app.get('/tickets/:id{[0-9]+}', async (c) => {
    const id = Number(c.req.param('id'))
    const found = await ticket(db, id)
    if (!found) return show(c, null)
    return show(
      c,
      ticketPage(found, await ticketEvents(db, id), await listSessions(db, { ticketId: id }), clock.now()),
    )
  })
  app.get('/sessions', async (c) =>
    show(c, sessionsPage((await listSessions(db)).toReversed().slice(0, sessionsShown), clock.now())),
  )
  app.get('/sessions/:id', async (c) => {
    const id = c.req.param('id')
    const found = await session(db, id)
    if (!found) return show(c, null)
    const entries = await sessionEntryHeads(db, id, { after: 0, limit: maxEntries, bytes: headBytes })
    return show(
      c,
      sessionPage(
        found,
        { entries, tickets: await listTickets(db, { sessionId: id }) },
        { after: Number(c.req.query('after')) || 0, now: clock.now() },
      ),
    )
  })
  app.get('/sessions/:id/entries/:seq{[0-9]+}', async (c) => {
    const { id, seq } = c.req.param()
    const text = await sessionEntryText(db, id, Number(seq))
    if (text === null) return show(c, null)
    const here = `/sessions/${encodeURIComponent(id)}/entries/${seq}`
    if (c.req.query('part') !== undefined) return c.html(entryFragment(here, text))
    const trail = [
      ['Sessions', '/sessions'],
      [id, `/sessions/${encodeURIComponent(id)}#e${seq}`],
    ] as const
    return show(c, entryPage(`Entry ${seq}`, trail, here, text, Number(c.req.query('from')) || 0))
  })
  app.get('/operator-events', (c) => changes(c, [watchOf(db)]))
}
