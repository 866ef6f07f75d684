import { iso } from '../core/clock.ts'
import { BadInput } from '../core/errors.ts'
import { sessionEntries } from '../store/audit/audit.ts'
import { headsFile } from '../store/audit/kept-heads.ts'
import { type AuditVerdict, verifyAudit } from '../store/audit/verify.ts'
import { existingOperatorDb } from '../store/operator/open.ts'
import { listSessions, type Session } from '../store/operator/sessions.ts'
import { inert, table } from '../tui/text.ts'
import { entryText } from '../tui/trial-page.ts'
import { dbOption, integer, jsonOption, subcommand } from './options/common.ts'
import type { Verb } from './terminal/io.ts'

export const register: Verb['register'] = (program, io) => {
  const audit = program
    .command('audit')
    .description('show what agents thought and did, and verify the record')
    .addHelpText(
      'after',
      '\nExamples:\n  operator audit list\n  operator audit show 7f3a --full\n  operator audit verify',
    )

  subcommand(audit, 'list', 'list sessions, newest first', [
    'operator audit list',
    'operator audit list --limit 500 --json',
  ])
    .option('--limit <n>', 'only the newest n', integer(1), 100)
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (options) => {
      await using db = existingOperatorDb(options.db)
      const sessions = await listSessions(db, { newest: options.limit })
      if (options.json) return io.printJson(sessions.map(jsonOf))
      if (sessions.length === 0) return io.print('no sessions')
      const rows = sessions.map((s) => [
        s.id.slice(0, 8),
        iso(s.startedAt),
        inert(s.cluster),
        s.agent,
        s.state,
        s.turns,
        s.commands,
        s.costUsd === null ? 'unknown' : s.costUsd.toFixed(2),
        s.claim
          ? `${s.claim.status}: ${inert(s.claim.rootCause)}`.slice(0, 70)
          : inert(s.reason ?? '').slice(0, 70),
      ])
      io.print(
        table(['session', 'started', 'cluster', 'agent', 'state', 'turns', 'commands', 'usd', 'claim'], rows),
      )
    })

  subcommand(
    audit,
    'show <session>',
    'show every thought, command and output of a session (the beginning of its id is enough)',
    ['operator audit show 7f3a', 'operator audit show 7f3a --full'],
  )
    .option('--full', 'print whole outputs, not only their beginning')
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (prefix, options) => {
      await using db = existingOperatorDb(options.db)
      const found = (await listSessions(db)).filter((session) => session.id.startsWith(prefix))
      const [session, second] = found
      if (!session || second)
        throw new BadInput(
          `${second ? `'${prefix}' begins the ids of ${found.length} sessions` : `no session '${prefix}'`}; operator audit list shows them`,
        )
      const entries = await sessionEntries(db, session.id)
      if (options.json)
        return io.printJson({ ...jsonOf(session), entries: entries.map((e) => ({ ...e, at: iso(e.at) })) })
      for (const entry of entries) io.print(entryText(entry, session.startedAt, options.full))
    })

  subcommand(
    audit,
    'verify',
    'check that nothing in the record was changed; exit 1 and print the first changed row otherwise',
    ['operator audit verify', 'operator audit verify --json', 'operator audit verify --known 5f2c...'],
  )
    .option(
      '--known <hash...>',
      'hashes that an earlier verify printed; fail unless their rows are still there',
    )
    .option(
      '--copy',
      'the database is a copy or a restored backup without its heads file: do not check whether its end was cut off',
    )
    .addOption(dbOption())
    .addOption(jsonOption())
    .action(async (options) => {
      await using db = existingOperatorDb(options.db)
      const found = await verifyAudit(db, options.known)
      const isVouchedFor = options.copy === true || options.known !== undefined
      const verdict = isVouchedFor ? found : withHeads(found, headsFile(options.db))
      if (options.json) io.printJson(verdict)
      else io.print(said(verdict))
      if (verdict.ok && !verdict.outside && verdict.entries + verdict.changes > 0)
        io.note(`no ${headsFile(options.db)}: whether last rows were cut off was not looked for`)
      if (!verdict.ok) io.answerNo()
    })
}

/** This program always leaves heads beside a database. Without them nothing says that no rows are missing at the end. */
function withHeads(verdict: AuditVerdict, file: string): AuditVerdict {
  if (!verdict.ok || verdict.outside || verdict.entries + verdict.changes === 0) return verdict
  const why =
    'it is missing, so rows that were cut off at the end cannot be seen; ' +
    'give --known HASH from an earlier verify, or --copy if this is a copy or a restored backup'
  return { ok: false, table: 'heads', row: file, why }
}

function said(verdict: AuditVerdict): string {
  if (verdict.ok) return `the audit is whole: ${verdict.entries} entries, the last with hash ${verdict.head}`
  if ('table' in verdict && verdict.table === 'heads')
    return `the audit cannot be vouched for: ${inert(verdict.row)}: ${inert(verdict.why)}`
  const where = 'seq' in verdict ? `entry ${verdict.seq}` : `${verdict.table} ${inert(verdict.row)}`
  return `the audit was changed at ${where}: ${inert(verdict.why)}`
}

const jsonOf = (session: Session) => ({
  ...session,
  startedAt: iso(session.startedAt),
  endedAt: iso(session.endedAt),
  leaseUntil: iso(session.leaseUntil),
})
