import { InvalidArgumentError } from 'commander'
import { iso } from '../core/clock.ts'
import { BadInput } from '../core/errors.ts'
import { type Ticket, ticketStates } from '../core/work/ticket.ts'
import { defaultVerifyMs } from '../monitor/verify.ts'
import type { Db } from '../store/operator/db.ts'
import { existingOperatorDb } from '../store/operator/open.ts'
import { listSessions } from '../store/operator/sessions.ts'
import { type Spent, spentOnTicket } from '../store/operator/spending.ts'
import * as store from '../store/operator/tickets.ts'
import { humanMs, inert, table } from '../tui/text.ts'
import { dbOption, duration, integer, jsonOption, subcommand } from './options/common.ts'
import type { Io, Verb } from './terminal/io.ts'

const stateList = (text: string) => {
  const unknown = text.split(',').filter((state) => !ticketStates.some((known) => known === state))
  if (unknown.length > 0) throw new InvalidArgumentError(`allowed: ${ticketStates.join(', ')}`)
  return text.split(',') as Ticket['state'][]
}

export const register: Verb['register'] = (program, io) => {
  const tickets = program
    .command('tickets')
    .description('list, show and change tickets')
    .addHelpText(
      'after',
      '\nExamples:\n  operator tickets list --state open,escalated\n  operator tickets show 3\n  operator tickets hold 3',
    )

  subcommand(tickets, 'list', 'list tickets, oldest first', [
    'operator tickets list',
    'operator tickets list --state open,escalated',
    'operator tickets list --cluster 7f3a01bc --json',
  ])
    .option(
      '--state <states>',
      `only tickets in these states, separated by commas: ${ticketStates.join(', ')}`,
      stateList,
    )
    .option('--cluster <name>', 'only this cluster')
    .option('--limit <n>', 'only the newest n', integer(1), 100)
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (options) => {
      await using db = existingOperatorDb(options.db)
      const found = await store.listTickets(db, {
        limit: options.limit,
        ...(options.state ? { states: options.state } : {}),
        ...(options.cluster ? { cluster: options.cluster } : {}),
      })
      if (options.json) return io.printJson(found.map(jsonOf))
      if (found.length === 0) return io.print('no tickets')
      io.print(
        table(['id', 'state', 'severity', 'cluster', 'key', 'age', 'seen', 'message'], found.map(rowOf(io))),
      )
    })

  subcommand(tickets, 'show <id>', 'show one ticket, its history and its sessions', [
    'operator tickets show 3',
    'operator tickets show 3 --json',
  ])
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (id, options) => {
      await using db = existingOperatorDb(options.db)
      const ticket = await wanted(db, id)
      const events = await store.ticketEvents(db, ticket.id)
      const sessions = await listSessions(db, { ticketId: ticket.id })
      const spent = await spentOnTicket(db, ticket.id)
      if (options.json) {
        return io.printJson({
          ...jsonOf(ticket),
          events: events.map((e) => ({ ...e, at: iso(e.at) })),
          sessions: sessions.map((s) => s.id),
          spent,
        })
      }
      io.print(`#${ticket.id}  ${inert(ticket.key)}  ${stateOf(ticket)}  ${ticket.severity}`)
      io.print(inert(ticket.message))
      for (const [name, value] of Object.entries(ticket.values)) io.print(inert(`  ${name}: ${value}`))
      if (spent.sessions > 0) io.print(spentWords(spent))
      io.print('')
      io.print(
        table(
          ['at', 'event', 'by', 'detail'],
          events.map((e) => [iso(e.at), e.event, e.by, inert(e.detail ?? '')]),
        ),
      )
      for (const session of sessions)
        io.print(
          `\nsession ${session.id} (${session.agent}) ${session.state}: operator audit show ${session.id}`,
        )
    })

  subcommand(tickets, 'resolve <id>', 'say that a ticket is fixed; the monitor confirms it', [
    'operator tickets resolve 3 --cause "its disk was full"',
  ])
    .option('--cause <text>', 'what the cause was', 'resolved by a person')
    .option(
      '--verify-window <duration>',
      'how long the monitor may take to confirm',
      duration,
      defaultVerifyMs,
    )
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(
      move(io, (db, ticket, options) => {
        const claim = { status: 'fixed', rootCause: options.cause, actions: [] } as const
        const now = io.clock.now()
        return store.claimByPerson(db, ticket.id, { ...claim, actions: [] }, now + options.verifyWindow, now)
      }),
    )

  for (const [verb, held, description] of [
    ['hold', true, 'keep agents away from a ticket, and keep it from being resolved'],
    ['unhold', false, 'end a hold'],
  ] as const) {
    subcommand(tickets, `${verb} <id>`, description, [`operator tickets ${verb} 3`])
      .addOption(dbOption())
      .addOption(jsonOption())
      .action(move(io, (db, ticket) => store.setHeld(db, ticket.id, held, io.clock.now())))
  }

  subcommand(tickets, 'reopen <id>', 'give a ticket back to the agents, with all its attempts', [
    'operator tickets reopen 3 --why "it came back"',
  ])
    .option('--why <text>', 'reason, for the history', 'reopened by a person')
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(move(io, (db, ticket, options) => store.reopenTicket(db, ticket.id, options.why, io.clock.now())))
}

