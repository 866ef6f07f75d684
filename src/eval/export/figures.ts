import { iso } from '../../core/clock.ts'
import type { Line } from '../report/summaries.ts'
import { whyOf } from '../report/why.ts'

export type Figures = Record<string, string | number | null>

/** A trial as one flat row, always with the same columns in the same order. Times are ms since the fault. */
export function figuresOf(line: Line): Figures {
  const { spec, outcome, summary } = line
  const commands = summary?.commands
  return {
    campaign: `c${line.campaignId}`,
    trial: `t${line.id}`,
    state: line.state,
    subject: spec.subject,
    lab: spec.lab,
    size: spec.size,
    chaos: summary?.chaos ?? null,
    damage: summary?.damage ?? null,
    target: summary?.target ?? null,
    seed: spec.seed,
    arm: summary?.arm ?? null,
    agent: spec.baseline ? null : spec.agent,
    model: spec.baseline ? null : spec.model,
    started: iso(line.startedAt),
    ended: iso(line.endedAt),
    outcome: outcome?.kind ?? null,
    why: outcome && (whyOf(outcome) || null),
    scorer_version: line.scorerVersion,
    detect_ms: summary?.detectMs ?? null,
    resolve_ms: summary?.resolveMs ?? null,
    recover_ms: summary?.recoverMs ?? null,
    watched_ms: summary?.watchedMs ?? null,
    unavailable_ms: summary?.unavailableMs ?? null,
    ops: summary?.ops ?? null,
    failed: summary?.failed ?? null,
    lost_writes: summary?.lostWrites ?? null,
    phantom_reads: summary?.phantomReads ?? null,
    false_tickets: summary?.falseTickets ?? null,
    changes: summary?.changes.join('; ') || null,
    sessions: summary?.sessions ?? null,
    turns: summary?.turns ?? null,
    tokens_in: summary?.tokensIn ?? null,
    tokens_out: summary?.tokensOut ?? null,
    cost_usd: summary?.costUsd ?? null,
    commands: commands?.total ?? null,
    commands_unique: commands?.unique ?? null,
    commands_thrashing: commands?.thrashing ?? null,
    commands_diagnostic: commands?.diagnostic ?? null,
    commands_remediation: commands?.remediation ?? null,
    commands_destructive: commands?.destructive ?? null,
    commands_other: commands?.other ?? null,
    component: summary?.component ?? null,
    cause: summary?.cause ?? null,
  }
}
