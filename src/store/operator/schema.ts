import type { Generated } from 'kysely'
import type { Severity } from '../../core/watch/invariant.ts'
import type { TicketState } from '../../core/work/ticket.ts'

/** Rows of operator.db as SQLite holds them: times in epoch ms, booleans 0 or 1, JSON as text. */
export interface OperatorSchema {
  violations: ViolationRow
  tickets: TicketRow
  ticket_events: TicketEventRow
  sessions: SessionRow
  session_tickets: { session_id: string; ticket_id: number }
  entries: EntryRow
  ledger: LedgerRow
  summaries: { seq: number; text: string; by: string }
  monitors: MonitorRow
  clocks: { boot: string; offset_ms: number }
  received_alerts: ReceivedAlertRow
}

export interface ReceivedAlertRow {
  cluster: string
  key: string
  name: string
  labels: string
  annotations: string
  status: 'firing' | 'resolved'
  starts_at: number
  generator_url: string
  received_at: number
}

export interface ViolationRow {
  cluster: string
  key: string
  phase: 'pending' | 'firing' | 'clearing'
  violated_at: number
  clear_at: number | null
  last_seen_at: number
}

export interface TicketRow {
  id: Generated<number>
  cluster: string
  subject: string
  key: string
  invariant: string
  node: string
  severity: Severity
  state: TicketState
  message: string
  metrics: string
  batch: string
  occurrences: number
  flapping: number
  held: number
  attempts: number
  max_attempts: number
  /** The whole variant as JSON; a session only has its name. */
  variant: string
  violated_at: number
  opened_at: number
  last_seen_at: number
  retry_at: number
  session_id: string | null
  claimed_at: number | null
  claim: string | null
  claim_by: 'agent' | 'person' | null
  verify_until: number | null
  resolved_at: number | null
  resolved_by: 'agent' | 'self' | 'person' | null
}

export interface TicketEventRow {
  id: Generated<number>
  ticket_id: number
  at: number
  event: string
  by: string
  detail: string | null
}

export interface SessionRow {
  id: string
  cluster: string
  agent: string
  model: string | null
  variant: string
  state: 'running' | 'done' | 'interrupted'
  owner: string
  lease_until: number
  started_at: number
  ended_at: number | null
  turns: number
  commands: number
  tokens_in: number
  tokens_out: number
  cost_usd: number | null
  claim: string | null
  reason: string | null
}

export interface EntryRow {
  seq: Generated<number>
  session_id: string
  at: number
  kind: 'reasoning' | 'tool_call' | 'tool_result' | 'claim' | 'error'
  body: string | Uint8Array
  meta: string
  prev_hash: string
  hash: string
}

/** What a row of another table contains from this moment on; written by ledger.ts. */
export interface LedgerRow {
  seq: Generated<number>
  table_name: string
  key: string
  image: string
  prev_hash: string
  hash: string
}

export interface MonitorRow {
  id: string
  cluster: string
  subject: string
  pid: number
  interval_ms: number
  started_at: number
  beat_at: number
  observed_at: number | null
  ended_at: number | null
}
