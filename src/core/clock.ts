import { setTimeout as delay } from 'node:timers/promises'

/** Time is an argument everywhere else. Only this file reads the machine's clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Milliseconds since a fixed moment of this boot, the same for all processes. Setting the clock does not change it. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  // Linux' CLOCK_MONOTONIC: https://nodejs.org/api/process.html#processhrtimebigint
  monotonic: () => Number(process.hrtime.bigint() / 1_000_000n),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {})
    } catch (error) {
      throw signal?.aborted ? signal.reason : error
    }
  },
}

/** UTC ISO-8601 with milliseconds, as every timestamp is printed. */
export function iso(epochMs: number): string
export function iso(epochMs: number | null): string | null
export function iso(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString()
}
