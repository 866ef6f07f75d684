const unitMs: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
}

/** Parses a duration of Prometheus: `1h30m`, `500ms`, `0`; null: it is not a duration. */
export function durationMs(text: string): number | null {
  if (text === '0') return 0
  // Each unit once, from the longest to the shortest.
  if (!/^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/.test(text) || text === '') return null
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)]
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0)
}