type MoveOptions = { db: string; json?: boolean; cause: string; why: string; verifyWindow: number }

/** A move that the ticket's state may forbid: says so, with exit code 1. */
function move(io: Io, change: (db: Db, ticket: Ticket, options: MoveOptions) => Promise<Ticket | null>) {
  return async (id: string, options: MoveOptions) => {
    await using db = existingOperatorDb(options.db)
    const { before, after } = await db.transaction().execute(async (tx) => {
      const before = await wanted(tx, id)
      return { before, after: await change(tx, before, options) }
    })
    if (options.json) io.printJson(jsonOf(after ?? before))
    else
      io.print(
        after
          ? `#${after.id} is ${stateOf(after)}`
          : `#${before.id} is ${stateOf(before)}: that cannot be done now`,
      )
    if (!after) io.answerNo()
  }
}

async function wanted(db: Db, id: string): Promise<Ticket> {
  const [, number] = /^#?(\d{1,15})$/.exec(id) ?? []
  const found = number ? await store.ticket(db, Number(number)) : null
  if (!found) throw new BadInput(`no ticket '${inert(id)}'; operator tickets list shows those there are`)
  return found
}

/** The cost of models, as text. A runbook costs nothing, and the cost of other programs is not known. */
function spentWords({ sessions, tokens, costUsd, unknown }: Spent): string {
  const unseen = unknown > 0 ? `; what ${unknown} of them cost is unknown, and not in it` : ''
  return `spent by models in ${sessions} session${sessions === 1 ? '' : 's'}: ${costUsd.toFixed(2)} USD, ${tokens} tokens${unseen}`
}

const stateOf = (ticket: Ticket): string =>
  [
    ticket.state,
    ticket.resolvedBy ? `by ${ticket.resolvedBy}` : '',
    ticket.held ? '(held)' : '',
    ticket.flapping ? '(flapping)' : '',
    ticket.attempts > 0 ? `(${ticket.attempts} of ${ticket.maxAttempts} attempts failed)` : '',
  ]
    .filter(Boolean)
    .join(' ')

const rowOf = (io: Io) => (ticket: Ticket) => [
  ticket.id,
  stateOf(ticket),
  ticket.severity,
  inert(ticket.cluster),
  inert(ticket.key),
  humanMs(io.clock.now() - ticket.openedAt),
  `${ticket.occurrences}x`,
  inert(ticket.message).slice(0, 80),
]

const jsonOf = (ticket: Ticket) => ({
  ...ticket,
  violatedAt: iso(ticket.violatedAt),
  openedAt: iso(ticket.openedAt),
  lastSeenAt: iso(ticket.lastSeenAt),
  claimedAt: iso(ticket.claimedAt),
  verifyUntil: iso(ticket.verifyUntil),
  resolvedAt: iso(ticket.resolvedAt),
})
