import type { Kind } from '../rules.ts'
import { argumentsOf } from './arguments.ts'
import { isKnownButNumbers, shown, unknown } from './marks.ts'
import type { Verdict } from './match.ts'
import { valuedOptions } from './options.ts'

const statements: readonly (readonly [RegExp, Kind, string])[] = [
  [/^(drop|truncate|delete)\b|\bdrop (column|partition|index|constraint)\b/i, 'destructive', 'data is gone'],
  [
    /\b(delete from|pg_terminate_backend|pg_cancel_backend|kill (query|connection)?)\b/i,
    'remediation',
    'a change',
  ],
  [/^(select|show|explain|describe|desc|pragma|use|values|with|table)\b/i, 'diagnostic', 'looks'],
  [
    /^\\(d[a-zA-Z]*[+S]*|l|list|conninfo|timing|x|q|c)( [\w.*"-]+)*$|^\.(tables|schema|databases|indexes)$/,
    'diagnostic',
    'looks',
  ],
  [/^[\\.]/, 'unknown', 'a command of the client'],
  [/^\w/, 'remediation', 'a change'],
]

/** Words that may make a statement of any kind write, wait for locks or run something, comments and backslashes included. */
const writing =
  /\b(into|insert|update|delete|merge|create|alter|drop|truncate|grant|revoke|copy|call|do|lock|set|outfile|dumpfile|program|analyze|analyse|vacuum|execute|prepare|attach|replace|share|perform|import|load|handler|reset|purge|flush)\b|[\\`]|\/\*!|:=/i

/** Words before a bracket that is no call, and functions that only compute or report. */
const calls = new Set(
  (
    'in values from as over exists and or not on using any all some select where having by when then else union filter interval varchar numeric decimal char if case ' +
    'count sum min max avg coalesce now length char_length lower upper round floor ceil abs to_char to_timestamp extract age date date_trunc concat concat_ws group_concat ' +
    'string_agg array_agg json_agg substr substring trim left right format greatest least nullif ifnull cast unix_timestamp from_unixtime timestampdiff datediff version ' +
    'pg_size_pretty pg_database_size pg_relation_size pg_total_relation_size pg_table_size pg_indexes_size pg_is_in_recovery pg_last_wal_receive_lsn ' +
    'pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_current_wal_lsn pg_wal_lsn_diff current_setting pg_blocking_pids pg_postmaster_start_time pg_backend_pid row_number ' +
    'current_database database user table_info integrity_check quick_check'
  ).split(' '),
)

/** Whether a statement that begins as a question is nothing else. */
function onlyAsks(text: string): boolean {
  if (/^[\\.]/.test(text)) return true
  if (writing.test(text)) return false
  if (
    /^pragma\b/i.test(text) &&
    !/^pragma (integrity_check|quick_check|page_count|database_list|table_info\(\w+\)|journal_mode|user_version)$/i.test(
      text,
    )
  )
    return false
  return [...text.matchAll(/([\w.$"]+)\s*\(/g)].every(([, name = '']) =>
    calls.has(name.toLowerCase().replace(/^pg_catalog\./, '')),
  )
}

/** Options that are SQL, and from which operand on it is. */
const clients: Record<string, { sql: readonly string[]; operand?: number }> = {
  psql: { sql: ['-c', '--command'] },
  mysql: { sql: ['-e', '--execute'] },
  mariadb: { sql: ['-e', '--execute'] },
  sqlite3: { sql: [], operand: 1 },
  cqlsh: { sql: ['-e', '--execute'] },
}

export const isSqlClient = (program: string): boolean => Object.hasOwn(clients, program)

/** Classifies a call of a database client by the statements in its arguments or its input. */
export function sql(program: string, rest: readonly string[], input: string | null | undefined): Verdict[] {
  const client = clients[program]
  if (!client) return []
  const { options, operands } = argumentsOf(rest, valuedOptions(program))
  const given = client.sql.flatMap((option) => options.get(option) ?? [])
  // The same option twice: only one is seen.
  if (rest.filter((arg) => client.sql.some((option) => arg.startsWith(option))).length > 1)
    given.push(unknown)
  if (client.operand !== undefined) given.push(...operands.slice(client.operand))
  if (given.length === 0 && typeof input === 'string') given.push(input)
  if (given.length > 0)
    return given
      .flatMap((text) => text.split(';'))
      .flatMap((text) => verdict(program, text.trim().replace(/\\G$/, '')))
  const reads = options.has('-f') || input === null
  const lists = options.has('-l') || options.has('--list')
  if (reads) return [{ kind: 'unknown', rule: `${program}: statements that were not seen` }]
  return [
    { kind: lists ? 'diagnostic' : 'harmless', rule: `${program}: ${lists ? 'looks' : 'nothing to do'}` },
  ]
}

function verdict(program: string, text: string): Verdict[] {
  if (text === '') return []
  const word = /^\W*\w*/.exec(text)?.[0] ?? ''
  const found = statements.find(([pattern]) => pattern.test(text))
  if (!found || (found[1] === 'diagnostic' && !(isKnownButNumbers(text) && onlyAsks(text))))
    return [{ kind: 'unknown', rule: `${program} ${shown(word)}: not known` }]
  return [{ kind: found[1], rule: `${program} ${word}: ${found[2]}` }]
}
