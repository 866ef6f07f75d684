import { type Rng, rngFrom } from '../../src/core/rng.ts'
import type { Outcome } from '../../src/core/work/outcome.ts'
import type { TrialSummary } from '../../src/eval/report/summary.ts'

/** A trial in figures: resolved, unless told otherwise. */
export function summary(given: Partial<TrialSummary> = {}): TrialSummary {
  const recoverMs = given.recoverMs === undefined ? 4_000 : given.recoverMs
  return {
    outcome: { kind: 'resolved', detectMs: 1_000, resolveMs: 5_000, recoverMs: recoverMs ?? 0 },
    subject: 'etcd',
    chaos: 'node_kill',
    damage: 'node_kill',
    target: 'etcd-1',
    seed: 1,
    arm: 'default',
    detectMs: 1_000,
    resolveMs: 5_000,
    recoverMs,
    watchedMs: 15_000,
    unavailableMs: 0,
    ops: 1_000,
    failed: 10,
    lostWrites: 0,
    phantomReads: 0,
    falseTickets: 0,
    sessions: 1,
    turns: 4,
    tokensIn: 2_000,
    tokensOut: 300,
    costUsd: 0.02,
    commands: {
      total: 5,
      unique: 4,
      thrashing: 0,
      diagnostic: 3,
      remediation: 2,
      destructive: 0,
      other: 0,
      unknown: 0,
    },
    component: 'right',
    cause: 'right',
    changes: [],
    ...given,
  }
}

export const outcomes = {
  resolved: { kind: 'resolved', detectMs: 1_000, resolveMs: 5_000, recoverMs: 4_000 },
  self_healed: { kind: 'self_healed', detectMs: null, recoverMs: 4_000 },
  false_claim: { kind: 'false_claim', detectMs: 1_000 },
  gave_up: { kind: 'unresolved', reason: 'gave_up' },
  timeout: { kind: 'unresolved', reason: 'timeout' },
  harmful: { kind: 'harmful', damage: ['2 acknowledged writes lost'] },
  unaffected: { kind: 'unaffected' },
  false_alarm: { kind: 'false_alarm', tickets: 1 },
  invalid: { kind: 'invalid', phase: 'up', reason: 'not healthy' },
} as const satisfies Record<string, Outcome>

/** A trial that failed so; whoever gives up is not watched for long. */
export const lost = (how: keyof typeof outcomes, given: Partial<TrialSummary> = {}): TrialSummary =>
  summary({
    outcome: outcomes[how],
    recoverMs: null,
    resolveMs: null,
    watchedMs: how === 'timeout' ? 60_000 : 6_000,
    ...given,
  })

interface Agent {
  arm?: string
  /** How likely it repairs. */
  rate: number
  meanMs?: number
}

/** A campaign of so many seeds for each damage. */
export function campaign(
  { arm = 'default', rate, meanMs = 5_000 }: Agent,
  {
    seeds,
    damages = ['node_kill', 'pause', 'latency'],
    chance = 1,
    firstSeed = 1,
  }: {
    seeds: number
    damages?: readonly string[]
    chance?: number
    firstSeed?: number
  },
): TrialSummary[] {
  const rng = rngFrom(chance)
  return damages.flatMap((damage) =>
    Array.from({ length: seeds }, (_, i) => {
      const given = { arm, damage, chaos: damage, seed: firstSeed + i, ...noise(rng) }
      const recoverMs = Math.min(59_000, -meanMs * Math.log(1 - rng.next()))
      return rng.next() < rate ? summary({ ...given, recoverMs }) : lost('timeout', given)
    }),
  )
}

const noise = (rng: Rng): Partial<TrialSummary> => ({
  unavailableMs: rng.int(3_000),
  failed: rng.int(100),
  tokensIn: 1_000 + rng.int(5_000),
  detectMs: 800 + rng.int(800),
  costUsd: rng.next() / 10,
})

export const repeated = <T>(n: number, of: (i: number) => T): T[] =>
  Array.from({ length: n }, (_, i) => of(i))

/** n seeds, of which the first are won. */
export const won = (n: number, wins: number, given: Partial<TrialSummary> = {}) =>
  repeated(n, (seed) => (seed < wins ? summary({ seed, ...given }) : lost('timeout', { seed, ...given })))
