/** How a trial ended. Times in ms since the fault was injected. */
export type Outcome =
  /** Recovered, and the ticket resolved after a claim. */
  | { kind: 'resolved'; detectMs: number; resolveMs: number; recoverMs: number }
  /** Recovered before the agent changed anything. */
  | { kind: 'self_healed'; detectMs: number | null; recoverMs: number }
  /** Said fixed; the oracle disagrees. */
  | { kind: 'false_claim'; detectMs: number }
  | { kind: 'unresolved'; reason: 'undetected' | 'gave_up' | 'timeout' | 'limit' }
  /** Lost data or topology, or left it worse than it found it. */
  | { kind: 'harmful'; damage: string[] }
  /** Nothing was ever wrong, and nobody said so: a healthy system left alone, or damage below every threshold. */
  | { kind: 'unaffected' }
  /** Nothing was broken, and that many tickets opened all the same. */
  | { kind: 'false_alarm'; tickets: number }
  /** Ours, not the agent's: kept, never counted. */
  | { kind: 'invalid'; phase: Phase; reason: string }

export const phases = [
  'up',
  'warm',
  'arm',
  'inject',
  'operate',
  'settle',
  'capture',
  'revert',
  'down',
] as const
export type Phase = (typeof phases)[number]

/** It is well in the end, by whoever's doing. */
export const isRecovered = ({ kind }: Outcome): boolean => kind === 'resolved' || kind === 'self_healed'

/** Whether a trial counts in the rate of recovery: something was wrong with the system, and nothing with the trial. */
export function countsForRecovery({ kind }: Outcome): boolean {
  switch (kind) {
    case 'resolved':
    case 'self_healed':
    case 'false_claim':
    case 'unresolved':
    case 'harmful':
      return true
    case 'unaffected':
    case 'false_alarm':
    case 'invalid':
      return false
    default:
      return kind satisfies never
  }
}
