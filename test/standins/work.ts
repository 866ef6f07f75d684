import type { CommandResult, Usage, Work } from '../../src/core/work/agent.ts'
import type { Limits } from '../../src/core/work/limits.ts'
import { defaultLimits, LimitReached } from '../../src/core/work/limits.ts'
import type { Ticket } from '../../src/core/work/ticket.ts'
import { defaultVariant } from '../../src/core/work/variant.ts'

export const ticket: Ticket = {
  id: 7,
  cluster: 'c1',
  subject: 'etcd',
  key: 'etcd/member_down/etcd-2',
  invariant: 'member_down',
  node: 'etcd-2',
  severity: 'critical',
  state: 'claimed',
  message: 'etcd-2 does not answer',
  values: { down: 1 },
  batch: 'b1',
  occurrences: 1,
  flapping: false,
  held: false,
  attempts: 0,
  maxAttempts: 3,
  variant: defaultVariant,
  violatedAt: 1_700_000_000_000,
  openedAt: 1_700_000_001_000,
  lastSeenAt: 1_700_000_002_000,
  sessionId: 's1',
  claimedAt: 1_700_000_002_000,
  claim: null,
  claimBy: null,
  verifyUntil: null,
  resolvedAt: null,
  resolvedBy: null,
}

/** Everything that happened, in order: `note: ...` and `run: ...`. */
export interface Bench {
  work: Work
  log: string[]
  commands: string[]
  spent: Usage[]
  abort: AbortController
}

type Printed = string | Partial<CommandResult>

export interface BenchOptions {
  limits?: Partial<Limits>
  history?: string[]
  /** What a command prints, or does. */
  shell?: (command: string, signal?: AbortSignal) => Printed | Promise<Printed>
}

/** A session's work without store and sandbox: the shell is a function, the audit a list. */
export function bench({ limits = {}, history = [], shell = () => 'ok' }: BenchOptions = {}): Bench {
  const log: string[] = []
  const commands: string[] = []
  const spent: Usage[] = []
  const abort = new AbortController()
  const all: Limits = { ...defaultLimits, ...limits }
  const work: Work = {
    tickets: [ticket],
    briefing: 'Three etcd members.',
    history,
    limits: all,
    signal: abort.signal,
    note: async (reasoning) => {
      log.push(`note: ${reasoning}`)
    },
    spend: async (usage) => {
      spent.push(usage)
      const cost = spent.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0)
      if (all.costUsd !== null && cost > all.costUsd) throw new LimitReached('costUsd', `${cost} USD`)
    },
    shell: async (command, _reasoning, signal) => {
      log.push(`run: ${command}`)
      commands.push(command)
      const result = await shell(command, signal)
      const partial = typeof result === 'string' ? { stdout: result } : result
      return { stdout: '', stderr: '', exitCode: 0, timedOut: false, durationMs: 3, ...partial }
    },
  }
  return { work, log, commands, spent, abort }
}

export const fixed = `All three members answer again.
\`\`\`json
{"status": "fixed", "rootCause": "etcd-2 was stopped", "component": "etcd-2", "actions": ["started etcd-2"]}
\`\`\``
