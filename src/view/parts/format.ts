import { html } from 'hono/html'
import { iso } from '../../core/clock.ts'
import { inert } from '../../core/text.ts'
import type { Interval } from '../../eval/stats/rates.ts'

/** 1240 -> `1.24 s`; `-` for an event that did not happen. */
export function seconds(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '-'
  const abs = Math.abs(ms)
  if (abs < 1_000) return `${Math.round(ms)} ms`
  if (abs < 10_000) return `${(ms / 1_000).toFixed(2)} s`
  if (abs < 120_000) return `${(ms / 1_000).toFixed(1)} s`
  const minutes = Math.floor(Math.round(ms / 1_000) / 60)
  if (abs < 2 * 3_600_000) return `${minutes} m ${Math.round(ms / 1_000) % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}

/** After the injection: `+1.2 s`, or before it: `-3.0 s`. */
export const offset = (ms: number): string => (ms < 0 ? `-${seconds(-ms)}` : `+${seconds(ms)}`)

/** How long something has lasted by now, to the second; a script keeps counting. */
export function lasting(ms: number) {
  const whole = Math.max(0, Math.floor(ms / 1_000))
  const text = whole < 120 ? `${whole} s` : seconds(whole * 1_000)
  return html`<span data-lasts="${whole * 1_000}">${text}</span>`
}

/** `2026-11-22 20:38:01`, UTC, to the second. */
export const when = (at: number | null): string => iso(at)?.slice(0, 19).replace('T', ' ') ?? '-'

const percent = (share: number): string => `${Math.round(share * 100)} %`

/** `67 % (35-88)`: the rate and its 95 % interval. */
export function rateText(rate: number, interval: Interval | null): string {
  if (!interval) return percent(rate)
  return `${percent(rate)} (${Math.round(interval[0] * 100)}\u2013${Math.round(interval[1] * 100)})`
}

export function usd(cost: number | null): string {
  if (cost === null) return 'unknown'
  if (cost === 0) return '$0'
  return cost < 0.1 ? `$${cost.toFixed(4)}` : `$${cost.toFixed(2)}`
}

export const count = (n: number | null): string =>
  n === null ? 'unknown' : n.toString().replace(/\B(?=(\d{3})+$)/g, '\u202f')

/** Hostile text for a single line: escaped, and cut. */
export function brief(text: string, chars = 120): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return inert(line.length > chars ? `${line.slice(0, chars - 1)}\u2026` : line)
}
