import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Transaction } from 'kysely'
import type { Clock } from '../../core/clock.ts'
import { enter } from '../audit/ledger.ts'
import type { OperatorSchema } from './schema.ts'

/** NTP changes a clock by less than this between two observations; a person, or a machine that slept, by more. */
const jumpMs = 1_000

/**
 * Deadlines and starts of waiting are stored by the wall clock. When the clock is set, they move with it: the same time
 * passes until a ticket opens, a claim expires or a lease ends. The first process that notices does it for all. Times of
 * past events stay as people read them on the clock at that time.
 */
export async function moveWithClock(
  tx: Transaction<OperatorSchema>,
  { now, monotonic }: Clock,
): Promise<void> {
  const offset = now() - monotonic()
  const boot = bootId()
  const known = await tx.selectFrom('clocks').select('offset_ms').where('boot', '=', boot).executeTakeFirst()
  const moved = offset - (known?.offset_ms ?? offset)
  if (known && Math.abs(moved) < jumpMs) return
  await tx
    .insertInto('clocks')
    .values({ boot, offset_ms: offset })
    .onConflict((conflict) => conflict.column('boot').doUpdateSet({ offset_ms: offset }))
    .execute()
  if (moved === 0) return
  await tx
    .updateTable('violations')
    .set((eb) => ({
      violated_at: eb('violated_at', '+', moved),
      clear_at: eb('clear_at', '+', moved),
      last_seen_at: eb('last_seen_at', '+', moved),
    }))
    .execute()
  const waiting = await tx
    .updateTable('tickets')
    .where('state', '<>', 'resolved')
    .set((eb) => ({ verify_until: eb('verify_until', '+', moved), retry_at: eb('retry_at', '+', moved) }))
    .returning('id')
    .execute()
  for (const { id } of waiting) await enter(tx, 'tickets', id)
  await tx
    .updateTable('sessions')
    .where('state', '=', 'running')
    .set((eb) => ({ lease_until: eb('lease_until', '+', moved) }))
    .execute()
  await tx
    .updateTable('monitors')
    .where('ended_at', 'is', null)
    .set((eb) => ({ beat_at: eb('beat_at', '+', moved), observed_at: eb('observed_at', '+', moved) }))
    .execute()
}

/** The monotonic clock begins anew at each boot. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return hostname() // not Linux
  }
}
