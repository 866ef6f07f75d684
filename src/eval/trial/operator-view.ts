import type { Ticket } from '../../core/work/ticket.ts'
import { type Entry, entriesAfter } from '../../store/audit/audit.ts'
import { changesSeenBy } from '../../store/changes.ts'
import type { OperatorDb } from '../../store/operator/open.ts'
import { listTickets } from '../../store/operator/tickets.ts'

/** A change in the database of the trial's operator. */
export type OperatorChange = { kind: 'ticket'; ticket: Ticket } | { kind: 'entry'; entry: Entry }

export interface OperatorView {
  /** Everything new since the last look, and the tickets as they are. */
  read(): Promise<{ tickets: Ticket[]; changes: OperatorChange[] }>
}

export function operatorView(db: OperatorDb): OperatorView {
  const states = new Map<number, string>()
  const isNew = changesSeenBy(db)
  let seq = 0
  let tickets: Ticket[] = []
  return {
    read: async () => {
      if (!(await isNew())) return { tickets, changes: [] }
      tickets = await listTickets(db)
      const entries = await entriesAfter(db, seq)
      seq = entries.at(-1)?.seq ?? seq
      const moved = tickets.filter((ticket) => states.get(ticket.id) !== ticket.state)
      for (const ticket of moved) states.set(ticket.id, ticket.state)
      // Causes before effects: a ticket is claimed before the session writes, and moves on after its last word.
      const changes: OperatorChange[] = [
        ...moved.filter(isBeforeSession).map((ticket) => ({ kind: 'ticket', ticket }) as const),
        ...entries.map((entry) => ({ kind: 'entry', entry }) as const),
        ...moved.filter((t) => !isBeforeSession(t)).map((ticket) => ({ kind: 'ticket', ticket }) as const),
      ]
      return { tickets, changes }
    },
  }
}

const isBeforeSession = ({ state, attempts }: Ticket): boolean =>
  state === 'claimed' || (state === 'open' && attempts === 0)
