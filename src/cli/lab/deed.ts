import { redactor, secretsOf } from '../../agent/secrets/redact.ts'
import type { Cluster } from '../../lab/contract.ts'
import { announce } from '../../lab/journal.ts'
import type { Io } from '../terminal/io.ts'

/** Before a verb does something to a cluster: a trial that owns it wants to know. Its owner's secrets are masked. */
export function noteDeed(cluster: Cluster, words: readonly string[], io: Pick<Io, 'clock'>): void {
  const command = redactor(secretsOf(process.env))(['operator', ...words].join(' '))
  announce(cluster, { at: io.clock.now(), command })
}
