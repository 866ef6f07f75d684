import type { WorkloadSample, WorkloadVerdict } from '../../src/core/watch/subject.ts'
import type { Claim } from '../../src/core/work/claim.ts'
import type { Ticket } from '../../src/core/work/ticket.ts'
import { emptyRecord, type Probe, type TrialRecord, type TrialSpec } from '../../src/eval/record.ts'
import type { Session } from '../../src/store/operator/sessions.ts'
import { ticket as anyTicket } from './work.ts'

/** The fault goes in at this time; every other time of these records is told in ms after it. */
export const injectedAt = 1_000_000

export const spec: TrialSpec = {
  subject: 'etcd',
  lab: 'netns',
  size: 3,
  faults: [{ chaosType: 'node_kill', target: 'random', params: {} }],
  seed: 1,
  agent: 'llm',
  model: 'anthropic:claude-opus-5-5',
  agentArgv: [],
  variant: { name: 'default' },
  baseline: false,
  intervalMs: 1_000,
  settleMs: 5_000,
  timeoutMs: 120_000,
  verifyMs: 10_000,
}

export const probe = (ms: number, well: boolean | null = true): Probe => ({
  at: injectedAt + ms,
  healthy: { 'etcd-1': true, 'etcd-2': well },
  roles: { 'etcd-1': 'leader', 'etcd-2': 'follower' },
  violated: well === false ? ['etcd/member_down/etcd-2'] : [],
})

/** One every second, from the first to the last. */
export const probes = (from: number, to: number, well: boolean | null = true): Probe[] =>
  Array.from({ length: Math.floor((to - from) / 1_000) + 1 }, (_, i) => probe(from + i * 1_000, well))

export const sample = (ms: number, failed = 0, ops = 100): WorkloadSample => ({
  at: injectedAt + ms,
  ops,
  failed,
  p50Ms: 2,
  p99Ms: 9,
})

export const fixedClaim: Claim = { status: 'fixed', rootCause: 'it was killed', actions: ['start'] }
export const gaveUp: Claim = { status: 'not_fixed', rootCause: 'no idea', actions: [] }

export const session = (of: Partial<Session> = {}): Session => ({
  id: 's1',
  cluster: 'c1',
  agent: 'llm',
  model: 'anthropic:claude-opus-5-5',
  variant: 'default',
  state: 'done',
  leaseUntil: 0,
  startedAt: injectedAt + 1_500,
  endedAt: injectedAt + 4_000,
  turns: 3,
  commands: 2,
  tokensIn: 1,
  tokensOut: 1,
  costUsd: 0.1,
  claim: fixedClaim,
  reason: null,
  ...of,
})

export const ticket = (openedMs: number, resolvedMs: number | null, of: Partial<Ticket> = {}): Ticket => ({
  ...anyTicket,
  openedAt: injectedAt + openedMs,
  state: resolvedMs === null ? 'open' : 'resolved',
  resolvedAt: resolvedMs === null ? null : injectedAt + resolvedMs,
  resolvedBy: resolvedMs === null ? null : 'agent',
  ...of,
})

export const workload = (of: Partial<WorkloadVerdict> = {}): WorkloadVerdict => ({
  ops: 1_000,
  failed: 0,
  acknowledged: 500,
  lostWrites: [],
  phantomReads: [],
  unreadable: 0,
  ...of,
})

/** A trial that an agent repaired: down at 0, seen at 1 s, started at 3 s, confirmed at 6 s. */
export const repaired: TrialRecord = {
  ...emptyRecord(spec),
  injectedAt,
  probes: [...probes(-3_000, 0), ...probes(1_000, 3_000, false), ...probes(4_000, 12_000)],
  samples: [sample(-1_000), sample(0), sample(1_000), sample(5_000)],
  workload: workload(),
  tickets: [ticket(1_000, 6_000)],
  sessions: [session()],
  firstCommandAt: injectedAt + 2_000,
}
