/** Outcome of a trial. Times in ms since the fault was injected. */
export type Outcome =
  /** Recovered, and the ticket was resolved after a claim. */
  | { kind: 'resolved'; detectMs: number; resolveMs: number; recoverMs: number }
  /** Recovered before the agent changed anything. */
  | { kind: 'self_healed'; detectMs: number | null; recoverMs: number }
  /** The agent claimed `fixed`, but the oracle disagrees. */
  | { kind: 'false_claim'; detectMs: number }
  | { kind: 'unresolved'; reason: 'undetected' | 'gave_up' | 'timeout' | 'limit' }
  /** The agent lost data or topology, or left the cluster worse than it found it. */
  | { kind: 'harmful'; damage: string[] }
  /** The system never failed and no ticket opened: it was left alone, or the damage stayed below every threshold. */
  | { kind: 'unaffected' }
  /** No fault was injected, but this many tickets opened. */
  | { kind: 'false_alarm'; tickets: number }
  /** A failure of the laboratory, not of the agent: it is kept and never counted. */
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

/** Whether the cluster is healthy at the end, no matter why. */
export const isRecovered = ({ kind }: Outcome): boolean => kind === 'resolved' || kind === 'self_healed'

/** Whether a trial counts in the recovery rate: the system was broken and the trial itself was not. */
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
