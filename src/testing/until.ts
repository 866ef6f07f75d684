import { systemClock } from '../core/clock.ts'

/** Bounds are made for two quiet cores; scripts/run-tests.ts measures how many times slower this machine is now. */
const slowness = Number(process.env.TEST_SLOWNESS ?? 1)

/** A bound, longer on a slow machine. ms */
export const slowed = (ms: number): number => Math.round(ms * slowness)

/** Asks until it is true; says what was waited for when that does not happen in time. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 20_000,
): Promise<void> {
  const patienceMs = slowed(withinMs)
  const end = systemClock.now() + patienceMs
  while (!(await holds())) {
    if (systemClock.now() > end) throw new Error(`${what}: not within ${patienceMs} ms`)
    await systemClock.sleep(10)
  }
}
