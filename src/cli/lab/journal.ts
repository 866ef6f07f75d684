import { redactor, secretsOf } from '../../agent/secrets/redact.ts'
import type { Cluster } from '../../lab/contract.ts'
import { announce } from '../../lab/journal.ts'
import type { Io } from '../terminal/io.ts'

/** Records what a verb is about to do to a cluster, for a trial that owns it. Secrets of the environment are masked. */
export function recordInJournal(cluster: Cluster, words: readonly string[], io: Pick<Io, 'clock'>): void {
  const command = redactor(secretsOf(process.env))(['operator', ...words].join(' '))
  announce(cluster, { at: io.clock.now(), command })
}
