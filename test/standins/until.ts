import { systemClock } from '../../src/core/clock.ts'

/** Asks until it is true; says what was waited for when that does not happen in time. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 20_000,
): Promise<void> {
  const end = systemClock.now() + withinMs
  while (!(await holds())) {
    if (systemClock.now() > end) throw new Error(`${what}: not within ${withinMs} ms`)
    await systemClock.sleep(10)
  }
}
